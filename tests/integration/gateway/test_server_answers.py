"""Answers: framing, HEAD, streams, slow readers, and the end of a server."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.http import AnswerCut, DroppableBody, Request, Response
from lambent.gateway.limits import Limits
from lambent.gateway.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.http import Handler, Respond

MB = 1 << 20


def answering(make: Callable[[Request], Response]) -> Handler:
    async def handler(request: Request) -> Response:
        return make(request)

    return handler


async def pieces(*data: Any) -> Any:
    for piece in data:
        yield piece


GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def test_framing_is_the_servers_own(run: Any, serving: Any) -> None:
    lies = [
        ("Content-length", "7"),
        ("transfer-encoding", "gzip"),
        ("Keep-Alive", "timeout=5"),
        ("A", "b"),
    ]

    async def main() -> None:
        async with serving(answering(lambda _: Response(200, list(lies), b"ab"))) as it:
            wire = await it.connect()
            wire.send(GET)
            answer = await wire.answer()
            assert answer.fields[:2] == [("A", "b"), ("Content-Length", "2")]
            assert [name for name, _ in answer.fields] == ["A", "Content-Length", "Date"]
            assert re.fullmatch(
                r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.get("date") or ""
            )

    run(main())


def test_handler_may_ask_to_close(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(
            answering(lambda _: Response(200, [("connection", "Close")], b"ab"))
        ) as it:
            wire = await it.connect()
            wire.send(GET)
            assert (await wire.answer()).get("connection") == "close"
            assert await wire.at_end()

    run(main())


@pytest.mark.parametrize(
    ("make", "length"),
    [
        (lambda _: Response(200, [], b"abc"), "3"),
        (lambda _: Response(200, [("Content-Length", "12345")]), "12345"),
        (lambda _: Response(200, [], pieces(b"x")), None),
        (lambda _: Response(304, [], b"abc"), None),
    ],
)
def test_head_has_a_length_and_no_body(run: Any, serving: Any, make: Any, length: Any) -> None:
    async def main() -> None:
        async with serving(answering(make)) as it:
            wire = await it.connect()
            wire.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" * 2)
            for _ in range(2):
                assert (await wire.answer("HEAD")).get("content-length") == length

    run(main())


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\nb", "a\rb", "a\0b", "snow \u2603"])
def test_head_that_would_split_becomes_a_500(
    run: Any, serving: Any, caplog: Any, value: Any
) -> None:
    async def main() -> None:
        async with serving(
            answering(lambda _: Response(200, [("X-From-User", value)], b"ab"))
        ) as it:
            wire = await it.connect()
            wire.send(GET)
            answer = await wire.answer()
            assert (answer.status, answer.get("x-from-user")) == (500, None)

    run(main())
    assert len(caplog.records) == 1


def test_streams_are_chunked_for_11_and_end_with_the_connection_for_10(
    run: Any, serving: Any
) -> None:
    async def main() -> None:
        async with serving(
            answering(lambda _: Response(200, [], pieces(b"one", b"", b"x" * 100_000)))
        ) as it:
            wire = await it.connect()
            for _ in range(2):
                wire.send(GET)
                answer = await wire.answer()
                assert answer.get("transfer-encoding") == "chunked"
                assert answer.body == b"one" + b"x" * 100_000
            wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = await wire.answer()
            assert answer.get("connection") == "close"
            assert answer.get("transfer-encoding") is None
            assert answer.body == b"one" + b"x" * 100_000

    run(main())


def test_stream_reaches_the_client_piece_by_piece(run: Any, serving: Any) -> None:
    turn: asyncio.Queue[bytes] = asyncio.Queue()

    async def feed() -> Any:
        while piece := await turn.get():
            yield piece

    async def main() -> None:
        async with serving(answering(lambda _: Response(200, [], feed()))) as it:
            wire = await it.connect()
            wire.send(GET)
            assert (await wire.head())[0] == 200
            for piece in (b"first", b"second"):
                turn.put_nowait(piece)
                assert await wire.reader.readuntil(piece + b"\r\n")
            turn.put_nowait(b"")
            assert await wire.reader.readexactly(5) == b"0\r\n\r\n"

    run(main())


def test_stream_of_stated_length_is_not_chunked(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(
            answering(lambda _: Response(200, [("Content-Length", "4")], pieces(b"ab", b"cd")))
        ) as it:
            wire = await it.connect()
            wire.send(GET * 2)
            for _ in range(2):
                answer = await wire.answer()
                assert (answer.get("content-length"), answer.body) == ("4", b"abcd")

    run(main())


@pytest.mark.parametrize("stated", ["3", "5"])
def test_stream_of_another_length_than_stated_breaks_off(
    run: Any, serving: Any, caplog: Any, stated: Any
) -> None:
    async def main() -> None:
        async with serving(
            answering(lambda _: Response(200, [("Content-Length", stated)], pieces(b"ab", b"cd")))
        ) as it:
            wire = await it.connect()
            wire.send(GET)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await wire.answer()

    run(main())
    assert len(caplog.records) == 1


def test_stream_that_fails_breaks_off_so_that_the_client_sees_it(
    run: Any, serving: Any, caplog: Any
) -> None:
    async def failing() -> Any:
        yield b"good"
        raise OSError("disk")

    async def main() -> None:
        async with serving(answering(lambda _: Response(200, [], failing()))) as it:
            wire = await it.connect()
            wire.send(GET)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await wire.answer()

    run(main())
    assert "disk" in caplog.text


def test_stream_waits_for_a_slow_client(run: Any, serving: Any, until: Any) -> None:
    made = 0

    async def endless() -> Any:
        nonlocal made
        try:
            while True:
                made += 1
                yield bytes(65_536)
        finally:
            closed.set()

    closed = asyncio.Event()

    async def main() -> None:
        async with serving(answering(lambda _: Response(200, [], endless()))) as it:
            wire = await it.connect()
            wire.send(GET)
            await wire.head()
            (connection,) = it.server._connections
            await until(lambda: connection.outlet._drained is not None)
            before = made
            assert before < 400  # what the kernel's and the client's buffers take, not everything
            for _ in range(100):
                await asyncio.sleep(0)
            wire.reset()
            await closed.wait()
            assert made <= before + 1

    run(main())


def test_client_that_reads_nothing_is_cut(run: Any, serving: Any, until: Any) -> None:
    async def main() -> None:
        async with serving(
            answering(lambda _: Response(200, [], bytes(32 * MB))), stall_time_s=0.05
        ) as it:
            sock = socket.create_connection((it.host, it.port))
            sock.sendall(GET * 20)
            await until(lambda: it.server._connections)
            await until(lambda: not it.server._connections)
            sock.close()

    run(main())


def test_large_answers_reach_a_client_that_pipelines(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(answering(lambda _: Response(200, [], b"z" * 3 * MB))) as it:
            wire = await it.connect()
            wire.send(GET * 5)
            for _ in range(5):
                assert len((await wire.answer()).body) == 3 * MB

    run(main())


@pytest.mark.parametrize("kind", ["large", "streamed", "failed"])
@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_an_answer_that_takes_thought_leaves_the_body_of_the_next_request_alone(
    run: Any, serving: Any, kind: str, expect: bytes
) -> None:
    async def main() -> None:
        goes_on = asyncio.Event()

        async def handler(request: Request) -> Response:
            if request.path == "/next":
                return Response(200, [], b"got " + await request.body.read(MB))
            await goes_on.wait()
            if kind == "failed":
                raise KeyError("first")
            return Response(200, [], b"z" * MB if kind == "large" else pieces(b"z", b"z"))

        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(GET)
            await asyncio.sleep(0.02)
            half = b"" if expect else b"12345"
            wire.send(
                b"POST /next HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n"
                + expect
                + b"\r\n"
                + half
            )
            await asyncio.sleep(0.02)
            goes_on.set()
            assert (await wire.answer()).status == (500 if kind == "failed" else 200)
            if expect:
                assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            wire.send(b"1234567890"[len(half) :])
            assert (await wire.answer()).body == b"got 1234567890"

    run(main())


def test_a_stream_that_nobody_is_there_for_is_dropped(run: Any, serving: Any, until: Any) -> None:
    async def main() -> None:
        goes_on = asyncio.Event()
        dropped: list[bool] = []

        async def handler(request: Request) -> Response:
            await goes_on.wait()
            return Response(200, [], DroppableBody(pieces(b"a"), lambda: dropped.append(True)))

        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(GET)
            await asyncio.sleep(0.02)
            wire.reset()
            await asyncio.sleep(0.02)
            goes_on.set()
            await until(lambda: dropped)

    run(main())


def test_a_server_ends_though_it_is_cut_before_a_task_has_begun(run: Any, until: Any) -> None:
    async def main() -> None:
        waiting: list[Respond] = []

        async def handler(request: Request) -> Response:
            raise AssertionError("nobody calls it")

        def begin(request: Request, respond: Respond) -> None:
            waiting.append(respond)

        server = HttpServer(handler, Limits(grace_time_s=0), begin=begin)
        address = await server.listen("127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*address)
        writer.write(GET)
        await until(lambda: waiting)
        # In one turn: the answer comes, whose task has not begun, and there is no time left.
        server.is_closing = True
        waiting[0](Response(200, [], b"x"))
        async with asyncio.timeout(5):
            await server.close()
        writer.close()

    run(main())


def test_an_answer_that_is_cut_does_not_look_whole(
    run: Any, serving: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def cut() -> Any:
        yield b"some"
        raise AnswerCut

    async def main() -> None:
        async with serving(answering(lambda _: Response(200, [], cut()))) as it:
            wire = await it.connect()
            wire.send(GET)
            got = await wire.reader.read()
            assert got.endswith(b"\r\n\r\n4\r\nsome\r\n")

    run(main())
    assert caplog.records == []


@pytest.mark.parametrize("when", ["at once", "in between", "while the next one runs"])
def test_a_request_has_one_answer_however_many_are_given(
    run: Any, until: Any, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Another one would be taken for that to the next request of the connection, whosever that is."""

    async def main() -> None:
        waiting: list[Respond] = []

        async def handler(request: Request) -> Response:
            raise AssertionError("nobody calls it")

        def begin(request: Request, respond: Respond) -> None:
            waiting.append(respond)
            if when == "at once" and len(waiting) == 1:
                respond(Response(200, [], b"first"))
                respond(Response(200, [], b"twice"))

        server = HttpServer(handler, Limits(grace_time_s=1), begin=begin)
        reader, writer = await asyncio.open_connection(*await server.listen("127.0.0.1", 0))

        async def body() -> bytes:
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"Content-Length: 5\r\n" in head
            return await reader.readexactly(5)

        try:
            writer.write(GET)
            await until(lambda: waiting)
            if when != "at once":
                waiting[0](Response(200, [], b"first"))
            assert await body() == b"first"
            if when == "in between":
                waiting[0](Response(200, [], pieces(b"twice")))
            writer.write(GET)
            await until(lambda: len(waiting) == 2)
            if when == "while the next one runs":
                waiting[0](Response(200, [], b"twice"))
            waiting[1](Response(200, [], b"other"))
            assert await body() == b"other"
        finally:
            writer.close()
            await server.close()

    run(main())
    assert [each.getMessage() for each in caplog.records] == ["a second answer to GET / is dropped"]


def test_listeners_are_added_while_the_server_runs(run: Any, serving: Any, tmp_path: Any) -> None:
    async def main() -> None:
        async with serving(answering(lambda _: Response(200, [], b"ok"))) as it:
            bound = socket.socket()
            bound.bind(("127.0.0.1", 0))
            unix = socket.socket(socket.AF_UNIX)
            unix.bind(str(tmp_path / "s"))
            listening = socket.create_server(("127.0.0.1", 0))
            second = await it.server.listen("127.0.0.1", 0)
            listeners = [await it.server.listen_socket(s) for s in (bound, listening, unix)]
            for address in (second, listeners[0].address, listeners[1].address):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(GET)
                assert b"200" in await reader.readline()
                writer.transport.abort()
            reader, writer = await asyncio.open_unix_connection(listeners[2].address[0])
            writer.write(GET)
            assert b"200" in await reader.readline()
            writer.transport.abort()
            address = listeners[0].address
            listeners[0].close()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*address)

    run(main())


def test_small_writes_do_not_wait_for_acknowledgements(run: Any, serving: Any, until: Any) -> None:
    async def main() -> None:
        async with serving(answering(lambda _: Response(200))) as it:
            bound = socket.socket()
            bound.bind(("127.0.0.1", 0))
            listener = await it.server.listen_socket(bound)
            for address in ((it.host, it.port), listener.address):
                _, writer = await asyncio.open_connection(*address)
                await until(lambda: it.server._connections)
                (connection,) = it.server._connections
                accepted = connection._transport.get_extra_info("socket")
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                writer.transport.abort()
                await until(lambda: not it.server._connections)

    run(main())


def test_port_in_use_is_told(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(answering(lambda _: Response(200))) as it:
            with pytest.raises(OSError, match="in use"):
                await it.server.listen(it.host, it.port)

    run(main())


def test_close_lets_requests_finish_and_ends_idle_connections(run: Any, serving: Any) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        await release.wait()
        return Response(200, [], b"finished")

    async def main() -> None:
        async with serving(handler) as it:
            idle, half, working = [await it.connect() for _ in range(3)]
            half.send(b"GET / HT")
            working.send(GET)
            await started.wait()
            closing = asyncio.create_task(it.server.close())
            assert await idle.at_end()
            assert await half.at_end()
            with pytest.raises(ConnectionRefusedError):
                await it.connect()
            release.set()
            answer = await working.answer()
            assert (answer.body, answer.get("connection")) == (b"finished", "close")
            await closing

    run(main())


def test_close_cuts_what_does_not_finish(run: Any, serving: Any) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async def main() -> None:
        async with serving(handler, grace_time_s=0.02) as it:
            wire = await it.connect()
            wire.send(GET)
            await started.wait()
            await it.server.close()
            assert cancelled.is_set() is not it.is_called_back
            assert await wire.at_end()
            assert await wire.at_end()

    run(main())

"""What arrives at the handler, and what of it goes back, on real sockets."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from lambent.core.http import BodyTooLarge, Request, Response


async def echo(request: Request) -> Response:
    body = await request.body.read(1 << 24)
    return Response(200, [("X-Seen", request.path)], body)


def test_request_arrives_as_sent(run: Any, serving: Any) -> None:
    seen: list[Request] = []

    async def handler(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(
                b"PATCH /a%2Fb//c;x?q=%20+&r HTTP/1.1\r\nhOsT: h:1\r\nX-Mixed-CASE:  v \r\n"
                b"x-empty:\r\nX-Twice: 1\r\nx-twice: 2\r\nX-Latin: \xe9\r\n\r\n"
            )
            answer = await wire.answer()
            assert answer.status == 204
            assert answer.get("content-length") is None

    run(main())
    (request,) = seen
    assert (request.method, request.path, request.query) == ("PATCH", "/a%2Fb//c;x", "q=%20+&r")
    assert request.headers.items() == [
        ("hOsT", "h:1"),
        ("X-Mixed-CASE", "v"),
        ("x-empty", ""),
        ("X-Twice", "1"),
        ("x-twice", "2"),
        ("X-Latin", "é"),
    ]
    assert request.headers.getall("x-twice") == ["1", "2"]
    assert (request.host, request.peer) == ("h:1", "127.0.0.1")


@pytest.mark.parametrize("cut", [1, 7])
def test_request_in_pieces_is_put_together(run: Any, serving: Any, cut: Any) -> None:
    data = (
        b"POST /in/pieces?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        b"POST /next HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )

    async def main() -> None:
        async with serving(echo) as it:
            wire = await it.connect()
            wire.writer.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )
            for at in range(0, len(data), cut):
                wire.send(data[at : at + cut])
                await asyncio.sleep(0)
            first, second = await wire.answer(), await wire.answer()
            assert (first.get("x-seen"), first.body) == ("/in/pieces", b"hello")
            assert (second.get("x-seen"), second.body) == ("/next", b"abc")

    run(main())


def test_pipelined_requests_are_answered_in_order_one_at_a_time(run: Any, serving: Any) -> None:
    running = 0

    async def handler(request: Request) -> Response:
        nonlocal running
        running += 1
        assert running == 1
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1
        return Response(200, [], request.path.encode())

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(200)))
            for n in range(200):
                assert (await wire.answer()).body == b"/%d" % n

    run(main())


def test_malformed_request_behind_a_good_one_is_refused_after_its_answer(
    run: Any, serving: Any
) -> None:
    async def main() -> None:
        async with serving(echo) as it:
            wire = await it.connect()
            wire.send(b"GET /good HTTP/1.1\r\nHost: h\r\n\r\nGET /bad HTTP/1.1\r\nno colon\r\n\r\n")
            assert (await wire.answer()).get("x-seen") == "/good"
            answer = await wire.answer()
            assert (answer.status, answer.get("connection")) == (400, "close")
            assert await wire.at_end()

    run(main())


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/0.9\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET relative HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ],
)
def test_bad_head_is_refused_with_a_request_id(
    run: Any, serving: Any, head: Any, status: Any
) -> None:
    async def never(request: Request) -> Response:
        raise AssertionError(request)

    async def main() -> None:
        async with serving(never) as it:
            wire = await it.connect()
            wire.send(head)
            answer = await wire.answer()
            assert (answer.status, answer.get("connection")) == (status, "close")
            assert len(answer.get("x-amzn-requestid") or "") == 36
            assert await wire.at_end()

    run(main())


def test_absolute_target_and_options_star_are_served(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo) as it:
            wire = await it.connect()
            wire.send(b"GET http://h:1/p?q HTTP/1.1\r\nHost: h:1\r\n\r\n")
            assert (await wire.answer()).get("x-seen") == "/p"
            wire.send(b"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await wire.answer()).get("x-seen") == "/"
            wire.send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await wire.answer()).get("x-seen") == "*"

    run(main())


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 5\r\n\r\n", b"hello"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n"),
        (b"\r\n", b""),
    ],
)
def test_upgrade_is_ignored_and_the_connection_goes_on(
    run: Any, serving: Any, framing: Any, body: Any
) -> None:
    async def main() -> None:
        async with serving(echo) as it:
            wire = await it.connect()
            wire.send(
                b"POST /up HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
                + framing
                + body[:4]
            )
            await asyncio.sleep(0)
            wire.send(body[4:] + b"GET /after HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = await wire.answer()
            assert (answer.get("x-seen"), answer.body) == ("/up", b"hello" if body else b"")
            assert (await wire.answer()).get("x-seen") == "/after"

    run(main())


@pytest.mark.parametrize("length", [40_000, 70_000, 400_000])
def test_head_over_its_limit_is_refused_whether_or_not_it_ends(
    run: Any, serving: Any, length: Any
) -> None:
    async def main() -> None:
        async with serving(echo) as it:
            for end in (b"", b"\r\n\r\n"):
                wire = await it.connect()
                wire.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * length + end)
                if length > 65_536:
                    assert (await wire.answer()).status == 431
                    assert await wire.at_end()
                elif end:
                    assert (await wire.answer()).status == 200

    run(main())


def test_many_small_fields_count_towards_the_head(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo, head_bytes=1000) as it:
            wire = await it.connect()
            wire.send(b"GET / HTTP/1.1\r\nHost: h\r\n")
            for n in range(200):
                wire.send(b"X-%d: y\r\n" % n)
            assert (await wire.answer()).status == 431

    run(main())


def test_large_body_before_a_head_does_not_count_as_head(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo, head_bytes=1000) as it:
            wire = await it.connect()
            body = b"b" * 100_000
            wire.send(
                b"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"
                + body
                + b"GET /2 HTTP/1.1\r\nHo"
            )
            assert (await wire.answer()).body == body
            wire.send(b"st: h\r\n\r\n")
            assert (await wire.answer()).get("x-seen") == "/2"

    run(main())


def test_late_head_is_refused_and_a_silent_client_is_closed(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo, head_time_s=0.05) as it:
            late, silent = await it.connect(), await it.connect()
            late.send(b"GET / HTTP/1.1\r\nHost: ")
            assert (await late.answer()).status == 408
            assert await late.at_end()
            assert await silent.at_end()

    run(main())


def test_deadlines_hold_while_a_connection_is_being_made(run: Any, serving: Any) -> None:
    """The loop asks for the protocol some turns before it has a transport, and the server may be asked to look at its
    deadlines, or to close, in between.
    """
    reported: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))
        async with serving(echo, head_time_s=0.05) as it:
            it.server.accept()  # its transport never comes
            silent = await it.connect()
            assert await silent.at_end()

    run(main())
    assert reported == []


def test_connection_that_is_made_after_the_close_is_closed(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo) as it:
            pass
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(it.server.accept, ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await it.server.close()

    run(main())


def test_idle_connection_is_closed_and_a_working_one_is_not(run: Any, serving: Any) -> None:
    release = asyncio.Event()

    async def handler(request: Request) -> Response:
        if request.path == "/wait":
            await release.wait()
        return Response(200, [], b"ok")

    async def main() -> None:
        async with serving(handler, idle_time_s=0.05) as it:
            idle, working = await it.connect(), await it.connect()
            working.send(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
            idle.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await idle.answer()).body == b"ok"
            assert await idle.at_end()
            release.set()
            assert (await working.answer()).body == b"ok"

    run(main())


def test_keep_alive_follows_version_and_connection_header(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo) as it:
            wire = await it.connect()
            wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = await wire.answer()
            assert (answer.status, answer.get("connection")) == (200, "keep-alive")
            wire.send(b"GET / HTTP/1.0\r\n\r\n")
            assert (await wire.answer()).get("connection") == "close"
            assert await wire.at_end()
            wire = await it.connect()
            wire.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert (await wire.answer()).get("connection") == "close"
            assert await wire.at_end()

    run(main())


def test_client_that_shuts_its_writing_side_gets_its_answer(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(echo) as it:
            wire = await it.connect()
            wire.send(b"GET /half HTTP/1.1\r\nHost: h\r\n\r\n")
            wire.writer.write_eof()
            assert (await wire.answer()).get("x-seen") == "/half"
            assert await wire.at_end()

    run(main())


def test_handler_that_raises_answers_500_and_the_connection_goes_on(
    run: Any, serving: Any, caplog: Any
) -> None:
    async def handler(request: Request) -> Response:
        if request.path == "/large":
            raise BodyTooLarge(7)
        if request.path == "/bad":
            raise KeyError("boom")
        return Response(200, [], b"fine")

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(b"GET /bad HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = await wire.answer()
            assert answer.status == 500
            assert b"boom" not in answer.body
            wire.send(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await wire.answer()).status == 413
            wire.send(b"GET /good HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await wire.answer()).body == b"fine"

    run(main())
    (record,) = caplog.records
    assert record.exc_info is not None

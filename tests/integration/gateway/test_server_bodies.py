"""Bodies in both directions: limits, back-pressure, 100-continue, chunks, streams."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest

from lambent.core.http import BadBody, BodyTooLarge, ClientGone, Request, Response

MB = 1 << 20


async def count(request: Request) -> Response:
    total = 0
    async for piece in request.body.stream():
        total += len(piece)
    return Response(200, [], str(total).encode())


def reading(limit: Any) -> Any:
    async def handler(request: Request) -> Response:
        try:
            body = await request.body.read(limit)
        except BodyTooLarge:
            return Response(413, [], b"too large")
        return Response(200, [], str(len(body)).encode())

    return handler


@pytest.mark.parametrize("size", [0, 1, 1000, 200_000, 8 * MB])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_bodies_of_all_sizes_arrive_whole(
    run: Any, serving: Any, size: Any, is_chunked: Any
) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    async def handler(request: Request) -> Response:
        return Response(200, [], await request.body.read(16 * MB))

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            if is_chunked:
                wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
                for at in range(0, size, 70_000):
                    piece = body[at : at + 70_000]
                    wire.send(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
                wire.send(b"0\r\nTrailer: 1\r\n\r\n")
            else:
                wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + body)
            assert (await wire.answer()).body == body
            wire.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await wire.answer()).body == b""

    run(main())


def test_client_is_held_back_while_nobody_reads(run: Any, serving: Any, until: Any) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        await release.wait()
        return await count(request)

    async def main() -> None:
        async with serving(handler, window_bytes=64 * 1024) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (32 * MB))
            tracemalloc.start()
            wire.send(bytes(32 * MB))
            (connection,) = it.server._connections
            await started.wait()
            await until(lambda: connection._is_paused)
            unsent = wire.writer.transport.get_write_buffer_size()
            held = connection.intake.body.held
            tracemalloc.stop()
            assert held <= 64 * 1024 + 256 * 1024
            assert unsent > 16 * MB
            release.set()
            assert (await wire.answer()).body == b"%d" % (32 * MB)

    run(main())


def test_announced_length_over_the_limit_is_refused_at_once_and_the_rest_dropped(
    run: Any, serving: Any
) -> None:
    async def main() -> None:
        async with serving(reading(1000)) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (4 * MB))
            assert (await wire.answer()).status == 413
            wire.send(
                bytes(4 * MB) + b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd"
            )
            assert (await wire.answer()).body == b"4"

    run(main())


def test_endless_chunks_cost_no_more_than_the_limit(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(reading(2 * MB), discard_bytes=8 * MB, linger_time_s=0.1) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
            tracemalloc.start()

            async def flood() -> None:
                while True:
                    wire.send(chunk)
                    await wire.writer.drain()

            flooding = asyncio.create_task(flood())
            assert (await wire.answer()).status == 413
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            # The limit, the growth step of its buffer (an eighth), one feed, one window, the client's own buffers.
            assert peak < 2 * MB * 9 // 8 + 1 * MB
            with pytest.raises(ConnectionError):
                await flooding

    run(main())


def test_limit_itself_is_allowed_and_one_more_byte_is_not(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(reading(10)) as it:
            wire = await it.connect()
            for size, status in ((10, 200), (11, 413)):
                body = b"x" * size
                wire.send(
                    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (size, body)
                )
                assert (await wire.answer()).status == status
                wire.send(
                    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
                )
                assert (await wire.answer()).status == status

    run(main())


def test_continue_is_sent_only_when_the_body_is_wanted(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(reading(1000)) as it:
            wire = await it.connect()
            head = (
                b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
            )
            wire.send(head % 5)
            assert (await wire.head())[0] == 100
            wire.send(b"hello")
            assert (await wire.answer()).body == b"5"
            wire.send(head % 5 + b"hello")  # a client that does not wait needs no leave
            assert (await wire.answer()).body == b"5"
            wire.send(head % 5000)
            answer = await wire.answer()
            assert (answer.status, answer.get("connection")) == (413, "close")
            assert await wire.at_end()

    run(main())


@pytest.mark.parametrize("junk", [b"zz\r\n", b"5\r\nhelloXX"])
def test_malformed_chunk_is_refused(run: Any, serving: Any, junk: Any) -> None:
    errors: list[Exception] = []

    async def handler(request: Request) -> Response:
        try:
            await request.body.read(100)
        except BadBody as error:
            errors.append(error)
            raise
        raise AssertionError

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + junk)
            answer = await wire.answer()
            assert (answer.status, answer.get("connection")) == (400, "close")
            assert await wire.at_end()

    run(main())
    assert len(errors) == 1


def test_malformed_body_that_nobody_reads_ends_the_connection_after_the_answer(
    run: Any, serving: Any
) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [], b"did not look")

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            assert (await wire.answer()).body == b"did not look"
            assert await wire.at_end()

    run(main())


def test_chunk_extensions_without_end_are_refused(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(reading(1000), head_bytes=1000) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=")
            for _ in range(20):
                wire.send(b"y" * 500)
                await asyncio.sleep(0.001)
            assert (await wire.answer()).status == 400

    run(main())


def test_body_that_stops_coming_is_refused(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(reading(1000), stall_time_s=0.05) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
            assert (await wire.answer()).status == 408
            assert await wire.at_end()

    run(main())


def test_dropped_body_that_stops_coming_ends_the_connection(run: Any, serving: Any) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [], b"no body wanted")

    async def main() -> None:
        async with serving(handler, stall_time_s=0.05) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
            assert (await wire.answer()).status == 200
            assert await wire.at_end()

    run(main())


@pytest.mark.parametrize("way", ["eof", "reset"])
def test_client_that_vanishes_within_its_body_ends_the_reading(
    run: Any, serving: Any, way: Any
) -> None:
    outcome: asyncio.Queue[str] = asyncio.Queue()
    started = asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        try:
            await request.body.read(1000)
        except ClientGone:
            outcome.put_nowait("gone")
            raise
        raise AssertionError

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
            await started.wait()
            wire.writer.write_eof() if way == "eof" else wire.reset()
            assert await outcome.get() == "gone"

    run(main())


@pytest.mark.parametrize("size", [10, 100_000, 8 * MB])
@pytest.mark.parametrize("way", ["leave", "reset"])
def test_handler_goes_on_when_the_client_vanishes(
    run: Any, serving: Any, until: Any, caplog: Any, size: Any, way: Any
) -> None:
    started, gone, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        started.set()
        await gone.wait()
        done.set()
        return Response(200, [], bytes(size))

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            await started.wait()
            (connection,) = it.server._connections
            getattr(wire, way)()
            await until(lambda: connection._is_gone or connection._has_eof)
            gone.set()
            await done.wait()
            await until(lambda: not it.server._connections)

    run(main())
    assert caplog.records == []


def test_body_can_be_read_once(run: Any, serving: Any, caplog: Any) -> None:
    async def handler(request: Request) -> Response:
        await request.body.read(10)
        await request.body.read(10)
        raise AssertionError

    async def main() -> None:
        async with serving(handler) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            wire.send(b"2\r\nab\r\n0\r\n\r\n")
            assert (await wire.answer()).status == 500

    run(main())
    assert "can be read once" in caplog.text


def test_unread_body_over_what_is_dropped_ends_the_connection(run: Any, serving: Any) -> None:
    async def main() -> None:
        async with serving(reading(1000), discard_bytes=1 * MB, linger_time_s=0.05) as it:
            wire = await it.connect()
            wire.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\nxy" % (2 * MB))
            assert (await wire.answer()).status == 413
            assert await wire.at_end()

    run(main())

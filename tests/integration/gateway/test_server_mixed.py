"""Requests of every kind on one connection, in whatever pieces they come: answers in order, each once."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.http import Response
from lambent.gateway.limits import Limits
from lambent.gateway.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from lambent.core.http import Request, Respond

KINDS = ("sync", "soon", "later", "task", "slow", "fails", "large", "streamed", "empty")
REQUESTS = 12
ROUNDS = 40


async def streamed(number: bytes) -> AsyncIterator[bytes]:
    for _ in range(3):
        yield number
        await asyncio.sleep(0)


def answer(kind: str, number: str) -> Response:
    fields = [("X-Number", number)]
    if kind == "large":
        return Response(200, fields, number.encode() * 40_000)
    if kind == "streamed":
        return Response(200, fields, streamed(number.encode()))
    return Response(204 if kind == "empty" else 200, fields, b"" if kind == "empty" else b"x")


class Mixed:
    """Answers as the path asks for: at once, later, by a task; long forms do the same."""

    def __init__(self) -> None:
        self.begun = self.handled = self.answered = 0

    async def handle(self, request: Request) -> Response:
        self.handled += 1
        await request.body.read(1_000_000)
        return await self._slowly(request)

    async def _slowly(self, request: Request) -> Response:
        _, kind, number = request.path.split("/")
        if kind in ("task", "slow", "later"):
            await asyncio.sleep(0 if kind == "task" else 0.002)
        if kind == "fails":
            raise RuntimeError("as asked")
        self.answered += 1
        return answer(kind, number)

    def begin(self, request: Request, respond: Respond) -> Coroutine[Any, Any, Response] | None:
        self.begun += 1
        loop = asyncio.get_running_loop()
        _, kind, number = request.path.split("/")
        if kind in ("task", "slow", "fails"):
            return self._slowly(request)

        def done() -> None:
            self.answered += 1
            respond(answer(kind, number))

        if kind == "soon":
            loop.call_soon(done)
        elif kind == "later":
            loop.call_later(0.002, done)
        else:
            done()
        return None


def request_of(chance: random.Random, number: int) -> tuple[str, bytes]:
    kind = chance.choice(KINDS)
    body = b"b" * chance.choice((0, 0, 1, 3000))
    fields = f"Host: a\r\nContent-Length: {len(body)}\r\n" if body else "Host: a\r\n"
    method = "POST" if body else chance.choice(("GET", "DELETE"))
    return kind, f"{method} /{kind}/{number} HTTP/1.1\r\n{fields}\r\n".encode() + body


async def take(reader: asyncio.StreamReader) -> tuple[int, str, bytes]:
    """Status, the number in the header, and the body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    status = int(head[0].split(" ")[1])
    fields = dict(line.split(": ", 1) for line in head[1:] if line)
    body = b""
    if "transfer-encoding" in fields:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    elif "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
    return status, fields.get("x-number", ""), body


async def converse(chance: random.Random, port: int, number: int) -> int:
    """Send requests in pieces of any size and read the answers; returns how many there were."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    requests = [request_of(chance, number + at) for at in range(REQUESTS)]
    leaves_at = chance.choice((None, None, chance.randrange(REQUESTS)))

    async def send() -> None:
        if chance.random() < 0.5:  # one by one, so that most are whole
            pieces = [sent for _, sent in requests]
        else:
            whole = b"".join(sent for _, sent in requests)
            ends = sorted(chance.sample(range(len(whole)), min(8, len(whole))))
            pieces = [whole[a:b] for a, b in zip([0, *ends], [*ends, len(whole)], strict=True)]
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(chance.choice((0, 0, 0.001, 0.003)))

    sending = asyncio.create_task(send())
    got = 0
    for at, (kind, _) in enumerate(requests):
        if at == leaves_at:
            break
        status, said, body = await asyncio.wait_for(take(reader), 10)
        got += 1
        if kind == "fails":
            assert status == 500
            continue
        expected = answer(kind, str(number + at))
        assert (status, said) == (expected.status, str(number + at))
        if isinstance(expected.body, bytes):
            assert body == expected.body
        else:
            assert body == str(number + at).encode() * 3
    if leaves_at is not None:
        sending.cancel()
        if chance.random() < 0.5:
            writer.transport.abort()
    await asyncio.wait({sending})
    writer.close()
    return got


@pytest.mark.parametrize("seed", range(3))
def test_answers_come_in_order_whatever_way_each_takes(seed: int) -> None:
    chance, mixed = random.Random(seed), Mixed()

    async def scenario() -> int:
        server = HttpServer(mixed.handle, Limits(grace_time_s=5), begin=mixed.begin)
        _, port = await server.listen("127.0.0.1", 0)
        conversations = [converse(chance, port, number * 1000) for number in range(ROUNDS)]
        got = sum(await asyncio.gather(*conversations))
        async with asyncio.timeout(10):
            await server._wait_empty()
        await server.close()
        return got

    assert asyncio.run(scenario())
    assert mixed.begun
    assert mixed.handled

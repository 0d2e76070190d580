"""A server on a loopback port and a client that speaks bytes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import logging
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.http import BodyTooLarge
from lambent.gateway.answer import refusal
from lambent.gateway.limits import Limits
from lambent.gateway.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from lambent.core.http import Begin, Handler, Request, Respond, Response


@dataclass
class Answer:
    status: int
    fields: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str | None:
        return {key.lower(): value for key, value in self.fields}.get(name.lower())


@dataclass
class Wire:
    """A client connection at the level of bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> tuple[int, list[tuple[str, str]]]:
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = text.removesuffix("\r\n\r\n").split("\r\n")
        fields = [tuple(field.split(": ", 1)) for field in rest]
        return int(line.split(" ")[1]), fields  # type: ignore[return-value]

    async def answer(self, method: str = "GET") -> Answer:
        status, fields = await self.head()
        answer = Answer(status, fields, b"")
        if method == "HEAD" or status in (204, 304):
            return answer
        if answer.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                answer.body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readexactly(2)
        elif (length := answer.get("content-length")) is not None:
            answer.body = await self.reader.readexactly(int(length))
        else:
            answer.body = await self.reader.read()
        return answer

    async def at_end(self) -> bool:
        """True when the server has closed and sent nothing more."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionResetError:
            return True

    def reset(self) -> None:
        """Vanish with an RST, as a client that crashes does."""
        if not self.writer.transport.is_closing():
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()

    def leave(self) -> None:
        """Vanish with a FIN, as a client that was told to stop does."""
        self.writer.transport.abort()


@dataclass
class Serving:
    server: HttpServer
    host: str
    port: int
    wires: list[Wire]
    is_called_back: bool  # the handler runs on its own: nobody cancels it

    async def connect(self) -> Wire:
        wire = Wire(*await asyncio.open_connection(self.host, self.port))
        self.wires.append(wire)
        return wire


def _beginning(handler: Handler) -> Begin:
    """The handler in the short form that calls back: what it does for a request of the usual kind must not differ."""
    tasks: set[asyncio.Task[None]] = set()

    async def answer(request: Request, respond: Respond) -> None:
        try:
            response = await handler(request)
        except BodyTooLarge as error:
            response = refusal(413, f"Request body must not exceed {error.limit} bytes")
        except Exception:
            logging.getLogger("lambent.gateway.connection").exception("failed")
            response = refusal(500, "Internal failure")
        respond(response)

    def begin(request: Request, respond: Respond) -> None:
        task = asyncio.get_running_loop().create_task(answer(request, respond))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return begin


async def _awaited(answer: Awaitable[Response]) -> Response:
    return await answer


BEGINNINGS: dict[str, Callable[[Handler], Begin | None]] = {
    "handler": lambda handler: None,
    "begun": lambda handler: lambda request, respond: _awaited(handler(request)),
    "called back": _beginning,
}


@contextlib.asynccontextmanager
async def _serving(
    make_begin: Callable[[Handler], Begin | None], handler: Handler, **limits: Any
) -> AsyncIterator[Serving]:
    server = HttpServer(handler, Limits(**{"grace_time_s": 5, **limits}), begin=make_begin(handler))
    host, port = await server.listen("127.0.0.1", 0)
    serving = Serving(server, host, port, [], make_begin is _beginning)
    try:
        yield serving
    finally:
        for wire in serving.wires:
            wire.reset()
        await server.close()


LOOPS = ["asyncio", *(["uvloop"] if importlib.util.find_spec("uvloop") else [])]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Run a coroutine on the standard loop, and on uvloop where that is installed."""
    if request.param == "asyncio":
        return asyncio.run
    import uvloop

    def run_on_uvloop(main: Any) -> Any:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)

    return run_on_uvloop


@pytest.fixture(params=BEGINNINGS)
def serving(
    request: pytest.FixtureRequest,
) -> Callable[..., contextlib.AbstractAsyncContextManager[Serving]]:
    """Each way a server may be given its handler."""
    return functools.partial(_serving, BEGINNINGS[request.param])


async def _until(condition: Callable[[], Any]) -> None:
    """Let the loop turn until a state that has no event of its own is reached."""
    while not condition():  # noqa: ASYNC110 - there is nothing to wait on from outside
        await asyncio.sleep(0.001)


@pytest.fixture
def until() -> Callable[..., Any]:
    return _until

"""CPU per request of HTTP servers that could carry the gateway: our own protocol against uvicorn.

    .venv/bin/python -m benchmarks.http_servers [--rounds 7] [--seconds 2] [--connections 16]

Makes a throw-away virtual environment with uvicorn, httptools and uvloop from the package index, starts every
contestant in it, and drives them in turn, round by round, with the compiled load generator (benchmarks/load), whose
requests are each signed over a payload of their own. Two handlers: `echo` sends the body back, `signed` verifies the
signature first. uvicorn is given its leanest form: a bare ASGI callable, its httptools protocol subclassed to keep
header names as they were sent, no access log, no lifespan, no proxy headers. It caps neither the head's bytes nor its
time, which we do. The floor is the least that asyncio allows: it splits at the empty line and sends the body back.
CPU is utime + stime of the server's process, all of it control plane: nothing else runs in there.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks import loadgen
from benchmarks.target import Credentials, Target
from lambent.core.clock import SystemClock
from lambent.core.context import Principal
from lambent.core.http import BytesBody, Headers, Request, Response
from lambent.core.ports import Credential
from lambent.gateway.claim import ClaimReader
from lambent.gateway.server import HttpServer
from lambent.gateway.sigv4 import SignatureChecker

if TYPE_CHECKING:
    from lambent.core.http import Handler

ROOT = Path(__file__).resolve().parent.parent
KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
LOOPS = ("asyncio", "uvloop")
SERVERS = ("floor", "own", "uvicorn")
HANDLERS = ("echo", "signed")
BODY_LIMIT = 6_291_456


# --- the servers: run in the throw-away environment -------------------------------------------------------------------


class OneKey:
    """The one access key that the load generator signs with."""

    def __init__(self) -> None:
        self._credential = Credential(KEY_ID, SECRET, Principal("root", "000000000000"))

    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        return self._credential if access_key_id == KEY_ID else None


async def echo(request: Request) -> Response:
    """Send the body back."""
    return Response(
        200, [("Content-Type", "application/json")], await request.body.read(BODY_LIMIT)
    )


def signed() -> Handler:
    """Verify the signature, then send the body back."""
    checker, claims = SignatureChecker(OneKey(), SystemClock()), ClaimReader()

    async def handler(request: Request) -> Response:
        body = await request.body.read(BODY_LIMIT)
        claim = claims.read(request)
        if claim is None:
            return Response(403)
        checker.check(claim, request, "lambda", hashlib.sha256(body).hexdigest())
        return Response(200, [("Content-Type", "application/json")], body)

    return handler


class Floor(asyncio.Protocol):
    """Takes every segment for one whole request."""

    _transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        body = data[data.find(b"\r\n\r\n") + 4 :]
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )


async def serve_floor(_: Handler) -> None:
    """No HTTP server at all."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Floor, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


async def serve_own(handler: Handler) -> None:
    """Our server, until the process is ended."""
    server = HttpServer(handler)
    print((await server.listen("127.0.0.1", 0))[1], flush=True)
    await asyncio.Event().wait()


async def serve_uvicorn(handler: Handler) -> None:
    """uvicorn, its protocol subclassed, with the same handler behind a bare ASGI callable."""
    # There is a uvicorn in the throw-away environment only
    uvicorn: Any = importlib.import_module("uvicorn")
    protocols: Any = importlib.import_module("uvicorn.protocols.http.httptools_impl")

    class KeepsNames(protocols.HttpToolsProtocol):  # type: ignore[misc]  # known at run time only
        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name, value))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = Headers([(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]])
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        answer = await handler(Request(scope["method"], path, query, headers, BytesBody(body)))
        fields = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers]
        assert isinstance(answer.body, bytes)  # both handlers answer in one piece
        fields.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": answer.body})

    config = uvicorn.Config(
        app,
        http=KeepsNames,
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )
    sock = socket.create_server(("127.0.0.1", 0))
    # asyncio sets this only on sockets that say they are TCP, which those of this listener do not.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(sock.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve(sockets=[sock])


def serve(server: str, loop: str, handler_name: str) -> None:
    """Run one contestant; prints its port."""
    handler = echo if handler_name == "echo" else signed()
    main = {"floor": serve_floor, "own": serve_own, "uvicorn": serve_uvicorn}[server](handler)
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - as above

        uvloop.run(main)
    else:
        asyncio.run(main)


# --- the measurement: run in the project's environment ----------------------------------------------------------------


@dataclass(slots=True)
class Contestant:
    """A running server."""

    name: str
    handler: str
    process: subprocess.Popen[str]
    port: int
    cpu_us: list[float]
    per_s: list[float]


def make_environment(directory: str) -> Path:
    """A virtual environment with the servers in it; returns its interpreter."""
    venv.create(directory, with_pip=True)
    python = Path(directory) / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "uvicorn", "httptools", "uvloop"], check=True)
    return python


def start(python: Path, server: str, loop: str, handler: str) -> Contestant:
    """Start a contestant and learn its port."""
    command = [str(python), "-m", "benchmarks.http_servers", "--serve", server, loop, handler]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return Contestant(
        f"{server} on {loop}", handler, process, int(process.stdout.readline()), [], []
    )


def cpu_seconds(pid: int) -> float:
    """utime + stime of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def take_turn(contestant: Contestant, connections: int, seconds: float) -> None:
    """Drive one contestant once."""
    target = Target(contestant.port, "hello", Credentials(KEY_ID, SECRET))
    before = cpu_seconds(contestant.process.pid)
    load = loadgen.run(target, connections, seconds)
    used = cpu_seconds(contestant.process.pid) - before
    contestant.cpu_us.append(used / load.requests * 1e6)
    contestant.per_s.append(load.requests_per_s)


def measure(rounds: int, seconds: float, connections: int) -> None:
    """Alternate between all contestants, then print medians."""
    with tempfile.TemporaryDirectory(prefix="http-servers-") as directory:
        python = make_environment(directory)
        contestants = [
            start(python, server, loop, handler)
            for handler in HANDLERS
            for loop in LOOPS
            for server in SERVERS
            if (server, handler) != ("floor", "signed")
        ]
        try:
            for number in range(rounds + 1):
                for contestant in contestants:
                    take_turn(contestant, connections, seconds if number else seconds / 4)
            report(contestants, rounds, connections)
        finally:
            for contestant in contestants:
                contestant.process.kill()
                contestant.process.wait()


def report(contestants: list[Contestant], rounds: int, connections: int) -> None:
    """Medians over the rounds; the first, shorter one was warm-up."""
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}, {rounds} rounds, "
        f"{connections} connections, load average {os.getloadavg()[0]:.1f}"
    )
    print(f"{'handler':8} {'server':20} {'CPU us/request':>16} {'min':>6} {'requests/s':>12}")
    for each in contestants:
        cpu, per_s = each.cpu_us[1:], statistics.median(each.per_s[1:])
        print(
            f"{each.handler:8} {each.name:20} {statistics.median(cpu):16.1f} {min(cpu):6.1f} "
            f"{per_s:12.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
    else:
        measure(options.rounds, options.seconds, options.connections)


if __name__ == "__main__":
    main()

"""GET through an API's AWS_PROXY integration to a warm function: a closed loop on 1 and 8 connections.

Nothing is signed: the method is open, as those behind a web page are. Every request has a token of its own in its
query, which must come back.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import loadgen, rest_api
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.ministack import Ministack
from benchmarks.contestants.serverless_offline import ServerlessOffline
from benchmarks.interpreters import python_runtime
from benchmarks.rounds import alternate
from benchmarks.rows.warm import closed_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.contestants.server import Server
    from benchmarks.loadgen import Load
    from benchmarks.rest_api import Address
    from benchmarks.rounds import Row

LEVELS = (1, 8)


def title(connections: int) -> str:
    return f"API, {connections} connections"


def measure(
    servers: Iterable[Server], rounds: int, seconds: float, say: Callable[[str], None]
) -> Iterator[Row]:
    """One row for each number of connections."""
    found: list[tuple[str, Server, Address]] = []
    for server in servers:
        try:
            found += entries(server)
        except (ClientError, BotoCoreError, RuntimeError) as problem:
            say(f"{server.name} has no API: {problem}")
    for connections in LEVELS:
        turns = {
            label: partial(
                closed_loop, server, partial(_run, address), connections, seconds=seconds
            )
            for label, server, address in found
        }
        yield alternate(title(connections), rounds, turns, say)


def entries(server: Server) -> Iterator[tuple[str, Server, Address]]:
    """Label and address of each function that a server has behind an API."""
    if isinstance(server, ServerlessOffline):
        for language in ("python", "node"):
            yield f"{server.name} {language}", server, server.api(language)
    elif isinstance(server, Lambent | Ministack):
        address = rest_api.create(server.target("api"), "api.py", python_runtime())
        yield f"{server.name} python", server, address


def _run(address: Address, connections: int, seconds: float) -> Load:
    return loadgen.get(address, connections, seconds)

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from array import array
from typing import TYPE_CHECKING

import pytest

from lambent.execution.spawner_link import SpawnerGone, SpawnerLink

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def run(scenario: Callable[[SpawnerLink, socket.socket, list[str]], Awaitable[None]]) -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        gone: list[str] = []
        link = SpawnerLink(ours, asyncio.get_running_loop(), lambda: gone.append("gone"))
        with theirs:
            try:
                await asyncio.wait_for(scenario(link, theirs, gone), 10)
            finally:
                link.close()

    asyncio.run(main())


async def turn_until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - the loop has to turn, nothing else
        await asyncio.sleep(0)


def test_whoever_waits_fails_when_the_spawner_goes() -> None:
    async def scenario(link: SpawnerLink, theirs: socket.socket, gone: list[str]) -> None:
        asked = asyncio.ensure_future(link.ask({"op": "describe"}))
        await asyncio.sleep(0)
        theirs.close()
        with pytest.raises(SpawnerGone):
            await asked
        assert gone == ["gone"]
        with pytest.raises(SpawnerGone):
            await link.ask({"op": "describe"})
        link.send({"op": "kill", "sandbox": "x"})  # does nothing, and does not raise

    run(scenario)


def test_what_is_no_message_ends_the_link() -> None:
    async def scenario(link: SpawnerLink, theirs: socket.socket, gone: list[str]) -> None:
        theirs.send(b"not json")
        await turn_until(lambda: gone)
        assert not link.is_open

    run(scenario)


def test_descriptors_that_nobody_wants_are_closed() -> None:
    async def scenario(link: SpawnerLink, theirs: socket.socket, gone: list[str]) -> None:
        reading, writing = os.pipe()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [writing]))]
        theirs.sendmsg([b'{"event":"created","sandbox":"unknown"}'], rights)
        os.close(writing)
        os.set_blocking(reading, False)

        def is_at_end() -> bool:
            try:
                return os.read(reading, 1) == b""
            except BlockingIOError:
                return False

        await turn_until(is_at_end)
        os.close(reading)

    run(scenario)


def test_requests_wait_for_a_slow_spawner_in_order() -> None:
    async def scenario(link: SpawnerLink, theirs: socket.socket, gone: list[str]) -> None:
        for number in range(5_000):
            link.send({"op": "kill", "sandbox": str(number), "padding": "x" * 100})
        assert link._backlog
        theirs.setblocking(False)
        seen: list[bytes] = []

        def drain() -> bool:
            with contextlib.suppress(BlockingIOError):
                seen.append(theirs.recv(65_536))
            return len(seen) == 5_000

        await turn_until(drain)
        assert [f'"{number}"'.encode() in data for number, data in enumerate(seen)] == [
            True
        ] * 5_000

    run(scenario)

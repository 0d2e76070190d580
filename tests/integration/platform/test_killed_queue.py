"""Ten thousand events, and everything killed in the middle of them.

The functions are not isolated here, so that they can tell the test itself what they were given: a count that a kill of
the platform cannot touch. The queue knows nothing of isolation.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Any]  # the fixture of conftest.py, which cannot be imported from here

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(300)]

EVENTS, BEFORE_THE_KILL, AT_ONCE, SENDERS = 10_000, 4_000, 20, 8
LIMIT_S = 100
# Tells the test its event and waits until it may go on.
TELL = """
import os, socket
teller = None
def handler(event, context):
    global teller
    if teller is None:
        teller = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
    teller.sendall(b"%06d" % event)
    assert teller.recv(1) == b"y"
"""


class Tally:
    """Counts what functions were given. After `held_after` events every further one is held until `let_go`."""

    def __init__(self, held_after: int) -> None:
        self.given: Counter[int] = Counter()
        self._held_after = held_after
        self._changed = threading.Condition()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                teller, _ = self._server.accept()
                threading.Thread(target=self._listen, args=(teller,), daemon=True).start()

    def _listen(self, teller: socket.socket) -> None:
        with teller, contextlib.suppress(OSError):
            while number := teller.recv(6, socket.MSG_WAITALL):
                with self._changed:
                    self.given[int(number)] += 1
                    self._changed.notify_all()
                    while self.given.total() > self._held_after:
                        self._changed.wait()
                teller.sendall(b"y")

    def let_go(self) -> None:
        with self._changed:
            self._held_after = 10 * EVENTS
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], why: Callable[[], str] = lambda: "") -> None:
        with self._changed:
            assert self._changed.wait_for(condition, LIMIT_S), (self.given.total(), why())

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def tally() -> Iterator[Tally]:
    tally = Tally(BEFORE_THE_KILL)
    yield tally
    tally.close()


def test_none_of_ten_thousand_events_is_lost_by_kill_9(
    start: Start, tally: Tally, signed_invoke: Callable[..., bytes]
) -> None:
    up = start("--isolation", "none")
    client = up.client()
    up.create(client, "f", TELL)
    client.update_function_configuration(
        FunctionName="f", Timeout=900, Environment={"Variables": {"PORT": str(tally.port)}}
    )
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=AT_ONCE)
    requests = [
        signed_invoke(client, "f", str(number).encode(), X_Amz_Invocation_Type="Event")
        for number in range(EVENTS)
    ]
    assert asyncio.run(_send(up.endpoint, requests)) == Counter({202: EVENTS})
    tally.wait_for(lambda: tally.given.total() >= BEFORE_THE_KILL + AT_ONCE)
    up.kill_all()
    waiting = _queued(up)
    assert waiting >= EVENTS - BEFORE_THE_KILL
    again = start("--isolation", "none")
    tally.let_go()
    tally.wait_for(lambda: len(tally.given) == EVENTS, lambda: again.complaints[-3000:])
    # Those that ran when all was killed, and those whose end was not on disk yet.
    duplicates = tally.given.total() - EVENTS
    assert AT_ONCE <= duplicates <= 5 * AT_ONCE, (duplicates, waiting)
    assert max(tally.given.values()) == 2


async def _send(endpoint: str, requests: list[bytes]) -> Counter[int]:
    """The status codes of all, sent over a few connections."""
    place = urlsplit(endpoint)

    async def over_one(some: list[bytes]) -> Counter[int]:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        statuses: Counter[int] = Counter()
        for request in some:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            statuses[int(head.split(b" ", 2)[1])] += 1
            assert b"content-length: 0\r\n" in head.lower()
        writer.close()
        return statuses

    async with asyncio.timeout(LIMIT_S):
        parts = [over_one(requests[first::SENDERS]) for first in range(SENDERS)]
        return sum(await asyncio.gather(*parts), Counter())


def _queued(up: Any) -> int:
    (path,) = up.data_dir.rglob("*.db")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM lambda_events").fetchone()
        return int(count)

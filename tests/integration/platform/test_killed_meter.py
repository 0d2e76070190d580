"""Everything is killed in the middle of a load, and the bill is right: what was answered is billed, once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Start = Callable[..., Any]  # the fixture of conftest.py, which cannot be imported from here

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(120)]

CALLERS, BEFORE_THE_KILL = 4, 200
ECHO = "def handler(event, context):\n    return event\n"
WAITS = """
import time
def handler(event, context):
    if event == "wait":
        print("it waits", flush=True)
        time.sleep(50)
"""


class Load:
    """Calls a function from several threads until the platform is gone; counts what was answered."""

    def __init__(self, up: Any, name: str) -> None:
        self.answered = 0
        self._name = name
        self._enough = threading.Event()
        self._lock = threading.Lock()
        clients = [up.client() for _ in range(CALLERS)]
        self._threads = [threading.Thread(target=self._call, args=(each,)) for each in clients]
        for thread in self._threads:
            thread.start()

    def _call(self, client: Any) -> None:
        with contextlib.suppress(Exception):  # the platform is gone, which is what is wanted
            while True:
                answer = client.invoke(FunctionName=self._name, Payload="1")
                if json.load(answer["Payload"]) != 1:
                    return
                with self._lock:
                    self.answered += 1
                    if self.answered == BEFORE_THE_KILL:
                        self._enough.set()

    def wait(self) -> None:
        assert self._enough.wait(60)

    def end(self) -> int:
        for thread in self._threads:
            thread.join(60)
        return self.answered


def _billed(up: Any) -> int:
    """The requests of the platform that has stopped."""
    (path,) = up.data_dir.rglob("*.db")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute("SELECT sum(requests) FROM metering_usage").fetchone()
        return int(count or 0)


def _segments(up: Any) -> list[str]:
    return [path.name for path in (up.data_dir / "state" / "usage").iterdir()]


@pytest.mark.parametrize("victim", ["core", "all"])
def test_what_was_answered_before_kill_9_is_billed_once(start: Start, victim: str) -> None:
    """An invocation in flight is billed if it had ended: so the bill may have one more for each caller."""
    up = start()
    client = up.client()
    up.create(client, "f", ECHO)
    up.invoke(client, "f")
    load = Load(up, "f")
    load.wait()
    if victim == "core":
        up.core.kill()
        up.wait()
    else:
        up.kill_all()
    answered = load.end() + 1
    assert _segments(up)  # there was something that the database had not got
    again = start()
    again.invoke(again.client(), "f")
    answered += 1
    assert again.stop() == 0
    assert answered <= _billed(again) <= answered + CALLERS
    assert _segments(again) == []


def test_calls_that_the_platform_failed_are_not_billed(start: Start) -> None:
    """The spawner's death takes the sandboxes with it: their callers get a 500, and pay nothing."""
    up = start()
    client = up.client()
    up.create(client, "f", WAITS)
    up.invoke(client, "f")
    failures: list[str] = []

    def call() -> None:
        with pytest.raises(client.exceptions.ServiceException) as refused:
            up.client().invoke(FunctionName="f", Payload='"wait"')
        failures.append(str(refused.value))

    caller = threading.Thread(target=call)
    caller.start()
    up.wait_for_log("it waits")
    up.spawner.kill()
    caller.join(60)
    assert len(failures) == 1
    up.wait_for_new_spawner()
    up.invoke(client, "f")
    assert up.stop() == 0
    assert _billed(up) == 2
    assert _segments(up) == []

"""What an invocation leaves behind: it stays in its environment, says nothing in another's name, and ends with it."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role, is_readable

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

# A demon that has taken leave of everything holds the frame socket and answers whatever comes, all the time.
_DEMON = """
import os, signal, struct, sys
FORGED = b'"forged"'
ready, go = os.pipe(), os.pipe()
def demon():
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    os.write(1, b"the demon speaks\\n")  # before the forged answers: they end the environment
    for request in (bytes(16), b"\\x11" * 16):
        try:
            os.write(1000, struct.pack("<IB16sQ", len(FORGED), 4, request, 0) + FORGED)
        except OSError:
            pass
    while True:
        try:
            os.write(1, b"the demon speaks\\n")
            os.write(ready[1], b"y")
        except OSError:
            pass
        signal.sigtimedwait([signal.SIGUSR1], 0.01)
def handler(event, context):
    if event.get("leave"):
        if os.fork() == 0:
            demon()
        os.wait()
        os.read(ready[0], 1)
    if event.get("go"):
        os.write(go[1], b"x")
        os.read(ready[0], 1)
    return os.readlink("/proc/self/ns/pid")
"""
_HONEST = """
def handler(event, context):
    print("honest words")
    return "honest"
"""


class _Account:
    """Args: the Lambda client of an account."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def create(self, name: str, source: str) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", source)
        self.client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=execution_role(self.client),
            Handler="app.handler",
            Code={"ZipFile": buffer.getvalue()},
        )

    def invoke(self, name: str, **event: Any) -> tuple[Any, str]:
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        log = base64.b64decode(answer["LogResult"]).decode()
        return json.loads(answer["Payload"].read()), log


@pytest.fixture
def account(aws: Callable[..., Any]) -> _Account:
    return _Account(aws("lambda"))


class _Watch:
    """The processes of a pid namespace, as the host sees them. Args: its name, /proc/PID/ns/pid."""

    def __init__(self, namespace: str) -> None:
        self._pidfds = []
        for directory in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str((directory / "ns/pid").readlink()) == namespace:
                    self._pidfds.append(os.pidfd_open(int(directory.name)))

    def __len__(self) -> int:
        return len(self._pidfds)

    def all_end(self) -> bool:
        """Wait until all have ended; False when they do not."""
        ends = [is_readable(pidfd, 15) for pidfd in self._pidfds]
        for pidfd in self._pidfds:
            os.close(pidfd)
        return all(ends)


def _check_honest(account: _Account) -> None:
    answer, log = account.invoke("honest")
    assert answer == "honest"
    assert "honest words" in log
    assert "demon" not in log


def test_a_process_left_behind_speaks_for_nobody_else(account: _Account) -> None:
    account.create("demon", _DEMON)
    account.create("honest", _HONEST)
    namespace, _ = account.invoke("demon", leave=True)
    watch = _Watch(namespace)
    assert len(watch) == 3  # the first, the runtime, the demon
    for _ in range(5):
        _check_honest(account)
    # As on AWS it lives on in its environment. There it may end its own call, by an answer to another.
    answer, log = account.invoke("demon", go=True)
    assert answer["errorType"] == "Runtime.ExitError"
    assert "the demon speaks" in log
    assert watch.all_end()
    _check_honest(account)
    fresh, log = account.invoke("demon")
    assert fresh != namespace
    assert "speaks" not in log


def test_a_process_left_behind_ends_with_its_function(account: _Account) -> None:
    account.create("demon", _DEMON)
    namespace, _ = account.invoke("demon", leave=True)
    watch = _Watch(namespace)
    assert len(watch) == 3
    account.client.delete_function(FunctionName="demon")
    assert watch.all_end()


def test_a_process_left_behind_ends_with_a_changed_function(account: _Account) -> None:
    account.create("demon", _DEMON)
    namespace, _ = account.invoke("demon", leave=True)
    watch = _Watch(namespace)
    assert len(watch) == 3
    account.client.update_function_configuration(FunctionName="demon", MemorySize=256)
    other, _ = account.invoke("demon")
    assert other != namespace
    assert watch.all_end()

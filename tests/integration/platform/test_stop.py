"""However the platform ends, nothing of it stays in the system."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Any]  # the fixture of conftest.py, which cannot be imported from here

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(start: Start, number: signal.Signals) -> None:
    up = start()
    client = up.client()
    up.create(client, "f")
    up.invoke(client, "f")
    assert len(up.cgroups()) > 3, "there is nothing to be left behind"
    up.tree()
    up.send(number)
    assert up.wait() == 0
    assert up.left_over() == []


@pytest.mark.parametrize("stage", ["launcher.main", "--control-fd", "--socket-fd"])
def test_a_signal_during_the_start_ends_it_as_well(start: Start, stage: str) -> None:
    up = start(wait=False)
    up.wait_for_program(stage)
    up.send(signal.SIGINT)
    assert up.wait() == 0
    assert "Traceback" not in up.complaints
    assert up.left_over() == []


@pytest.fixture
def apart() -> Iterator[ThreadPoolExecutor]:
    """A thread to wait for a long invocation in."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


SLOW = """
import time
def handler(event, context):
    print("has begun", flush=True)
    time.sleep(event)
    return "has ended"
"""


def test_a_running_invocation_is_let_finish(start: Start, apart: ThreadPoolExecutor) -> None:
    up = start()
    client = up.client()
    up.create(client, "slow", SLOW)
    answer = apart.submit(up.invoke, client, "slow", "1")
    up.wait_for_log("has begun")
    assert up.stop() == 0
    assert answer.result() == '"has ended"'
    assert up.left_over() == []


def test_a_second_signal_cuts_it_short(start: Start, apart: ThreadPoolExecutor) -> None:
    up = start()
    client = up.client()
    up.create(client, "slow", SLOW)
    answer = apart.submit(up.invoke, client, "slow", "60")
    up.wait_for_log("has begun")
    up.tree()
    up.send(signal.SIGINT)
    up.wait_until_refused()
    up.send(signal.SIGINT)
    assert up.wait() == 128 + signal.SIGKILL
    assert isinstance(answer.exception(), HTTPClientError)
    assert up.left_over() == []


def test_killed_core_ends_the_launcher(start: Start) -> None:
    up = start()
    client = up.client()
    up.create(client, "f")
    up.invoke(client, "f")
    up.tree()
    up.core.kill()
    assert up.wait() == 128 + signal.SIGKILL
    assert up.left_over() == []


def test_killed_launcher_takes_everything_with_it(start: Start) -> None:
    up = start()
    client = up.client()
    up.create(client, "f")
    up.invoke(client, "f")
    up.tree()
    up.launcher.kill()
    up.wait()
    assert up.left_over() == []


def test_a_killed_spawner_fails_what_runs_and_heals(
    start: Start, apart: ThreadPoolExecutor
) -> None:
    up = start()
    client = up.client()
    up.create(client, "slow", SLOW)
    answer = apart.submit(client.invoke, FunctionName="slow", Payload="60")
    up.wait_for_log("has begun")
    up.spawner.kill()
    with pytest.raises(ClientError, match="ServiceException") as failed:
        answer.result(15)
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert up.invoke(client, "slow", "0") == '"has ended"'


def test_killed_spawner_is_replaced(start: Start) -> None:
    up = start()
    client = up.client()
    up.create(client, "f")
    before = up.invoke(client, "f")
    old_groups = {path for path in up.cgroups() if not path.name.startswith("lambent-")}
    assert old_groups
    old = up.tree(up.spawner)
    assert len(old) > 3, "the spawner has no zygotes and sandboxes"
    up.spawner.kill()
    up.wait_for_new_spawner()
    assert up.invoke(client, "f") != before, "the environment outlived its spawner"
    assert [process.command for process in old if not process.has_ended(5)] == []
    assert old_groups & set(up.cgroups()) == set()
    assert up.core in up.tree()
    assert up.stop() == 0
    assert up.left_over() == []

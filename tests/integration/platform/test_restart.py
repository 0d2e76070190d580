"""What was acknowledged is there again, whichever way the platform ended."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError, HTTPClientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[..., Any]  # the fixture of conftest.py, which cannot be imported from here

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

ROUNDS = 3
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


def _keys(up: Any) -> dict[str, str]:
    environment = up.environment()
    return {name: environment[name] for name in KEYS}


def test_a_function_is_found_and_invoked_after_a_restart(start: Start) -> None:
    up = start()
    keys = _keys(up)
    up.create(up.client(), "f", "def handler(event, context):\n    return 'the same'\n")
    assert up.stop() == 0
    again = start()
    assert _keys(again) == keys
    client = again.client()
    assert [f["FunctionName"] for f in client.list_functions()["Functions"]] == ["f"]
    assert again.invoke(client, "f") == '"the same"'


def test_the_data_directory_may_be_a_link(start: Start, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").symlink_to("elsewhere")
    up = start()
    client = up.client()
    up.create(client, "f", "def handler(event, context):\n    return 'linked'\n")
    assert up.invoke(client, "f") == '"linked"'
    assert up.stop() == 0


def test_only_core_can_read_the_root_key(start: Start) -> None:
    up = start()
    key = up.data_dir / "state" / "root-key"
    found = key.stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid != 0
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


@pytest.mark.timeout(90)
def test_no_acknowledged_function_is_lost_by_kill_9(start: Start) -> None:
    """Killed while one create follows the other, so that most rounds end in the middle of one."""
    acknowledged: list[str] = []
    for round_ in range(ROUNDS):
        up = start()
        with ThreadPoolExecutor(1) as apart:
            enough = threading.Event()
            creating = apart.submit(_create_for_ever, up, f"f{round_}", acknowledged, enough)
            assert enough.wait(20), creating.exception(0)
            up.kill_all()
            # Between two creates it is the next connection that fails.
            lost = (HTTPClientError, EndpointConnectionError)
            assert isinstance(creating.exception(20), lost)
    again = start()
    client = again.client()
    functions = client.list_functions()["Functions"]
    found = [f["FunctionName"] for f in functions]
    assert set(acknowledged) <= set(found)
    # At most the create that was under way in a round may have come through without an answer.
    assert len(found) <= len(acknowledged) + ROUNDS
    assert {name: again.invoke(client, name) for name in found} == {n: f'"{n}"' for n in found}
    assert again.stop() == 0
    assert again.left_over() == []


BLOCKED = "import time\ndef handler(event, context):\n    time.sleep(600)\n"
QUICK = "def handler(event, context):\n    return event\n"
EVENTS = 200


@pytest.mark.timeout(90)
def test_no_accepted_event_is_lost_by_kill_9(start: Start, make_zip: Any) -> None:
    """All but the event that runs for ever are queued when everything is killed; afterwards all others run."""
    up = start()
    client = up.client()
    up.create(client, "f", BLOCKED)
    client.update_function_configuration(FunctionName="f", Timeout=900)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)

    def send(number: int) -> int:
        answer = client.invoke(
            FunctionName="f", InvocationType="Event", Payload=str(number).encode()
        )
        return int(answer["StatusCode"])

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(send, range(EVENTS))) == {202}
    up.kill_all()
    assert len(_queued(up)) == EVENTS
    again = start()
    client = again.client()
    # Only now is there a version that answers, and more than one environment for it.
    client.update_function_code(FunctionName="f", ZipFile=make_zip({"app.py": QUICK}))
    client.delete_function_concurrency(FunctionName="f")
    send(EVENTS)
    # At most the one that the first environment of the new process has taken is left.
    pause = threading.Event()
    while len(_queued(again)) > 1:
        pause.wait(0.05)
    assert again.invoke(client, "f") is not None


def _queued(up: Any) -> list[Any]:
    (path,) = up.data_dir.rglob("*.db")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT id FROM lambda_events").fetchall()


def _create_for_ever(
    up: Any, prefix: str, acknowledged: list[str], enough: threading.Event
) -> None:
    client = up.client()
    for number in itertools.count():
        name = f"{prefix}-{number}"
        up.create(client, name, f"def handler(event, context):\n    return {name!r}\n")
        acknowledged.append(name)
        if number == 2:
            enough.set()

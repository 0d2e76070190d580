"""The platform's own log, as whoever runs it has it: JSON where it is collected, text on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import is_readable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.platform.conftest import Up

OPEN = (
    "--auth open: signatures and permissions are not checked. Whoever reaches this platform is the root of every "
    "account. For throw-away test runs only."
)

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(60)]


def lines(up: Up) -> list[Any]:
    """Every line of stderr: each is JSON."""
    said = up.complaints
    assert all(line.startswith("{") for line in said.splitlines()), said
    return [json.loads(line) for line in said.splitlines()]


def test_every_line_is_json_whoever_writes_it(start: Callable[..., Up]) -> None:
    up = start("--auth", "open", "--core-user", "root")
    up.spawner.kill()
    up.wait_for_new_spawner()
    client = up.client()
    up.create(client, "f")
    up.invoke(client, "f")
    assert up.stop() == 0
    found = lines(up)
    assert {"timestamp", "level", "logger", "event", "process"} <= set.intersection(
        *map(set, found)
    )
    said = {(line["process"], line["level"], line["event"]) for line in found}
    assert ("up", "warning", OPEN) in said
    assert ("launcher", "warning", "the spawner is dead (-9), a new one is started") in said
    assert ("core", "warning", "the spawner is gone; calls wait for the next one") in said


def test_a_death_of_core_is_told(start: Callable[..., Up]) -> None:
    up = start("--auth", "open")
    up.core.kill()
    assert up.wait() == 128 + signal.SIGKILL
    said = {(line["process"], line["level"], line["event"]) for line in lines(up)}
    assert ("launcher", "error", "core was killed by signal 9") in said


def test_the_level_is_a_setting(start: Callable[..., Up]) -> None:
    up = start("--auth", "open", "--log-level", "error")
    up.spawner.kill()
    up.wait_for_new_spawner()
    assert up.stop() == 0
    assert up.complaints == ""


def test_a_warm_invocation_logs_nothing(start: Callable[..., Up]) -> None:
    up = start("--log-level", "debug")
    client = up.client()
    up.create(client, "f")
    first = up.invoke(client, "f")
    before = lines(up)
    assert any("cold start of f" in line["event"] for line in before)  # the level is as low as that
    for _ in range(20):
        assert up.invoke(client, "f") == first
    assert lines(up) == before


def test_people_read_text_on_a_terminal(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    ours, theirs = pty.openpty()
    options = ["--port", "0", "--data-dir", str(tmp_path / "data"), "--auth", "open"]
    with subprocess.Popen(
        [sys.executable, "-m", "lambent", "up", *options],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as platform:
        os.close(theirs)
        said = b""
        try:
            while said.count(b"\n") < 2:
                assert is_readable(ours, 15), said
                said += os.read(ours, 4096)
        finally:
            platform.terminate()
            platform.wait(20)
            os.close(ours)
    first, second = said.decode().splitlines()[:2]
    assert first == f"WARNING: {OPEN}"
    assert re.fullmatch(r"Lambent \S+ at http://127\.0\.0\.1:\d+ \(account 000000000000\)", second)

"""`aws logs ...`, as a person at a terminal uses it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(90)]


class Cli:
    """With one account's keys and nobody's configuration."""

    def __init__(self, directory: Path, endpoint: str, key: str, secret: str) -> None:
        self._aws = _find(1)
        # The environment variable is younger than the CLI that Debian has.
        self._endpoint = ("--endpoint-url", endpoint)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_MAX_ATTEMPTS": "1",
        }

    def use_version_2(self) -> None:
        self._aws = _find(2)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._aws, *self._endpoint, "logs", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        running = self.begin(*arguments)
        out, complaint = running.communicate(timeout=30)
        return running.returncode, out, complaint

    def json(self, *arguments: str) -> Any:
        status, out, complaint = self.run(*arguments)
        assert status == 0, complaint
        return json.loads(out) if out else None

    def put(self, *texts: str) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": text} for text in texts]
        where = ("--log-group-name", "g", "--log-stream-name", "s")
        self.json("put-log-events", *where, "--log-events", json.dumps(events))


def _find(version: int) -> str:
    """The CLI of this major version or a later one: PyPI has version 1, Debian has version 2."""
    own = str(Path(sys.executable).parent / "aws")
    for found in (own, shutil.which("aws"), "/usr/bin/aws"):
        if found and Path(found).exists():
            shown = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
            if int(shown.stdout.removeprefix("aws-cli/").partition(".")[0]) >= version:
                return found
    if os.environ.get("CI"):
        pytest.fail(f"there is no AWS CLI of version {version}")
    pytest.skip(f"there is no AWS CLI of version {version}")


@pytest.fixture
def cli(running: Any, tmp_path: Path) -> Cli:
    credential = running.run(running.platform.accounts.create())
    cli = Cli(
        tmp_path,
        running.platform.endpoint,
        credential.access_key_id,
        credential.secret_access_key,
    )
    cli.json("create-log-group", "--log-group-name", "g")
    cli.json("create-log-stream", "--log-group-name", "g", "--log-stream-name", "s")
    return cli


def test_filter_log_events(cli: Cli) -> None:
    cli.put("ERROR one", "fine", "ERROR two")
    found = cli.json("filter-log-events", "--log-group-name", "g", "--filter-pattern", "ERROR")
    assert [event["message"] for event in found["events"]] == ["ERROR one", "ERROR two"]
    assert found["searchedLogStreams"] == []


@pytest.fixture
def tail(cli: Cli) -> Cli:
    """`aws logs tail` came with version 2."""
    cli.use_version_2()
    return cli


def test_tail(tail: Cli) -> None:
    tail.put("ERROR one", "fine")
    status, out, _ = tail.run("tail", "g", "--filter-pattern", "ERROR", "--format", "short")
    assert status == 0
    assert [line.split(" ", 1)[1] for line in out.splitlines()] == ["ERROR one"]


def test_tail_follows(tail: Cli) -> None:
    tail.put("first")
    with tail.begin("tail", "g", "--follow", "--format", "short") as following:
        assert following.stdout is not None
        assert following.stdout.readline().endswith(" first\n")
        tail.put("second")
        assert following.stdout.readline().endswith(" second\n")
        following.terminate()


def test_what_is_not_there_is_an_error(cli: Cli) -> None:
    status, _, complaint = cli.run("filter-log-events", "--log-group-name", "no-such-group")
    assert status != 0
    assert "The specified log group does not exist." in complaint

"""`lambent top` against a running platform."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.conftest import client_with_function

from lambent.cli.commands import lambent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

LIMIT_S = 20.0
SOURCE = """
import time
def handler(event, context):
    if event == "fail":
        raise ValueError("as asked")
    time.sleep(event or 0)
"""


@pytest.fixture
def watched(start_platform: Callable[..., Any]) -> Iterator[Any]:
    with start_platform(isolation="none") as running:
        yield running


@pytest.fixture
def functions(watched: Any, make_zip: Callable[..., bytes]) -> Any:
    return client_with_function(watched, make_zip({"app.py": SOURCE}), MemorySize=256)


def top(directory: Path | str, *words: str, **settings: str) -> Any:
    environment = {"LAMBENT_DATA_DIR": str(directory), **settings}
    return CliRunner().invoke(lambent, ["top", *words], env=environment)


def row(text: str, name: str) -> list[str]:
    """The cells of a function's row."""
    (found,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return re.split(r"\s{2,}", found.strip())


def test_one_table_shows_what_functions_did(watched: Any, functions: Any) -> None:
    for payload in (b"0.2", b"0.2", b"0.2", b'"fail"'):
        functions.invoke(FunctionName="f", Payload=payload)
    shown = top(watched.platform.data_dir.path, "--once")
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith(f"Lambent at {watched.platform.endpoint}, up ")
    name, _, calls, errors, throttled, p50, p99, running, environments, memory = row(
        shown.output, "f"
    )
    assert (name, calls, errors, throttled) == ("f", "4", "1", "0")
    assert 200 * 0.94 <= float(p50) < 300  # a step is 6 % wide
    assert 200 * 0.94 <= float(p99) < 400
    assert (running, environments) == ("0", "0 of 1")
    peak, most = memory.split(" of ")
    assert most == "256"
    assert 0 < int(peak) < 256


@contextmanager
def watching(directory: Path | str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`lambent top` on a terminal: what it shows there, and the process."""
    command = [sys.executable, "-m", "lambent", "top", "--interval", "0.2"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*command, "--data-dir", str(directory)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "150", "LINES": "30"},
    ) as process:
        os.close(theirs)
        try:
            yield ours, process
        finally:
            process.kill()
            os.close(ours)


def test_on_a_terminal_it_renews_itself_until_it_is_interrupted(
    watched: Any, functions: Any
) -> None:
    functions.invoke(FunctionName="f", Payload=b"0")
    with watching(watched.platform.data_dir.path) as (terminal, process):
        read_until(terminal, rb"since the start")
        functions.invoke(FunctionName="f", Payload=b"0")
        read_until(terminal, rb"in the last \d+ s")
        read_until(terminal, rb"f +\d+\.\d +1 +0 ")
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0


def test_it_waits_for_a_platform_that_goes_away_and_comes_back(watched: Any) -> None:
    platform = watched.platform
    with watching(platform.data_dir.path) as (terminal, process):
        read_until(terminal, rb"since the start")
        watched.run(platform.server.close())
        read_until(terminal, rb"no platform answers at")
        platform.server.is_closing = False
        watched.run(platform.server.listen(*platform.address))
        read_until(terminal, rb"in the last \d+ s")
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0


def read_until(terminal: int, pattern: bytes) -> None:
    said, deadline = b"", time.monotonic() + LIMIT_S
    ready = select.poll()  # select() knows 1,024 descriptors, of which the other tests have many
    ready.register(terminal, select.POLLIN)
    while not re.search(pattern, said):
        left = deadline - time.monotonic()
        assert left > 0, said.split()[-20:]
        if ready.poll(left * 1000):
            said += re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", os.read(terminal, 65536))


def test_without_a_terminal_it_wants_to_be_asked_for_one_table(tmp_path: Path) -> None:
    shown = top(tmp_path)
    assert (shown.exit_code, shown.output) == (1, "Error: this is no terminal: use --once\n")


def test_without_a_platform_it_says_so_in_a_line(tmp_path: Path) -> None:
    shown = top(tmp_path, "--once")
    assert shown.exit_code == 1
    assert shown.output == (
        f"Error: {tmp_path} has not been used by `lambent up` yet; "
        "--data-dir or LAMBENT_DATA_DIR names another directory\n"
    )


def test_a_platform_that_is_gone_is_a_line(start_platform: Callable[..., Any]) -> None:
    with start_platform(isolation="none") as running:
        directory, endpoint = running.platform.data_dir.path, running.platform.endpoint
        host, port = running.platform.address
        running.run(running.platform.server.close())
        with socket.socket() as probe:
            assert probe.connect_ex((host, port)) != 0
        shown = top(directory, "--once")
    assert shown.exit_code == 1
    assert shown.output.startswith(f"Error: no platform answers at {endpoint}: ")
    assert shown.output.count("\n") == 1


def test_the_token_is_the_one_of_the_settings(start_platform: Callable[..., Any]) -> None:
    with start_platform(isolation="none", metrics_token="secret") as running:
        directory = running.platform.data_dir.path
        refused = top(directory, "--once")
        shown = top(directory, "--once", LAMBENT_METRICS_TOKEN="secret")
    message = "/_lambent/overview wants the token of the setting metrics_token"
    assert (refused.exit_code, refused.output) == (1, f"Error: {message}\n")
    assert shown.exit_code == 0, shown.output

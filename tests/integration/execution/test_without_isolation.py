"""Runtimes that are executed, with `--isolation none`: the host's network, code where it lies."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(90)]
BOOTSTRAP = """#!/usr/bin/python3
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    call, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], answer.read()
    body = json.dumps([os.getcwd() == os.environ["LAMBDA_TASK_ROOT"], json.loads(event)])
    api.request("POST", f"/2018-06-01/runtime/invocation/{call}/response", body)
    api.getresponse().read()
"""
PYTHON = (
    "import os, sys\ndef handler(e, c): return [os.getcwd() == os.environ['LAMBDA_TASK_ROOT'], e]"
)
NODE = "exports.handler = async (e) => [process.cwd() === process.env.LAMBDA_TASK_ROOT, e]"


RUBY = "def handler(event:, context:) = [Dir.pwd == ENV['LAMBDA_TASK_ROOT'], event]"


@pytest.fixture(scope="module")
def unconfined(make_functions: Callable[..., Any]) -> Iterator[Any]:
    directory = Path(tempfile.mkdtemp(prefix="lambent-test-"))
    directory.chmod(0o755)
    made = make_functions(directory, "none")
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize(
    ("runtime", "files", "environment"),
    [
        ("provided.al2023", {"bootstrap": BOOTSTRAP}, {}),
        ("python3.11", {"app.py": PYTHON}, {"PYTHONHASHSEED": "0"}),
        ("nodejs20.x", {"app.js": NODE}, {}),
        ("nodejs20.x", {"app.js": NODE}, {"NODE_OPTIONS": "--no-warnings"}),
        ("ruby3.3", {"app.rb": RUBY}, {}),
        ("ruby3.3", {"app.rb": RUBY}, {"RUBYOPT": "-W1"}),
    ],
)
def test_runtimes_work_where_nothing_is_isolated(
    unconfined: Any,
    lacking: Callable[[str], Any],
    runtime: str,
    files: dict[str, str],
    environment: dict[str, str],
) -> None:
    if runtime not in unconfined.runtimes:
        lacking(f"nothing serves {runtime}")
    spec = unconfined.make(runtime, files, environment=environment)
    assert unconfined.answer(spec, {"a": 1}) == [True, {"a": 1}]
    other = unconfined.make(runtime, files, environment=environment)  # at the same time
    assert unconfined.answer(other, 2) == [True, 2]
    assert unconfined.answer(spec, 3) == [True, 3]


def test_java_works_where_nothing_is_isolated(unconfined: Any, java_echo: dict[str, bytes]) -> None:
    spec = unconfined.make("java17", java_echo, handler="Echo::run", memory_mib=256)
    assert unconfined.answer(spec, {"a": 1}) == [True, {"a": 1}]

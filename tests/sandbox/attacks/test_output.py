"""Floods: what a function writes to its log may cost it time, but costs core neither memory nor its other functions."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_PIECES_OF_A_GIB = 1 << 14  # of 64 KiB
_SOURCE = """
import os
def handler(event, context):
    piece = (event["line"] * (1 << 16))[: 1 << 16].encode()
    for _ in range(event["pieces"]):
        left = memoryview(piece)
        while left:
            left = left[os.write(1, left) :]
    return "done"
"""


@pytest.fixture
def client(aws: Callable[..., Any]) -> Any:
    client = aws("lambda")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", _SOURCE)
    client.create_function(
        FunctionName="flood",
        Runtime="python3.11",
        Role=execution_role(client),
        Handler="app.handler",
        Code={"ZipFile": buffer.getvalue()},
        MemorySize=1769,
        Timeout=60,
    )
    return client


def _invoke(client: Any, line: str, pieces: int) -> bytes:
    """Its log, as the caller is shown it."""
    event = json.dumps({"line": line, "pieces": pieces})
    answer = client.invoke(FunctionName="flood", Payload=event, LogType="Tail")
    assert json.loads(answer["Payload"].read()) == "done"
    return base64.b64decode(answer["LogResult"])


def _peak_mib() -> float:
    """The highest resident size of this process, which is core here, since the last `_forget_peak`."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("line", "pieces"),
    [("x" * 4095 + "\n", _PIECES_OF_A_GIB), ("x", 2048), ("\n", 4), ("\r", 256)],
    ids=["lines", "one line", "empty lines", "carriage returns"],
)
def test_a_flood_of_output_does_not_fill_core(client: Any, line: str, pieces: int) -> None:
    _invoke(client, line, 1)
    _forget_peak()
    before = _peak_mib()
    log = _invoke(client, line, pieces)
    assert len(log) <= 4096  # AWS's tail
    assert b"REPORT RequestId" in log
    assert _peak_mib() - before < 64
    assert _invoke(client, "after\n", 0).startswith(b"START")

"""The screen of `lambent top` in terminals of different widths."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lambent.cli import top

FUNCTION = {
    "account": "123456789012",
    "region": "us-east-1",
    "invocations": 1_234_567,
    "errors": 12,
    "throttles": 345,
    "durations": [[5, 1000], [60, 20]],
    "running": 12,
    "busy": 12,
    "idle": 40,
    "memory_mib": 1769,
    "peak_mib": 1234,
}
LOOK = {
    "uptime_s": 3600.0,
    "core_memory_bytes": 100_000_000,
    "running": 12,
    "waiting": 0,
    "pooled": 2,
    "functions": [
        FUNCTION | {"function": "a-function-with-a-name-as-long-as-names-are-in-real-life"},
        FUNCTION | {"function": "f", "invocations": 1},
    ],
}


def shown(width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(top._screen("http://127.0.0.1:4566", LOOK, None, None, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 90])
def test_a_usual_terminal_shows_every_number(width: int) -> None:
    _, _, head, long, short, *_ = shown(width)
    assert head.split() == [
        "function",
        "calls/s",
        "calls",
        "errors",
        "429s",
        "p50",
        "p99",
        "run",
        "busy",
        "MB",
    ]
    numbers = long.split()[1:]
    assert numbers[1:4] == ["1234567", "12", "345"]
    assert numbers[-3:] == ["12", "12/52", "1234/1769"]
    assert "\N{HORIZONTAL ELLIPSIS}" in long.split()[0]
    assert short.split()[0] == "f"
    assert max(map(len, shown(width))) <= width


def test_a_wide_one_has_room_for_words() -> None:
    _, _, head, long, *_ = shown(160)
    assert "environments" in head
    assert "a-function-with-a-name-as-long-as-names-are-in-real-life" in long
    assert "12 of 52" in long

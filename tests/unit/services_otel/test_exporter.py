"""The exporter keeps no more than it should, and no payloads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from lambent.core.clock import SystemClock
from lambent.execution.spec import FunctionSpec, Invocation, Outcome
from lambent.services.otel import exporter
from lambent.services.otel.spans import note

if TYPE_CHECKING:
    from lambent.core.figures import Family

SPEC = FunctionSpec(
    key="f",
    runtime="python3.11",
    handler="app.handler",
    code="c",
    memory_mib=128,
    timeout_s=3,
    function_name="f",
    function_version="1",
    function_arn="arn",
    region="r",
    log_group="g",
)
INVOCATION = Invocation("id", b"{}", "arn:1")


async def no_figures() -> list[Family]:
    return []


def ended(*, is_error: bool, payload: bytes = b"{}") -> Outcome:
    return Outcome(payload, is_error, b"", 5.0, 5, None, 10)


def test_what_finds_no_place_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "MOST_WAITING", 3)

    async def run() -> None:
        made = exporter.OtelExporter("http://127.0.0.1:9", {}, no_figures, SystemClock(), "1")
        for _ in range(5):
            made.ended(SPEC, INVOCATION, ended(is_error=False), 1)
        assert (made.sent, made.dropped) == (0, 2)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [
        (ended(is_error=False, payload=b"x" * 100), None),
        (ended(is_error=True, payload=b'{"errorType": "E"}'), b'{"errorType": "E"}'),
        (ended(is_error=True, payload=b"x" * 1_000_000), b""),
    ],
)
def test_no_answer_is_kept_but_that_of_an_error(outcome: Outcome, kept: bytes | None) -> None:
    assert note(SPEC, INVOCATION, outcome, 1).error == kept

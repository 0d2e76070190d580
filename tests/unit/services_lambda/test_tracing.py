"""Which traces of functions with active tracing are recorded: the first of a second, and 5 % of the others."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.core.clock import VirtualClock
from lambent.execution.spec import Invocation
from lambent.services.lambda_.tracing import Tracing

if TYPE_CHECKING:
    import pytest


def function(name: str, mode: str = "Active") -> Any:
    settings = SimpleNamespace(tracing_mode=mode)
    return SimpleNamespace(arn=name, function=SimpleNamespace(settings=settings))


def header(traces: Tracing, entry: Any, given: str = "") -> str:
    invocation = Invocation("id", b"", "arn")
    traces.mark(invocation, given, entry)
    assert invocation.caller_trace == ""
    return invocation.trace_id


def is_sampled(traces: Tracing, entry: Any) -> bool:
    return header(traces, entry).endswith("Sampled=1")


def test_the_first_of_each_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "fraction", lambda: 0.9)
    clock = VirtualClock()
    traces = Tracing(clock)
    f, g = function("f"), function("g")
    assert [is_sampled(traces, each) for each in (f, f, g, f)] == [True, False, True, False]
    clock.advance(timedelta(seconds=1))
    assert [is_sampled(traces, each) for each in (f, f)] == [True, False]


def test_5_percent_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([0.049, 0.05])
    monkeypatch.setattr(ids, "fraction", lambda: next(shares))
    traces = Tracing(VirtualClock())
    f = function("f")
    assert [is_sampled(traces, f) for _ in range(3)] == [True, True, False]


def test_none_of_a_function_that_only_passes_through() -> None:
    traces = Tracing(VirtualClock())
    assert not is_sampled(traces, function("f", "PassThrough"))


def test_what_no_trace_can_be_is_not_passed_on() -> None:
    traces, f = Tracing(VirtualClock()), function("f", "PassThrough")
    longest = "Own=" + "x" * 1020
    assert header(traces, f, longest) == longest
    assert header(traces, f, longest + "x").startswith("Root=")


def test_where_invocations_are_spans_the_function_is_told_of_its_own() -> None:
    traces = Tracing(VirtualClock(), makes_spans=True)
    given = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    first, second = Invocation("1", b"", "arn"), Invocation("2", b"", "arn")
    for each in (first, second):
        traces.mark(each, given, function("f"))
        assert each.caller_trace == given
    assert first.trace_id != second.trace_id
    assert first.trace_id.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=")
    assert first.trace_id.endswith(";Sampled=1")

"""What is counted of functions, and by which dimensions it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambent.core.context import Scope
from lambent.execution.spec import PROVISIONED, FunctionSpec, Invocation, Outcome
from lambent.services.lambda_.function_metrics import FunctionMetrics

if TYPE_CHECKING:
    from lambent.core.ports import MetricSummary

ARN = "arn:aws:lambda:eu-west-1:111111111111:function:f"
SPEC = FunctionSpec(
    key="f:1",
    runtime="python3.11",
    handler="app.handler",
    code="c" * 64,
    memory_mib=128,
    timeout_s=3,
    function_name="f",
    function_version="$LATEST",
    function_arn=ARN,
    region="eu-west-1",
    log_group="/aws/lambda/f",
    account_id="111111111111",
)
SCOPE = Scope("111111111111", "eu-west-1")
MINUTE_MS = 60_000
Named = dict[tuple[str, ...], tuple[float, float]]


def metrics() -> FunctionMetrics:
    counted = FunctionMetrics()
    counted.watch(lambda spec: (2, 5, 3), lambda spec: (0, 0))
    return counted


def end(
    counted: FunctionMetrics,
    arn: str = ARN,
    *,
    spec: FunctionSpec = SPEC,
    ms: float = 10,
    is_error: bool = False,
    now_ms: int = MINUTE_MS,
) -> None:
    outcome = Outcome(b"", is_error, b"", ms, 10, None, 40)
    counted.ended(spec, Invocation("id", b"", arn), outcome, now_ms)


def named(found: list[MetricSummary], name: str) -> Named:
    """Values of the dimensions -> number and sum, of a metric."""
    return {
        tuple(value for _, value in each.dimensions): (each.spread.count, each.spread.total)
        for each in found
        if each.name == name
    }


def test_invocations_errors_and_durations_by_function_resource_and_account() -> None:
    counted = metrics()
    end(counted, ms=10)
    end(counted, ms=30, is_error=True)
    found = list(counted.drain())
    assert {(each.scope, each.namespace, each.minute) for each in found} == {
        (SCOPE, "AWS/Lambda", 1)
    }
    everywhere = ((), ("f",), ("f", "f"))
    assert named(found, "Invocations") == dict.fromkeys(everywhere, (2, 2))
    assert named(found, "Errors") == dict.fromkeys(everywhere, (2, 1))
    assert named(found, "Throttles") == dict.fromkeys(everywhere, (2, 0))
    assert named(found, "Duration") == dict.fromkeys(everywhere, (2, 40))
    assert named(found, "ConcurrentExecutions") == {(): (1, 5), ("f",): (1, 2), ("f", "f"): (1, 2)}
    assert named(found, "UnreservedConcurrentExecutions") == {(): (1, 3)}
    assert list(counted.drain()) == []


def test_an_alias_tells_the_version_that_ran() -> None:
    counted = metrics()
    end(counted, f"{ARN}:PROD", spec=replace(SPEC, function_version="1"))
    end(counted, f"{ARN}:PROD", spec=replace(SPEC, function_version="2"))
    end(counted, f"{ARN}:2", spec=replace(SPEC, function_version="2"))
    assert named(list(counted.drain()), "Invocations") == {
        (): (3, 3),
        ("f",): (3, 3),
        ("f", "f:PROD"): (2, 2),
        ("f", "f:PROD", "1"): (1, 1),
        ("f", "f:PROD", "2"): (1, 1),
        ("f", "f:2"): (1, 1),
    }


def test_throttles_are_no_invocations() -> None:
    counted = metrics()
    counted.throttled(SPEC, Invocation("id", b"", ARN), MINUTE_MS)
    found = list(counted.drain())
    assert named(found, "Throttles")["f",] == (1, 1)
    assert {each.name for each in found} == {"Throttles"}
    end(counted)
    counted.throttled(SPEC, Invocation("id", b"", ARN), MINUTE_MS)
    assert named(list(counted.drain()), "Throttles")["f",] == (2, 1)


def test_invocations_of_what_is_provisioned_are_counted_apart() -> None:
    used = iter([(1, 4), (4, 4), (4, 4)])
    counted = FunctionMetrics()
    counted.watch(lambda spec: (2, 5, 3), lambda spec: next(used))
    provisioned = replace(SPEC, initialization=PROVISIONED, function_version="2")
    end(counted, f"{ARN}:2", spec=provisioned)
    end(counted, f"{ARN}:2", spec=provisioned)
    end(counted, f"{ARN}:2", spec=replace(SPEC, function_version="2"))
    found = list(counted.drain())
    everywhere = ((), ("f",), ("f", "f:2"))
    assert named(found, "ProvisionedConcurrencyInvocations") == dict.fromkeys(everywhere, (2, 2))
    spilled = named(found, "ProvisionedConcurrencySpilloverInvocations")
    assert spilled == dict.fromkeys(everywhere, (1, 1))
    executions = named(found, "ProvisionedConcurrentExecutions")
    assert executions == dict.fromkeys(everywhere, (3, 9))
    utilization = named(found, "ProvisionedConcurrencyUtilization")
    assert utilization == dict.fromkeys(everywhere[1:], (3, 2.25))


def test_without_provisioned_concurrency_there_is_nothing_of_it() -> None:
    counted = metrics()
    end(counted)
    assert not [each for each in counted.drain() if each.name.startswith("Provisioned")]


def test_minutes_are_apart() -> None:
    counted = metrics()
    end(counted, now_ms=MINUTE_MS)
    end(counted, now_ms=2 * MINUTE_MS - 1)
    end(counted, now_ms=2 * MINUTE_MS)
    found = [each for each in counted.drain() if each.name == "Invocations" and not each.dimensions]
    assert [(each.minute, each.spread.count) for each in found] == [(1, 2), (2, 1)]


def test_what_is_rarer_is_noted_by_its_name() -> None:
    counted = metrics()
    counted.note(SCOPE, "f", "PROD", "AsyncEventAge", 250, "Milliseconds", MINUTE_MS)
    counted.note(SCOPE, "f", "PROD", "AsyncEventAge", 350, "Milliseconds", MINUTE_MS)
    found = list(counted.drain())
    assert {each.unit for each in found} == {"Milliseconds"}
    assert named(found, "AsyncEventAge") == dict.fromkeys(((), ("f",), ("f", "f:PROD")), (2, 600))

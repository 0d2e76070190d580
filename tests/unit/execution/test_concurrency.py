"""Who is admitted, and why not."""

from __future__ import annotations

from lambent.execution.concurrency import Concurrency
from lambent.execution.spec import FunctionSpec, Throttled


def _spec(name: str, account_id: str = "1") -> FunctionSpec:
    return FunctionSpec(
        key=name,
        runtime="python3.12",
        handler="a.b",
        code="c",
        memory_mib=128,
        timeout_s=3,
        function_name=name,
        function_version="$LATEST",
        function_arn=f"arn:{account_id}:{name}",
        region="r",
        log_group="g",
        account_id=account_id,
    )


def _admit(concurrency: Concurrency, spec: FunctionSpec) -> str:
    """The reason of the refusal, or ""."""
    try:
        concurrency.admit(spec)
    except Throttled as throttled:
        return throttled.reason
    return ""


def test_a_reservation_is_a_ceiling_and_a_floor() -> None:
    concurrency = Concurrency(3)
    f, g = _spec("f"), _spec("g")
    concurrency.reserve(f.function_arn, "1", 1)
    assert _admit(concurrency, f) == ""
    assert _admit(concurrency, f) == "ReservedFunctionConcurrentInvocationLimitExceeded"
    # Of three, one is set aside, whether or not it is in use.
    assert [_admit(concurrency, g) for _ in range(3)] == [
        "",
        "",
        "ConcurrentInvocationLimitExceeded",
    ]
    concurrency.leave(f)
    assert _admit(concurrency, g) == "ConcurrentInvocationLimitExceeded"
    assert _admit(concurrency, f) == ""
    assert concurrency.running == 3


def test_zero_stops_a_function_and_nobody_else() -> None:
    concurrency = Concurrency(1)
    concurrency.reserve(_spec("f").function_arn, "1", 0)
    assert _admit(concurrency, _spec("f")) == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert _admit(concurrency, _spec("g")) == ""
    assert _admit(concurrency, _spec("g", "2")) == ""


def test_a_reservation_may_come_and_go_while_calls_run() -> None:
    concurrency = Concurrency(2)
    f, g = _spec("f"), _spec("g")
    concurrency.admit(f)
    concurrency.reserve(f.function_arn, "1", 1)  # the running call is now its own
    assert [_admit(concurrency, g) for _ in range(2)] == ["", "ConcurrentInvocationLimitExceeded"]
    concurrency.reserve(f.function_arn, "1", None)  # and now the account's again
    assert _admit(concurrency, g) == "ConcurrentInvocationLimitExceeded"
    concurrency.leave(f)
    assert _admit(concurrency, f) == ""
    concurrency.leave(f)
    concurrency.leave(g)
    assert concurrency.running == 0
    assert concurrency._running == {}
    assert concurrency._unreserved == {}

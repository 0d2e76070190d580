"""Which runtimes a function may be given."""

from __future__ import annotations

import pytest

from lambent.execution.runtimes.table import Runtimes
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.runtime_policy import RuntimePolicy

RUNTIMES = Runtimes(
    {
        "python3.12": {"language": "python", "interpreter": "/py", "version": "3.12.1", "exact": True},
        "python3.9": {"language": "python", "interpreter": "/py", "version": "3.12.1", "exact": False},
        "nodejs": {"language": "node", "interpreter": "/node", "version": "20.1.0", "exact": False},
    }
)  # fmt: skip


def test_a_retired_runtime_is_refused_where_that_is_wanted() -> None:
    policy = RuntimePolicy(RUNTIMES, refuses_retired=True)
    with pytest.raises(InvalidParameterValue) as refused:
        policy.admit("nodejs", "arn")
    assert refused.value.message == (
        "The runtime parameter of nodejs is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions."
    )
    assert RuntimePolicy(RUNTIMES).admit("nodejs", "arn").interpreter == "/node"


def test_the_nearest_version_is_refused_where_strictness_is_wanted() -> None:
    policy = RuntimePolicy(RUNTIMES, is_strict=True)
    assert policy.admit("python3.12", "arn").name == "python3.12"
    with pytest.raises(InvalidParameterValue, match=r"the nearest is python 3\.12\.1"):
        policy.admit("python3.9", "arn")


def test_what_is_no_runtime_at_all_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidParameterValue) as refused:
        RuntimePolicy(RUNTIMES).admit("nodejs10.10", "arn")
    message = str(refused.value.message)
    before, _, after = message.partition("[")
    assert before == (
        "Value nodejs10.10 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
    )
    listed, _, end = after.partition("]")
    assert end == " or be a valid ARN"
    assert "python3.12" in listed.split(", ")
    assert "python3.9" not in listed.split(", ")  # retired


def test_a_runtime_without_interpreter_says_what_was_looked_for() -> None:
    with pytest.raises(InvalidParameterValue, match=r"no interpreter for the runtime nodejs20\.x"):
        RuntimePolicy(RUNTIMES).admit("nodejs20.x", "arn")


def test_the_version_arn_is_that_of_the_interpreter() -> None:
    policy = RuntimePolicy(RUNTIMES)
    arn = policy.version_arn("python3.12", "eu-west-1")
    assert arn is not None
    assert arn.startswith("arn:aws:lambda:eu-west-1::runtime:")
    assert policy.version_arn("python3.9", "eu-west-1") == arn
    assert policy.version_arn("nodejs", "eu-west-1") != arn
    assert policy.version_arn("ruby3.4", "eu-west-1") is None

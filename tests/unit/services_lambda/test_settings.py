"""Defaults, limits and changes of a function's settings."""

from __future__ import annotations

from typing import Any

import pytest

from lambent.core.errors import ValidationFailed
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.model import Settings
from lambent.services.lambda_.settings import changed_settings, new_settings

MINIMUM = {"Runtime": "python3.12", "Handler": "a.b", "Role": "arn:aws:iam::123456789012:role/r"}


def test_what_is_not_given_has_the_defaults_of_aws() -> None:
    settings = new_settings(MINIMUM)
    assert settings == Settings("python3.12", "arn:aws:iam::123456789012:role/r", "a.b")
    assert (settings.timeout_s, settings.memory_mib, settings.description) == (3, 128, "")
    assert (settings.architecture, settings.tracing_mode) == ("x86_64", "PassThrough")


@pytest.mark.parametrize("missing", ["Runtime", "Handler"])
def test_a_zip_needs_runtime_and_handler(missing: str) -> None:
    with pytest.raises(InvalidParameterValue) as refused:
        new_settings({**MINIMUM, missing: ""})
    assert refused.value.message == (
        "Runtime and Handler are mandatory parameters for functions created with deployment packages."
    )


def test_every_member_given_is_taken() -> None:
    given = {
        **MINIMUM,
        "Description": "d",
        "Timeout": 900,
        "MemorySize": 10240,
        "Environment": {"Variables": {"A1": "b"}},
        "TracingConfig": {"Mode": "Active"},
        "LoggingConfig": {"LogGroup": "/mine"},
        "Architectures": ["arm64"],
    }
    assert new_settings(given) == Settings(
        runtime="python3.12",
        role="arn:aws:iam::123456789012:role/r",
        handler="a.b",
        description="d",
        timeout_s=900,
        memory_mib=10240,
        environment={"A1": "b"},
        has_environment=True,
        architecture="arm64",
        tracing_mode="Active",
        log_group="/mine",
    )


def test_a_change_leaves_what_it_does_not_mention() -> None:
    before = new_settings({**MINIMUM, "Timeout": 7, "Environment": {"Variables": {"A1": "b"}}})
    after = changed_settings(before, {"MemorySize": 256})
    assert (after.timeout_s, after.memory_mib, after.environment) == (7, 256, {"A1": "b"})


@pytest.mark.parametrize("environment", [{}, {"Variables": {}}])
def test_an_empty_environment_clears_it(environment: dict[str, Any]) -> None:
    before = new_settings({**MINIMUM, "Environment": {"Variables": {"A1": "b"}}})
    assert changed_settings(before, {"Environment": environment}).environment == {}


def test_limits_of_functions_are_named_all_at_once() -> None:
    with pytest.raises(ValidationFailed) as failed:
        new_settings({**MINIMUM, "Timeout": 901, "EphemeralStorage": {"Size": 10241}})
    assert failed.value.message == (
        "2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: "
        "Member must have value less than or equal to 900; Value '10241' at 'ephemeralStorage.size' "
        "failed to satisfy constraint: Member must have value less than or equal to 10240"
    )
    with pytest.raises(ValidationFailed, match=r"^1 validation error detected: Value '901'"):
        new_settings({**MINIMUM, "Timeout": 901})


def test_too_much_memory() -> None:
    """The code: github.com/ubc-cirrus-lab/parrotfish/issues/38; the limit: github.com/badmintoncryer/cdk-preflight."""
    with pytest.raises(ValidationFailed) as failed:
        new_settings({**MINIMUM, "MemorySize": 20000})
    assert failed.value.message == (
        "'MemorySize' value failed to satisfy constraint: "
        "Member must have value less than or equal to 10240"
    )


def test_reserved_variables_are_refused_by_name() -> None:
    variables = {"A1": "x", "AWS_REGION": "x", "LAMBDA_TASK_ROOT": "y"}
    with pytest.raises(InvalidParameterValue) as refused:
        new_settings({**MINIMUM, "Environment": {"Variables": variables}})
    assert refused.value.message == (
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided contains reserved keys that are currently not supported for "
        "modification. Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT"
    )


def test_the_environment_may_measure_4_kb_as_json() -> None:
    # {"A1":"..."} is nine bytes and the value. github.com/badmintoncryer/cdk-preflight (2026-09) measured that, and
    # that AWS has come to name the size where it repeated the variables.
    new_settings({**MINIMUM, "Environment": {"Variables": {"A1": "x" * (4096 - 9)}}})
    with pytest.raises(InvalidParameterValue) as refused:
        new_settings({**MINIMUM, "Environment": {"Variables": {"A1": "x" * (4097 - 9)}}})
    assert refused.value.message == (
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided exceeded the 4KB limit. Measured size: 4097 bytes"
    )


def test_a_null_character_cannot_be_given_to_a_process() -> None:
    with pytest.raises(InvalidParameterValue, match="null character"):
        new_settings({**MINIMUM, "Environment": {"Variables": {"A1": "a\0b"}}})

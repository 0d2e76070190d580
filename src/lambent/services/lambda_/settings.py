"""From the members of a request to the settings of a function: defaults, limits and what belongs together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lambent.core.errors import ValidationFailed
from lambent.services.lambda_ import tenancy
from lambent.services.lambda_.environment_variables import check_environment
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.model import Settings
from lambent.services.lambda_.snap_start import check_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

# The quotas of functions on AWS's own fleet; the model's limits are those of managed instances, which are higher.
_LIMITS = (
    (("Timeout",), "timeout", 900),
    (("EphemeralStorage", "Size"), "ephemeralStorage.size", 10_240),
)
MAX_MEMORY_MIB = 10_240
_MEMBERS = {
    "Runtime": "runtime",
    "Role": "role",
    "Handler": "handler",
    "Description": "description",
    "Timeout": "timeout_s",
    "MemorySize": "memory_mib",
}

# Both lists are empty: `unserved` refuses others.
_VPC = {"SubnetIds", "SecurityGroupIds"}
_LEVELS = {
    "ApplicationLogLevel": "application_log_level",
    "SystemLogLevel": "system_log_level",
}


def new_settings(request: Mapping[str, Any]) -> Settings:
    """The settings of a new function. Raises ValidationFailed, InvalidParameterValue."""
    if not request.get("Runtime") or not request.get("Handler"):
        raise InvalidParameterValue(
            "Runtime and Handler are mandatory parameters for functions created with "
            "deployment packages."
        )
    tenancy_mode = request.get("TenancyConfig", {}).get("TenantIsolationMode", "")
    settings = Settings(runtime="", role="", handler="", tenant_isolation=tenancy_mode)
    return changed_settings(settings, request)


def changed_settings(settings: Settings, request: Mapping[str, Any]) -> Settings:
    """`settings` with what the request gives; what it does not mention stays. Raises as `new_settings`."""
    _check_limits(request)
    changes = {ours: request[theirs] for theirs, ours in _MEMBERS.items() if theirs in request}
    if "Environment" in request:
        changes |= _environment(request["Environment"])
    if request.get("VpcConfig", {}).keys() >= _VPC:
        changes["has_vpc_config"] = True
    if mode := request.get("TracingConfig", {}).get("Mode"):
        changes["tracing_mode"] = mode
    if logging := request.get("LoggingConfig"):
        changes |= _logging(settings, logging)
    if size := request.get("EphemeralStorage", {}).get("Size"):
        changes["ephemeral_mib"] = size
    if "DeadLetterConfig" in request:
        changes["dead_letter_arn"] = request["DeadLetterConfig"].get("TargetArn", "")
    if apply_on := request.get("SnapStart", {}).get("ApplyOn"):
        changes["snap_start"] = apply_on
    if "KMSKeyArn" in request:
        changes["kms_key_arn"] = request["KMSKeyArn"]
    if architectures := request.get("Architectures"):
        changes["architecture"] = architectures[0]
    changed = replace(settings, **changes)
    check_settings(changed)
    tenancy.check_settings(changed)
    return changed


def _environment(given: Mapping[str, Any]) -> dict[str, Any]:
    variables = given.get("Variables", {})
    check_environment(variables)
    changes: dict[str, Any] = {"environment": dict(variables)}
    return changes | {"has_environment": True} if "Variables" in given else changes


def _logging(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given changes what was there. Levels are for JSON alone: INFO where none was set, gone with JSON."""
    log_format = given.get("LogFormat") or settings.log_format
    levels = {ours: given.get(theirs, "") for theirs, ours in _LEVELS.items()}
    if log_format != "JSON":
        if any(levels.values()):
            raise InvalidParameterValue(
                'LogLevel is not supported when LogFormat is set to "Text". '
                'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.'
            )
    else:
        levels = {
            name: level or getattr(settings, name) or "INFO" for name, level in levels.items()
        }
    log_group = given.get("LogGroup") or settings.log_group
    if log_group.lower().startswith("aws/"):
        raise InvalidParameterValue(
            "Log groups starting with AWS/ are reserved for AWS. "
            "Update the LogGroup value and try again."
        )
    return {"log_format": log_format, "log_group": log_group, **levels}


def _check_limits(request: Mapping[str, Any]) -> None:
    violations = []
    for path, name, maximum in _LIMITS:
        value: Any = request
        for member in path:
            value = value.get(member, {})
        if isinstance(value, int) and value > maximum:
            violations.append(
                f"Value '{value}' at '{name}' failed to satisfy constraint: "
                f"Member must have value less than or equal to {maximum}"
            )
    if violations:
        count = len(violations)
        noun = "error" if count == 1 else "errors"
        raise ValidationFailed(f"{count} validation {noun} detected: {'; '.join(violations)}")
    if request.get("MemorySize", 0) > MAX_MEMORY_MIB:
        # Not worded as the others: it is a quota of the account.
        raise ValidationFailed(
            "'MemorySize' value failed to satisfy constraint: "
            f"Member must have value less than or equal to {MAX_MEMORY_MIB}"
        )

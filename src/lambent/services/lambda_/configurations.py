"""FunctionConfiguration, the shape in which most operations answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from lambent.services.lambda_.timestamps import last_modified

if TYPE_CHECKING:
    from types_boto3_lambda.literals import (
        ApplicationLogLevelType,
        ArchitectureType,
        RuntimeType,
        StateReasonCodeType,
        SystemLogLevelType,
    )
    from types_boto3_lambda.type_defs import FunctionConfigurationTypeDef, LoggingConfigTypeDef

    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.runtime_policy import RuntimePolicy

# AWS gives the same reason for the first preparation and for those after an update.
_REASON = "The function is being created."
_REASON_CODE: Final = "Creating"


def listed(function: Function, qualifier: str = "") -> FunctionConfigurationTypeDef:
    """As ListFunctions shows a function: settings, no state. The ARN ends with the qualifier that is given."""
    settings = function.settings
    configuration: FunctionConfigurationTypeDef = {
        "FunctionName": function.name,
        "FunctionArn": f"{function.arn}:{qualifier}" if qualifier else function.arn,
        "Runtime": cast("RuntimeType", settings.runtime),
        "Role": settings.role,
        "Handler": settings.handler,
        "CodeSize": function.code.size,
        "Description": settings.description,
        "Timeout": settings.timeout_s,
        "MemorySize": settings.memory_mib,
        "LastModified": last_modified(function.modified_ms),
        "CodeSha256": function.code.sha256,
        "Version": function.qualifier,
        "TracingConfig": {"Mode": settings.tracing_mode},
        "RevisionId": function.revision_id,
        "PackageType": "Zip",
        "Architectures": [cast("ArchitectureType", settings.architecture)],
        "EphemeralStorage": {"Size": settings.ephemeral_mib},
        "SnapStart": {
            "ApplyOn": settings.snap_start,
            "OptimizationStatus": "On" if function.snapshot and function.snapshot.is_on else "Off",
        },
        "LoggingConfig": _logging(function),
    }
    if settings.environment or settings.has_environment:
        configuration["Environment"] = {"Variables": dict(settings.environment)}
    if settings.has_vpc_config:
        configuration["VpcConfig"] = {
            "SubnetIds": [],
            "SecurityGroupIds": [],
            "VpcId": "",
            "Ipv6AllowedForDualStack": False,
        }
    if settings.tenant_isolation:
        configuration["TenancyConfig"] = {"TenantIsolationMode": settings.tenant_isolation}
    if settings.kms_key_arn:
        configuration["KMSKeyArn"] = settings.kms_key_arn
    if settings.dead_letter_arn:
        configuration["DeadLetterConfig"] = {"TargetArn": settings.dead_letter_arn}
    if settings.layers:
        configuration["Layers"] = [
            {"Arn": layer.arn, "CodeSize": layer.size} for layer in settings.layers
        ]
    return configuration


def configuration(
    function: Function, policy: RuntimePolicy, qualifier: str = ""
) -> FunctionConfigurationTypeDef:
    """The whole configuration, with state and runtime version."""
    document = listed(function, qualifier)
    document["State"] = function.state
    if function.state == "Pending":
        document["StateReason"] = _REASON
        document["StateReasonCode"] = _REASON_CODE
    elif function.snapshot and function.snapshot.reason:
        document["StateReason"] = function.snapshot.reason
        if function.snapshot.reason_code:
            document["StateReasonCode"] = cast("StateReasonCodeType", function.snapshot.reason_code)
    if function.update is not None:
        document["LastUpdateStatus"] = function.update
    if function.update == "InProgress":
        document["LastUpdateStatusReason"] = _REASON
        # AWS answers a code that its own model does not list.
        document["LastUpdateStatusReasonCode"] = _REASON_CODE  # type: ignore[typeddict-item]
    version_arn = policy.version_arn(function.settings.runtime, function.scope.region)
    if version_arn is not None:
        document["RuntimeVersionConfig"] = {"RuntimeVersionArn": version_arn}
    return document


def _logging(function: Function) -> LoggingConfigTypeDef:
    settings = function.settings
    document: LoggingConfigTypeDef = {
        "LogFormat": settings.log_format,
        "LogGroup": function.log_group,
    }
    if settings.log_format == "JSON":
        document["ApplicationLogLevel"] = cast(
            "ApplicationLogLevelType", settings.application_log_level
        )
        document["SystemLogLevel"] = cast("SystemLogLevelType", settings.system_log_level)
    return document

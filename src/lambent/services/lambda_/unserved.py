"""Parameters that have no effect here yet are refused by name, never accepted and dropped.

The tables list what *is* served, so that a member which a newer service model adds is refused until someone has
thought about it. A member that asks for nothing (`false`, `""`, `[]`, or a structure of such) passes: many tools send
those for what their user left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTINGS = {
    "FunctionName",
    "Runtime",
    "Role",
    "Handler",
    "Description",
    "Timeout",
    "MemorySize",
    "Environment.Variables",
    "TracingConfig.Mode",
    "EphemeralStorage.Size",
    "LoggingConfig.LogGroup",
    "LoggingConfig.LogFormat",
    "LoggingConfig.ApplicationLogLevel",
    "LoggingConfig.SystemLogLevel",
    "KMSKeyArn",
    "DeadLetterConfig.TargetArn",
    "Layers",
    "SnapStart.ApplyOn",
}
_CODE = {"ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"}

_INVOCATION = frozenset(
    {
        "FunctionName",
        "InvocationType",
        "LogType",
        "ClientContext",
        "Payload",
        "Qualifier",
        "TenantId",
    }
)

SERVED: Mapping[str, frozenset[str]] = {
    "CreateFunction": frozenset(
        {*_SETTINGS, "PackageType", "Architectures", "Tags", "Publish", "CodeSigningConfigArn"}
        | {"TenancyConfig.TenantIsolationMode"}
        | {f"Code.{name}" for name in _CODE}
    ),
    "UpdateFunctionConfiguration": frozenset({*_SETTINGS, "RevisionId"}),
    "UpdateFunctionCode": frozenset(
        {*_CODE, "FunctionName", "Architectures", "DryRun", "RevisionId", "Publish"}
    ),
    "PublishVersion": frozenset({"FunctionName", "CodeSha256", "Description", "RevisionId"}),
    "PublishLayerVersion": frozenset(
        {"LayerName", "Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo"}
        | {f"Content.{name}" for name in _CODE - {"ImageUri"}}
    ),
    "ListFunctions": frozenset({"FunctionVersion", "Marker", "MaxItems"}),
    "InvokeWithResponseStream": _INVOCATION,
    "Invoke": _INVOCATION,
}
# Served members of which only some values are: what they may be, beside what asks for nothing.
_ONLY: Mapping[str, object] = {
    "PackageType": "Zip",
}


def refuse_unserved(operation: str, request: Mapping[str, object]) -> None:
    """Raises InvalidParameterValue for the first member of `request` that would have no effect."""
    served = SERVED[operation]
    if served.issuperset(request) and _ONLY.keys().isdisjoint(request):
        return  # nothing nested, nothing limited: nearly every Invoke
    _check_companions(request)
    for path, value in _leaves(request, served):
        if path.startswith("ImageConfig.") and request.get("PackageType", "Zip") == "Zip":
            # In AWS's words, which hold here for every function.
            raise InvalidParameterValue(
                "The ImageConfig parameter is not supported for functions created with deployment "
                "packages."
            )
        if path not in served:
            raise InvalidParameterValue(f"Lambent does not support the parameter '{path}' yet.")
        if path in _ONLY and value != _ONLY[path]:
            raise InvalidParameterValue(
                f"Lambent does not support the value '{value}' of the parameter '{path}' yet: "
                f"only '{_ONLY[path]}' is supported."
            )


def _check_companions(request: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValue, in AWS's words, for a member without the one that belongs to it."""
    network = request.get("VpcConfig", {})
    if bool(network.get("SubnetIds")) != bool(network.get("SecurityGroupIds")):
        raise InvalidParameterValue("SubnetIds and SecurityIds must coexist or be both empty list.")
    if request.get("PackageType") == "Image" and not request.get("Code", {}).get("ImageUri"):
        raise InvalidParameterValue("ImageUri is required.")


def _leaves(
    request: Mapping[str, object], served: frozenset[str], prefix: str = ""
) -> list[tuple[str, object]]:
    """The members that ask for something, nested ones by dotted path; a served member counts as one."""
    found: list[tuple[str, object]] = []
    for name, value in request.items():
        path = prefix + name
        if isinstance(value, dict) and path not in served:
            found += _leaves(value, served, path + ".")
        elif value:
            found.append((path, value))
    return found

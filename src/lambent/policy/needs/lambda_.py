"""AWS Lambda ("Actions, resources, and condition keys for AWS Lambda", Service Authorization Reference; "Fine-tuning
the Resources and Conditions sections of policies", Lambda developer guide).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lambent.policy.needs.rows import (
    Need,
    Needs,
    Resource,
    Where,
    always,
    any_resource,
    arn_in,
    canonical,
    member,
    members,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.policy.needs.rows import Values

# A function as callers name it: a name, a partial or a full ARN, perhaps with a qualifier.
_FUNCTION = re.compile(
    r"(?:arn:[a-zA-Z-]*:lambda:)?(?:([a-z]+(?:-[a-z0-9]+)+):(?=\d{12}:|function:))?(?:(\d{12}):)?(?:function:)?"
    r"([^:]+)(?::(.+))?"
)


def function_arn(where: Where, name: str, qualifier: str = "") -> str:
    """The ARN of the function, version or alias that a request means. Functions of other regions are not reachable,
    which is for the operation to say: they are taken for the caller's own.
    """
    account_id = where.account_id
    found = _FUNCTION.fullmatch(name) if ":" in name else None
    if found is not None:
        name, qualifier = found[3], qualifier or found[4] or ""
        if found[1] in {None, where.region}:
            account_id = found[2] or account_id
    arn = f"arn:aws:lambda:{where.region}:{account_id}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


def function(where: Where) -> str:
    """The function as a whole, whatever qualifier is named."""
    arn = function_arn(where, where.document["FunctionName"])
    return ":".join(arn.split(":", 7)[:7])


def qualified(where: Where) -> str:
    """The function, or the version or alias that the request names."""
    document = where.document
    name, qualifier = document["FunctionName"], document.get("Qualifier")
    if qualifier is None and ":" not in name:
        return f"arn:aws:lambda:{where.region}:{where.account_id}:function:{name}"
    return function_arn(where, name, qualifier or "")


def policy_holder(where: Where) -> str:
    return function_arn(where, where.document["ResourceArn"])


def layer(where: Where) -> str:
    name = where.text("LayerName")
    if name.startswith("arn:"):
        return ":".join(canonical(name).split(":", 7)[:7])
    return f"arn:aws:lambda:{where.region}:{where.account_id}:layer:{name}"


def layer_version(where: Where) -> str:
    return f"{layer(where)}:{where.text('VersionNumber')}"


def _version_arn(arn: str) -> str:
    """Of a layer version: `...:layer:l:01` is the same as `...:layer:l:1`."""
    front, _, number = canonical(arn).rpartition(":")
    return f"{front}:{int(number)}" if number.isdecimal() and len(number) <= 10 else canonical(arn)


def layer_version_by_arn(where: Where) -> str:
    return _version_arn(where.text("Arn"))


def used_layers(where: Where) -> list[str]:
    return [_version_arn(arn) for arn in where.document.get("Layers") or ()]


def mapping(where: Where) -> str:
    uuid = where.text("UUID")
    return f"arn:aws:lambda:{where.region}:{where.account_id}:event-source-mapping:{uuid}"


def capacity_provider(where: Where) -> str:
    name = where.text("CapacityProviderName")
    if name.startswith("arn:"):
        return canonical(name)
    return f"arn:aws:lambda:{where.region}:{where.account_id}:capacity-provider:{name}"


def _remapped(where: Where) -> str | list[str]:
    return mapping(where) if where.text("FunctionName") else []


def tagged(where: Where) -> str:
    text = where.text("Resource")
    return function_arn(where, text) if ":function:" in text else canonical(text)


execution = arn_in("DurableExecutionArn")


def signing_config(where: Where) -> str | list[str]:
    """Configurations are looked for by their id in the region of the request, whatever region their ARN names."""
    parts = where.text("CodeSigningConfigArn").split(":", 5)
    if len(parts) < 6:
        return []
    return f"arn:aws:lambda:{where.region}:{parts[4]}:{parts[5]}"


def code_object(where: Where) -> str | list[str]:
    return _object(where, "Code.")


def new_code_object(where: Where) -> str | list[str]:
    return _object(where, "")


def layer_object(where: Where) -> str | list[str]:
    return _object(where, "Content.")


def _object(where: Where, prefix: str) -> str | list[str]:
    bucket, key = where.text(f"{prefix}S3Bucket"), where.text(f"{prefix}S3Key")
    return f"arn:aws:s3:::{bucket}/{key}" if bucket else []


def _mapped_function(where: Where) -> tuple[str, ...]:
    name = where.text("FunctionName")
    return (function_arn(where, name),) if name else ()


def _tagged_new_function(where: Where) -> str | list[str]:
    return function(where) if where.document.get("Tags") else []


def _with(rows: Mapping[str, Needs], keys: Mapping[str, Values], names: str) -> dict[str, Needs]:
    """The rows of these operations, with further condition keys."""
    return {
        name: (replace(rows[name][0], keys={**rows[name][0].keys, **keys}), *rows[name][1:])
        for name in names.split()
    }


def pass_role(path: str, service: str, about: Resource | None = None) -> Need:
    """Handing a role to a service. Whether the role takes the service is another question (its trust policy)."""
    keys: dict[str, Values] = {"iam:passedtoservice": always(service)}
    if about is not None:
        keys["iam:associatedresourcearn"] = lambda where: (str(about(where)),)
    return Need("iam:PassRole", arn_in(path), keys, is_own_side=True)


_NAMED = named(
    "lambda",
    {
        any_resource: """
            CreateCodeSigningConfig GetAccountSettings ListCapacityProviders ListCodeSigningConfigs
            ListEventSourceMappings ListFunctions ListLayers CreateEventSourceMapping
            SendDurableExecutionCallbackFailure SendDurableExecutionCallbackHeartbeat
            SendDurableExecutionCallbackSuccess
        """,
        function: """
            CreateAlias CreateFunction DeleteAlias DeleteFunctionCodeSigningConfig
            DeleteFunctionConcurrency GetAlias GetFunctionCodeSigningConfig GetFunctionConcurrency
            GetFunctionRecursionConfig InvokeAsync ListAliases ListFunctionEventInvokeConfigs
            ListFunctionUrlConfigs ListProvisionedConcurrencyConfigs ListVersionsByFunction
            PublishVersion PutFunctionCodeSigningConfig PutFunctionConcurrency
            PutFunctionRecursionConfig UpdateAlias UpdateFunctionCode UpdateFunctionConfiguration
        """,
        qualified: """
            AddPermission CreateFunctionUrlConfig DeleteFunction DeleteFunctionEventInvokeConfig
            DeleteFunctionUrlConfig DeleteProvisionedConcurrencyConfig GetFunction
            GetFunctionConfiguration GetFunctionEventInvokeConfig GetFunctionScalingConfig
            GetFunctionUrlConfig GetPolicy GetProvisionedConcurrencyConfig
            GetRuntimeManagementConfig ListDurableExecutionsByFunction
            PutFunctionEventInvokeConfig PutFunctionScalingConfig
            PutProvisionedConcurrencyConfig PutRuntimeManagementConfig RemovePermission
            UpdateFunctionEventInvokeConfig UpdateFunctionUrlConfig
        """,
        policy_holder: "DeleteResourcePolicy GetResourcePolicy PutResourcePolicy",
        layer: "ListLayerVersions PublishLayerVersion",
        layer_version: """
            AddLayerVersionPermission DeleteLayerVersion GetLayerVersion GetLayerVersionPolicy
            RemoveLayerVersionPermission
        """,
        mapping: "DeleteEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping",
        signing_config: """
            DeleteCodeSigningConfig GetCodeSigningConfig ListFunctionsByCodeSigningConfig
            UpdateCodeSigningConfig
        """,
        capacity_provider: """
            CreateCapacityProvider DeleteCapacityProvider GetCapacityProvider
            ListFunctionVersionsByCapacityProvider UpdateCapacityProvider
        """,
        execution: """
            CheckpointDurableExecution DeleteDurableExecution GetDurableExecution
            GetDurableExecutionHistory GetDurableExecutionState PauseDurableExecution
            ResumeDurableExecution StopDurableExecution
        """,
        tagged: "ListTags TagResource UntagResource",
    },
)

_VPC: dict[str, Values] = {
    "lambda:layer": lambda where: tuple(used_layers(where)),
    "lambda:subnetids": members("VpcConfig.SubnetIds"),
    "lambda:securitygroupids": members("VpcConfig.SecurityGroupIds"),
}
_WITH_KEYS = {
    **_with(_NAMED, {"lambda:functionarn": _mapped_function}, "CreateEventSourceMapping"),
    **_with(
        _NAMED,
        {
            "lambda:principal": member("Principal"),
            "lambda:functionurlauthtype": member("FunctionUrlAuthType"),
        },
        "AddPermission",
    ),
    **_with(
        _NAMED,
        {"lambda:functionurlauthtype": member("AuthType")},
        "CreateFunctionUrlConfig UpdateFunctionUrlConfig",
    ),
    **_with(_NAMED, _VPC, "UpdateFunctionConfiguration"),
    **_with(
        _NAMED,
        {**_VPC, "lambda:codesigningconfigarn": member("CodeSigningConfigArn")},
        "CreateFunction",
    ),
    **_with(
        _NAMED,
        {"lambda:codesigningconfigarn": member("CodeSigningConfigArn")},
        "PutFunctionCodeSigningConfig",
    ),
}

_READ_LAYERS = Need("lambda:GetLayerVersion", used_layers)
_PASS = pass_role("Role", "lambda.amazonaws.com", function)
_TAGS = replace(_NAMED["TagResource"][0], resource=_tagged_new_function, has_tags="Tags")
_INVOKE: Needs = (Need("lambda:InvokeFunction", qualified),)


def _tagging(rows: Mapping[str, Needs], member_name: str, names: str) -> dict[str, Needs]:
    return {
        name: (replace(rows[name][0], has_tags=member_name), *rows[name][1:])
        for name in names.split()
    }


_PLAIN = {**_NAMED, **_WITH_KEYS}
_PLAIN |= _tagging(
    _PLAIN,
    "Tags",
    "CreateFunction CreateCodeSigningConfig CreateCapacityProvider CreateEventSourceMapping "
    "TagResource",
)
_PLAIN |= _tagging(_PLAIN, "TagKeys", "UntagResource")

ROWS: dict[str, Needs] = {
    **_PLAIN,
    "Invoke": _INVOKE,
    "InvokeWithResponseStream": _INVOKE,
    # The mapping's function, and the one that it is to have.
    "UpdateEventSourceMapping": (
        *_PLAIN["UpdateEventSourceMapping"],
        Need(
            "lambda:UpdateEventSourceMapping",
            _remapped,
            {"lambda:functionarn": _mapped_function},
        ),
    ),
    "GetLayerVersionByArn": (Need("lambda:GetLayerVersion", layer_version_by_arn),),
    "CreateFunction": (
        *_PLAIN["CreateFunction"],
        _PASS,
        _TAGS,
        _READ_LAYERS,
        Need("s3:GetObject", code_object),
    ),
    "UpdateFunctionConfiguration": (*_PLAIN["UpdateFunctionConfiguration"], _PASS, _READ_LAYERS),
    "UpdateFunctionCode": (
        *_PLAIN["UpdateFunctionCode"],
        Need("s3:GetObject", new_code_object),
    ),
    "PublishLayerVersion": (
        *_PLAIN["PublishLayerVersion"],
        Need("s3:GetObject", layer_object),
    ),
    "PutFunctionCodeSigningConfig": (
        *_PLAIN["PutFunctionCodeSigningConfig"],
        Need("lambda:PutFunctionCodeSigningConfig", signing_config),
    ),
    "CreateCapacityProvider": (
        *_PLAIN["CreateCapacityProvider"],
        pass_role("PermissionsConfig.CapacityProviderOperatorRoleArn", "lambda.amazonaws.com"),
    ),
}

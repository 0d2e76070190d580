"""Nothing is accepted and ignored."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.unserved import SERVED, refuse_unserved

LAMBDA = botocore.session.get_session().get_service_model("lambda")
# A value per member that asks for something.
ASKS: dict[str, Any] = {
    "CapacityProviderConfig": {
        "LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn"}
    },
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:q"},
    "ImageConfig": {"Command": ["x"]},
    "DurableConfig": {"ExecutionTimeout": 60},
    "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"},
    "AcceleratorConfig": {"AcceleratorMemorySize": 1},
    "RuntimeConfig": {"RuntimeArn": "arn", "RuntimeAlias": "x"},
    "Layers": ["arn"],
    "FileSystemConfigs": [{"Arn": "arn", "LocalMountPath": "/mnt/x"}],
    "Publish": True,
}


def _members(operation: str) -> list[str]:
    shape = LAMBDA.operation_model(operation).input_shape
    assert shape is not None
    return list(shape.members)


def _unserved() -> list[tuple[str, str]]:
    return [
        (operation, member)
        for operation, served in SERVED.items()
        for member in _members(operation)
        if member not in served and not any(path.startswith(f"{member}.") for path in served)
    ]


@pytest.mark.parametrize(("operation", "member"), _unserved())
def test_a_parameter_without_effect_is_refused_by_name(operation: str, member: str) -> None:
    named = f"The {member} parameter" if member == "ImageConfig" else f"'{member}[.A-Za-z]*'"
    with pytest.raises(InvalidParameterValue, match=named):
        refuse_unserved(operation, {member: ASKS.get(member, "something")})


def test_the_members_known_to_have_no_effect_are_among_them() -> None:
    names = {member for operation, member in _unserved() if operation == "CreateFunction"}
    assert names >= {
        "VpcConfig", "FileSystemConfigs",
        "ImageConfig",
    }  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        {"ZipFile": b"PK", "S3ObjectStorageMode": "COPY"},
        {"ZipFile": b"PK", "SourceKMSKeyArn": "arn:aws:kms:x"},
    ],
)
def test_code_from_elsewhere_is_refused(code: dict[str, Any]) -> None:
    with pytest.raises(
        InvalidParameterValue, match=r"'Code\.(S3ObjectStorageMode|SourceKMSKeyArn)'"
    ):
        refuse_unserved("CreateFunction", {"Code": code})


def test_a_value_without_effect_is_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="'PackageType"):
        refuse_unserved("CreateFunction", {"PackageType": "Image", "Code": {"ImageUri": "i"}})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("Publish", False),
        ("Layers", []),
        ("KMSKeyArn", ""),
        ("VpcConfig", {"SubnetIds": [], "SecurityGroupIds": []}),
        ("DeadLetterConfig", {"TargetArn": ""}),
        ("ImageConfig", {}),
        ("PackageType", "Zip"),
        ("SnapStart", {"ApplyOn": "None"}),
        ("EphemeralStorage", {"Size": 512}),
        ("LoggingConfig", {"LogFormat": "Text", "LogGroup": "/mine"}),
        ("TracingConfig", {"Mode": "Active"}),
        ("Environment", {"Variables": {"Layers": "x"}}),
    ],
)
def test_what_asks_for_nothing_or_is_served_passes(member: str, value: Any) -> None:
    refuse_unserved("CreateFunction", {member: value})

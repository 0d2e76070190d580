"""The configurations that hang on functions: event invoke, runtime management, recursion, code signing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]
    MakeZip = Callable[[dict[str, str]], bytes]

GONE = (404, "ResourceNotFoundException", "The function doesn't exist.")
PUBLISHERS = {
    "SigningProfileVersionArns": ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/1"]
}


def test_event_invoke_configs(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f")["FunctionArn"]
    create("target")
    target = arn.removesuffix("f") + "target"
    missing = (
        404,
        "ResourceNotFoundException",
        f"The function {arn}:$LATEST doesn't have an EventInvokeConfig",
    )
    assert error_of(client.get_function_event_invoke_config, FunctionName="f") == missing
    assert error_of(client.delete_function_event_invoke_config, FunctionName="f") == missing
    assert (
        error_of(
            client.update_function_event_invoke_config, FunctionName="f", MaximumRetryAttempts=1
        )
        == missing
    )
    put = client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    del put["ResponseMetadata"]
    assert put == {
        "LastModified": put["LastModified"],
        "FunctionArn": f"{arn}:$LATEST",
        "MaximumRetryAttempts": 1,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
    }
    updated = client.update_function_event_invoke_config(
        FunctionName="f",
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": target}},
    )
    assert (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]) == (1, 60)
    destinations = {"OnSuccess": {}, "OnFailure": {"Destination": target}}
    assert updated["DestinationConfig"] == destinations
    again = client.put_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=90)
    assert "MaximumRetryAttempts" not in again
    client.publish_version(FunctionName="f")
    client.put_function_event_invoke_config(FunctionName="f:1", MaximumRetryAttempts=0)
    listed = client.list_function_event_invoke_configs(FunctionName="f")
    assert [each["FunctionArn"] for each in listed["FunctionEventInvokeConfigs"]] == [
        f"{arn}:$LATEST",
        f"{arn}:1",
    ]
    client.delete_function_event_invoke_config(FunctionName="f")
    assert error_of(client.get_function_event_invoke_config, FunctionName="f") == missing


def test_event_invoke_configs_that_cannot_be(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f")["FunctionArn"]
    put = client.put_function_event_invoke_config
    assert error_of(put, FunctionName="g", MaximumRetryAttempts=1) == GONE
    assert error_of(put, FunctionName="f", Qualifier="7", MaximumRetryAttempts=1) == GONE
    assert error_of(client.list_function_event_invoke_configs, FunctionName="g") == GONE
    assert error_of(put, FunctionName="f") == (
        400,
        "InvalidParameterValueException",
        "You must specify at least one of error handling or destination setting.",
    )

    def refusal(destination: str) -> Any:
        config = {"OnSuccess": {"Destination": destination}}
        status, code, message = error_of(put, FunctionName="f", DestinationConfig=config)
        assert (status, code) == (400, "InvalidParameterValueException")
        return message

    assert refusal(arn) == "You can't specify the function as a destination for itself."
    assert refusal(f"{arn}:1") == "You can't specify the function as a destination for itself."
    assert refusal(f"{arn}gone") == f"The destination ARN {arn}gone is invalid."
    assert "'sqs' is not there" in refusal("arn:aws:sqs:us-east-1:123456789012:q")
    assert error_of(put, FunctionName="f", MaximumRetryAttempts=1, Qualifier="no") == GONE


def test_runtime_management(client: Any, create: Create, error_of: Any) -> None:
    created = create("f")
    arn, version = created["FunctionArn"], created["RuntimeVersionConfig"]["RuntimeVersionArn"]
    shown = client.get_runtime_management_config(FunctionName="f")
    del shown["ResponseMetadata"]
    assert shown == {"UpdateRuntimeOn": "Auto", "FunctionArn": f"{arn}:$LATEST"}
    put = client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="FunctionUpdate")
    assert put["UpdateRuntimeOn"] == "FunctionUpdate"
    client.put_runtime_management_config(
        FunctionName="f", UpdateRuntimeOn="Manual", RuntimeVersionArn=version
    )
    assert client.get_runtime_management_config(FunctionName="f")["RuntimeVersionArn"] == version
    for members in (
        {"UpdateRuntimeOn": "Manual"},
        {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": version},
        {"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": version[:-64] + "0" * 64},
    ):
        refused = error_of(client.put_runtime_management_config, FunctionName="f", **members)
        assert refused[:2] == (400, "InvalidParameterValueException")
    assert error_of(client.get_runtime_management_config, FunctionName="f", Qualifier="9")[0] == 404


def test_recursion_config(client: Any, create: Create, error_of: Any) -> None:
    create("f")
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    put = client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert put["RecursiveLoop"] == "Allow"
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
    assert error_of(client.get_function_recursion_config, FunctionName="g")[0] == 404


def test_code_signing(client: Any, create: Create, make_zip: MakeZip, error_of: Any) -> None:
    created = client.create_code_signing_config(AllowedPublishers=PUBLISHERS, Description="d")
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    config = created["CodeSigningConfig"]
    arn = config["CodeSigningConfigArn"]
    assert config == {
        "CodeSigningConfigId": arn.rpartition(":")[2],
        "CodeSigningConfigArn": arn,
        "Description": "d",
        "AllowedPublishers": PUBLISHERS,
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
        "LastModified": config["LastModified"],
    }
    assert client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == config
    assert client.list_code_signing_configs()["CodeSigningConfigs"] == [config]
    client.tag_resource(Resource=arn, Tags={"a": "1"})
    assert client.list_tags(Resource=arn)["Tags"] == {"a": "1"}
    function_arn = create("f", CodeSigningConfigArn=arn)["FunctionArn"]
    of_function = client.get_function_code_signing_config(FunctionName="f")
    assert (of_function["CodeSigningConfigArn"], of_function["FunctionName"]) == (arn, "f")
    using = client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)
    assert using["FunctionArns"] == [function_arn]
    assert error_of(client.delete_code_signing_config, CodeSigningConfigArn=arn)[:2] == (
        409,
        "ResourceConflictException",
    )
    client.update_code_signing_config(
        CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"}
    )
    code = make_zip({"handler.py": "def run(event, context): return 2"})
    # github.com/aws/aws-cdk/issues/29474
    unsigned = (
        "Lambda cannot deploy the function. The function or layer might be signed using a signature "
        "that the client is not configured to accept. Check the provided signature for "
    )
    assert error_of(client.update_function_code, FunctionName="f", ZipFile=code) == (
        400,
        "CodeVerificationFailedException",
        f"{unsigned}f.",
    )
    assert error_of(create, name="g", CodeSigningConfigArn=arn)[2] == f"{unsigned}g."
    client.delete_function_code_signing_config(FunctionName="f")
    client.update_function_code(FunctionName="f", ZipFile=code)
    assert "CodeSigningConfigArn" not in client.get_function_code_signing_config(FunctionName="f")
    client.put_function_code_signing_config(FunctionName="f", CodeSigningConfigArn=arn)
    client.delete_function_code_signing_config(FunctionName="f")
    client.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert error_of(client.get_code_signing_config, CodeSigningConfigArn=arn) == (
        404,
        "ResourceNotFoundException",
        f"The Lambda code signing configuration {arn} can not be found.",
    )
    gone = (
        404,
        "CodeSigningConfigNotFoundException",
        (
            "The code signing configuration cannot be found. Check that the provided configuration is "
            f"not deleted: {arn}."
        ),
    )
    put = client.put_function_code_signing_config
    assert error_of(put, FunctionName="f", CodeSigningConfigArn=arn) == gone
    assert error_of(create, name="g", CodeSigningConfigArn=arn) == gone


def test_no_function_here_is_scaled_by_a_capacity_provider(
    client: Any, create: Create, error_of: Any
) -> None:
    arn = create("f", Publish=True)["FunctionArn"].removesuffix(":1")
    for operation in (client.get_function_scaling_config, client.put_function_scaling_config):
        status, code, text = error_of(operation, FunctionName="f", Qualifier="1")
        assert (status, code) == (403, "AccessDeniedException")
        assert "does not contain a capacity provider configuration" in text
        for name, qualifier in (("f", "2"), ("f", "$LATEST.PUBLISHED"), ("g", "1")):
            missing = f"Function not found: {arn.removesuffix('f')}{name}:{qualifier}"
            answer = error_of(operation, FunctionName=name, Qualifier=qualifier)
            assert answer == (404, "ResourceNotFoundException", missing)
        assert (
            error_of(operation, FunctionName="f", Qualifier="$LATEST")[1] == "ValidationException"
        )

"""Errors word for word as real AWS has answered them, with where it is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"


class Quoted(NamedTuple):
    """A request for the function `my-function`, which has a version 1, and its answer; `<arn>` is the function's."""

    operation: str
    request: dict[str, Any]
    status: int
    code: str
    text: str
    source: str


INVALID = (400, "InvalidParameterValueException")
BROKEN = (400, "ValidationException")
CSC = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"
# github.com/badmintoncryer/cdk-preflight, rules/lambda/pf-lambda-*: measured on AWS, most through CloudFormation, in
# 2026-09. CloudFormation does not show the code.
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
QUOTED = [
    Quoted(
        "update_function_code",
        {"ImageUri": IMAGE},
        *INVALID,
        "Please don't provide ImageUri when updating a function with packageType Zip.",
        "github.com/nationalarchives/ds-caselaw-data-enrichment-service/pull/337",
    ),
    Quoted(
        "update_function_configuration",
        {"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "INFO"}},
        *INVALID,
        'LogLevel is not supported when LogFormat is set to "Text". '
        'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
        "cdk-preflight, loglevel-requires-json; it was Json in github.com/aws/aws-cdk/pull/28045 (2023)",
    ),
    Quoted(
        "add_permission",
        {
            "StatementId": "s",
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "arn:aws:iam:000000000000:role/xxxx",
        },
        *INVALID,
        "The provided input'arn:aws:iam:000000000000:role/xxxx'was invalid. Member must satisfy expression: "
        r"[\w+=,.@-]* Please check your input and try again.",
        "github.com/aws/aws-cli/issues/7408",
    ),
    Quoted(
        "put_runtime_management_config",
        {"Qualifier": "active", "UpdateRuntimeOn": "FunctionUpdate"},
        *INVALID,
        "The provided function name <arn>:active is invalid. Aliases are not allowed.",
        "github.com/DataBiosphere/azul/issues/7730",
    ),
    Quoted(
        "put_function_scaling_config",
        {"Qualifier": "1", "FunctionScalingConfig": {"MinExecutionEnvironments": 1}},
        403,
        "AccessDeniedException",
        "The function provided by the arn does not contain a capacity provider configuration",
        "github.com/go-to-k/cdkd/issues/1616",
    ),
    Quoted(
        "create_function_url_config",
        {"AuthType": "NONE", "Cors": {"AllowMethods": ["*", "GET"]}},
        *INVALID,
        "You can't specify additional fields for AllowMethods because you already specified the "
        "wildcard character (*).",
        "the protocol of a deployment in the public repository of justhodl, and cdk-preflight",
    ),
    Quoted(
        "create_function_url_config",
        {"AuthType": "NONE", "Cors": {"AllowOrigins": ["*", "https://a.example"]}},
        *INVALID,
        "You can't specify additional fields for AllowOrigins because you already specified the "
        "wildcard character (*).",
        "cdk-preflight, url-cors-allow-origins-wildcard-mix",
    ),
    Quoted(
        "put_function_event_invoke_config",
        {"DestinationConfig": {"OnFailure": {"Destination": TOPIC + ".fifo"}}},
        *INVALID,
        "FIFO-type Amazon SNS topics aren't supported as a destination.",
        "cdk-preflight, eic-destination-no-sns-fifo",
    ),
    *(
        Quoted(
            "put_function_event_invoke_config",
            {"DestinationConfig": {"OnFailure": {"Destination": destination}}},
            *INVALID,
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=), "
            f"onFailure=OnFailure(destination={destination})) is invalid.",
            f"cdk-preflight, {rule}",
        )
        for destination, rule in (
            (QUEUE + ".fifo", "eic-destination-no-sqs-fifo"),
            (QUEUE.replace("us-east", "us-west"), "eic-destination-region"),
            ("arn:aws:kinesis:us-east-1:123456789012:stream/s", "eic-destination-service"),
        )
    ),
    Quoted(
        "put_function_event_invoke_config",
        {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:s3:::my-bucket"}}},
        *INVALID,
        "The provided destination config DestinationConfig(onSuccess=OnSuccess("
        "destination=arn:aws:s3:::my-bucket), onFailure=OnFailure(destination=)) is invalid.",
        "cdk-preflight, eic-onsuccess-no-s3",
    ),
    Quoted(
        "put_runtime_management_config",
        {"UpdateRuntimeOn": "Manual"},
        *INVALID,
        "Missing runtime version ARN. A runtime version ARN is required when "
        "UpdateRuntimeVersionOn=Manual. Provide a valid runtime version ARN and retry the request.",
        "cdk-preflight, runtime-manual-requires-arn",
    ),
    Quoted(
        "put_runtime_management_config",
        {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": f"arn:aws:lambda:us-east-1::runtime:{'8' * 64}"},
        *INVALID,
        "Unexpected runtime version ARN when UpdateRuntimeVersionOn=Auto. "
        "Remove the runtime version ARN and retry the request.",
        "cdk-preflight, runtime-arn-manual-only",
    ),
    Quoted(
        "put_runtime_management_config",
        {"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": f"arn:aws:lambda:eu-west-1::runtime:{'8' * 64}"},
        *INVALID,
        f"Invalid runtime version ARN (arn:aws:lambda:eu-west-1::runtime:{'8' * 64}). "
        "Check the runtime version ARN and retry the request.",
        "cdk-preflight, runtime-version-arn-region",
    ),
    Quoted(
        "add_permission",
        {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3"},
        *INVALID,
        "The provided principal was invalid. Please check the principal and try again.",
        "cdk-preflight, perm-principal-service-domain",
    ),
    Quoted(
        "add_permission",
        {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3 .amazonaws.com"},
        *BROKEN,
        "1 validation error detected: Value 's3 .amazonaws.com' at 'principal' failed to satisfy "
        r"constraint: Member must satisfy regular expression pattern: [^\s]+",
        "cdk-preflight, perm-principal-whitespace",
    ),
    Quoted(
        "create_alias",
        {"Name": "a", "FunctionVersion": "1",
         "RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.2}}},
        *BROKEN,
        "1 validation error detected: Value '{$LATEST=0.2}' at 'routingConfig.additionalVersionWeights' "
        "failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less "
        "than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy "
        "regular expression pattern: [0-9]+]",
        "cdk-preflight, alias-additional-version-not-latest",
    ),
    Quoted(
        "create_alias",
        {"Name": "a", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}},
        *BROKEN,
        "1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to "
        "satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal "
        "to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
        "cdk-preflight, alias-version-weight-range",
    ),
    Quoted(
        "create_alias",
        {"Name": "a", "FunctionVersion": "<arn>:blue"},
        *BROKEN,
        "1 validation error detected: Value '<arn>:blue' at 'functionVersion' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: (\$LATEST(\.PUBLISHED)?|[0-9]+)",
        "cdk-preflight, alias-version-not-alias",
    ),
    *(
        Quoted(
            operation,
            request | {"FunctionName": "my-function:1"},
            *INVALID,
            "Current operation does not support versions other than $LATEST. "
            "Please set the version to $LATEST or do not set a version in your request.",
            "github.com/appleboy/lambda-action/issues/6, its first sentence",
        )
        for operation, request in (
            ("update_function_code", {"ZipFile": b"zip"}),
            ("update_function_configuration", {"Timeout": 4}),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted.text[:40])
def test_what_aws_says(client: Any, create: Create, error_of: Any, quoted: Quoted) -> None:
    arn = create("my-function", Publish=True)["FunctionArn"].removesuffix(":1")
    request = {"FunctionName": "my-function", **quoted.request}
    if "FunctionVersion" in request:
        request["FunctionVersion"] = request["FunctionVersion"].replace("<arn>", arn)
    answer = error_of(getattr(client, quoted.operation), **request)
    assert answer == (quoted.status, quoted.code, quoted.text.replace("<arn>", arn))


def test_another_runtime_for_a_function_that_is_tied_to_one(
    client: Any, create: Create, error_of: Any
) -> None:
    """github.com/hashicorp/terraform-provider-aws/issues/42699"""
    created = create("my-function")
    version = created["RuntimeVersionConfig"]["RuntimeVersionArn"]
    client.put_runtime_management_config(
        FunctionName="my-function", UpdateRuntimeOn="Manual", RuntimeVersionArn=version
    )
    request = {"FunctionName": "my-function", "Runtime": "python3.13"}
    assert error_of(client.update_function_configuration, **request) == (
        *INVALID,
        (
            "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. "
            "Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry."
        ),
    )
    client.update_function_configuration(FunctionName="my-function", Runtime=created["Runtime"])
    client.put_runtime_management_config(FunctionName="my-function", UpdateRuntimeOn="Auto")
    client.update_function_configuration(**request)


def test_a_runtime_that_is_none(client: Any, create: Create, error_of: Any) -> None:
    """github.com/serverless/serverless/issues/7183; the order of the runtimes is another each time it is quoted."""
    create("my-function")
    request = {"FunctionName": "my-function", "Runtime": "nodejs10.10"}
    status, code, text = error_of(client.update_function_configuration, **request)
    assert (status, code) == INVALID
    assert text.startswith(
        "Value nodejs10.10 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["
    )
    assert text.endswith("] or be a valid ARN")


REFUSED_CREATIONS = [
    (
        {"DeadLetterConfig": {"TargetArn": QUEUE + ".fifo"}},
        "Invalid dead letter queue ARN: FIFO SQS queue is not supported for dead letter configuration",
        "dlq-no-fifo",
    ),
    *(
        (
            {"DeadLetterConfig": {"TargetArn": target}},
            (
                "Invalid dead letter queue ARN: The resource specified by the TargetArn must be in the "
                "same region as the Lambda function it's associated with."
            ),
            "dlq-region",
        )
        for target in ("arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:s3:::bucket")
    ),
    (
        {"DeadLetterConfig": {"TargetArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}},
        (
            "Invalid dead letter queue ARN: The service specified by the TargetArn is not supported for "
            "dead letter configuration."
        ),
        "dlq-service",
    ),
    (
        {"LoggingConfig": {"LogGroup": "aws/x"}},
        "Log groups starting with AWS/ are reserved for AWS. Update the LogGroup value and try again.",
        "loggroup-no-aws-prefix",
    ),
    (
        {"ImageConfig": {"Command": ["x"]}},
        "The ImageConfig parameter is not supported for functions created with deployment packages.",
        "imageconfig-requires-image",
    ),
    (
        {"CodeSigningConfigArn": CSC},
        (
            "The code signing configuration must be in the same account as the Lambda function. "
            f"Check the provided ARN: {CSC}."
        ),
        "code-signing-arn-region",
    ),
    (
        {"Code": {"S3Bucket": "bucket"}},
        "S3 Bucket and Key are required for uploading with S3 parameters.",
        "code-s3-pair",
    ),
    (
        {"Code": {"ImageUri": IMAGE}},
        "Please provide a source for function code.",
        "zip functions with an ImageUri, CreateFunction in 2026-09",
    ),
    ({"PackageType": "Image"}, "ImageUri is required.", "image-requires-imageuri"),
    *(
        (
            {"VpcConfig": network},
            "SubnetIds and SecurityIds must coexist or be both empty list.",
            "github.com/XT-i/aws-lambda-jenkins-plugin/issues/56",
        )
        for network in (
            {"SubnetIds": ["subnet-0123456789abcdef0"]},
            {"SubnetIds": [], "SecurityGroupIds": ["sg-0123456789abcdef0"]},
        )
    ),
]


@pytest.mark.parametrize(("members", "text", "rule"), REFUSED_CREATIONS)
def test_functions_that_aws_does_not_create(
    client: Any, create: Create, members: Any, text: str, rule: str
) -> None:
    """cdk-preflight, see above; `rule` is its name there, or another source."""
    with pytest.raises(client.exceptions.InvalidParameterValueException) as refused:
        create("my-function", **members)
    assert refused.value.response["Error"]["Message"] == text


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (
            {"Environment": {"Variables": {"_A": "x"}}},
            (
                "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
                "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
            ),
        ),
        (
            {"LoggingConfig": {"LogGroup": "my group!"}},
            (
                "Value 'my group!' at 'loggingConfig.logGroup' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
            ),
        ),
    ],
)
def test_functions_that_break_the_model(
    client: Any, create: Create, members: Any, text: str
) -> None:
    """cdk-preflight, env-key-start-letter and loggroup-pattern."""
    with pytest.raises(client.exceptions.ClientError) as refused:
        create("my-function", **members)
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f"1 validation error detected: {text}",
    }


def test_layers_of_others(client: Any, create: Create) -> None:
    """cdk-preflight, layer-arn-region and layer-cross-account-needs-permission: the region is not asked first."""
    for region in ("us-east-1", "eu-west-1"):
        layer = f"arn:aws:lambda:{region}:111122223333:layer:l1:1"
        with pytest.raises(client.exceptions.ClientError) as refused:
            create("my-function", Layers=[layer])
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
        assert refused.value.response["Error"]["Message"].endswith(
            f" is not authorized to perform: lambda:GetLayerVersion on resource: {layer} "
            "because no resource-based policy allows the lambda:GetLayerVersion action"
        )


def test_an_organization_is_of_everybody(client: Any, error_of: Any, make_zip: Any) -> None:
    """cdk-preflight, layerperm-organization-id-needs-wildcard-principal."""
    client.publish_layer_version(LayerName="l", Content={"ZipFile": make_zip({"a": "b"})})
    request = {
        "LayerName": "l",
        "VersionNumber": 1,
        "StatementId": "s",
        "Action": "lambda:GetLayerVersion",
        "OrganizationId": "o-1234567890",
    }
    add = client.add_layer_version_permission
    assert error_of(add, **request, Principal="123456789012") == (
        *INVALID,
        "If organization id is specified then principal should be *",
    )
    add(**request, Principal="*")

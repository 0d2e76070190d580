"""Errors word for word as real AWS has answered them, with where it is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    ErrorOf = Callable[..., tuple[int, str, str]]
    Request = dict[str, Any]

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
INVOKED = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
URI = f"{INVOKED}{FUNCTION}/invocations"
MAPPING = "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
GET = {"httpMethod": "GET"}
METHOD = ("put_method", GET | {"authorizationType": "NONE"})
MOCK = ("put_integration", GET | {"type": "MOCK"})
API_PART = {"location": {"type": "API"}, "properties": "{}"}
CUSTOM = {"authorizationType": "CUSTOM", "authorizerId": "{authorizer}"}
TOKEN = {
    "name": "t",
    "type": "TOKEN",
    "authorizerUri": URI,
    "identitySource": "method.request.header.A",
}


class Quoted(NamedTuple):
    """Requests before, the request, and its answer. The API, its root and its plan are filled in."""

    earlier: tuple[tuple[str, Request], ...]
    operation: str
    request: Request
    answer: tuple[int, str, str]
    source: str


def _bad(text: str) -> tuple[int, str, str]:
    return 400, "BadRequestException", text


def _conflict(text: str) -> tuple[int, str, str]:
    return 409, "ConflictException", text


def _not_found(text: str) -> tuple[int, str, str]:
    return 404, "NotFoundException", text


def _patch(op: str, path: str, value: str | None = None) -> Request:
    operation = {"op": op, "path": path}
    return {"patchOperations": [operation if value is None else operation | {"value": value}]}


QUOTED = [
    Quoted(
        (("create_resource", {"pathPart": "{id}"}),),
        "create_resource",
        {"pathPart": "{carrier_id}"},
        _bad(
            "A sibling ({id}) of this resource already has a variable path part -- only one is allowed"
        ),
        "seed.run/docs/serverless-errors, and deployments of Serverless and of jets",
    ),
    Quoted(
        (("create_resource", {"pathPart": "{userId}"}),),
        "create_resource",
        {"pathPart": "{userId}", "parentId": "{last}"},
        _bad("An ancestor of this resource has the same variable name as this one: {userId}"),
        "a deployment with the CDK that a public repository keeps",
    ),
    Quoted(
        (("create_resource", {"pathPart": "app"}),),
        "create_resource",
        {"pathPart": "app"},
        _conflict("Another resource with the same parent already has this name: app"),
        "github.com/anomalyco/sst/issues/5031",
    ),
    Quoted(
        (METHOD,),
        *METHOD,
        _conflict("Method already exists for this resource"),
        "a deployment with Serverless that a public repository keeps",
    ),
    Quoted(
        (METHOD, ("put_method_response", GET | {"statusCode": "200"})),
        "put_method_response",
        GET | {"statusCode": "200"},
        _conflict("Response already exists for this resource"),
        "a script on the AWS CLI that a public repository keeps",
    ),
    Quoted(
        (),
        "put_method",
        GET | {"authorizationType": "CUSTOM"},
        _bad(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or "
            "COGNITO_USER_POOLS requires a valid authorizer."
        ),
        "github.com/hashicorp/terraform-provider-aws/issues/48053",
    ),
    Quoted(
        (METHOD,),
        "put_integration",
        GET | {"type": "AWS", "uri": URI},
        _bad("Enumeration value for HttpMethod must be non-empty"),
        "github.com/aws/aws-sdk-js/issues/769",
    ),
    Quoted(
        (METHOD,),
        "put_integration",
        GET
        | {
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": f"{INVOKED}{INVOKED}{FUNCTION}/invocations/invocations",
        },
        _bad("Invalid function ARN or invalid uri"),
        "notes on Terraform that a public repository keeps",
    ),
    Quoted(
        (METHOD,),
        "put_integration",
        GET
        | {
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/"
            f"{FUNCTION}/response-streaming-invocations",
        },
        _bad(
            "Invalid ResponseTransferMode. Cannot use ResponseTransferMode BUFFERED for Lambda functions "
            "invoked by InvokeWithResponseStream for AWS_PROXY integrations."
        ),
        "the sources of cdkd, of a deployment",
    ),
    Quoted(
        (METHOD,),
        "put_integration",
        GET
        | {
            "type": "HTTP",
            "integrationHttpMethod": "GET",
            "uri": "http://localhost:8080/",
            "credentials": "NONE",
        },
        _bad("Invalid ARN specified in the request"),
        "github.com/aws/aws-sdk-java/issues/860",
    ),
    Quoted(
        (METHOD,),
        "put_integration",
        GET
        | {
            "type": "HTTP",
            "integrationHttpMethod": "GET",
            "uri": "http://localhost:8080/",
            "requestParameters": {"integration.request.path.petId": "method.request.path.petId"},
        },
        _bad(
            f"{MAPPING}[Invalid mapping expression parameter specified: method.request.path.petId]"
        ),
        "github.com/awsdocs/amazon-api-gateway-developer-guide/issues/24",
    ),
    Quoted(
        (METHOD, MOCK),
        "put_integration_response",
        GET
        | {
            "statusCode": "401",
            "responseParameters": {"method.response.header.WWW-Authenticate": "'realm=\"api\"'"},
        },
        _bad(f"{MAPPING}[No method response exists for method.]"),
        "github.com/amazon-archives/aws-apigateway-importer/issues/121",
    ),
    Quoted(
        (METHOD, MOCK, ("put_method_response", GET | {"statusCode": "302"})),
        "put_integration_response",
        GET
        | {
            "statusCode": "302",
            "responseParameters": {
                "method.response.header.Location": "integration.response.body.errorMessage"
            },
        },
        _bad(
            f"{MAPPING}[Invalid mapping expression parameter specified: method.response.header.Location]"
        ),
        "github.com/amazon-archives/aws-apigateway-importer/issues/209",
    ),
    Quoted(
        (),
        "put_gateway_response",
        {
            "responseType": "ACCESS_DENIED",
            "statusCode": "500",
            "responseParameters": {"gatewayresponse.header.a": "test-value"},
        },
        _bad(f"{MAPPING}[Invalid mapping expression specified: test-value]"),
        "github.com/aws/aws-cdk/pull/20274",
    ),
    Quoted(
        (
            METHOD,
            ("put_integration", GET | {"type": "AWS", "integrationHttpMethod": "POST", "uri": URI}),
        ),
        "update_integration",
        GET | _patch("replace", "/uri", ""),
        _bad("Invalid integration URI specified"),
        "a deployment with Terraform that a public repository keeps, of an empty ARN",
    ),
    Quoted(
        (),
        "create_rest_api",
        {"name": "a", "endpointAccessMode": "STRICT"},
        _bad("Endpoint access mode is not supported for this security policy"),
        "a plan of Terraform that a public repository keeps, of an API with the policy of old",
    ),
    Quoted(
        (),
        "create_model",
        {"name": "body_1", "contentType": "application/json", "schema": "{}"},
        _bad("Model name must be alphanumeric: body_1"),
        "github.com/edx/api-manager/pull/259",
    ),
    Quoted(
        (),
        "get_model_template",
        {"modelName": "m"},
        _not_found("Invalid model name specified: m"),
        "github.com/cloudquery/cq-provider-aws/issues/874",
    ),
    Quoted(
        (),
        "create_authorizer",
        TOKEN | {"identitySource": "method.request.querystring.key"},
        _bad(
            "Invalid token source expression: method.request.querystring.key. The source must be a "
            "method request header, matching 'method.request.header.[a-zA-Z0-9._-]+'."
        ),
        "github.com/serverless/serverless/issues/4428",
    ),
    Quoted(
        (("create_authorizer", TOKEN),),
        "create_authorizer",
        TOKEN,
        _bad("Authorizer name must be unique. Authorizer t already exists in this RestApi."),
        "the words of the same refusal by API Gateway v2 in a public repository",
    ),
    Quoted(
        (),
        "create_deployment",
        {},
        _bad("The REST API doesn't contain any methods"),
        "a deployment with CloudFormation that a public repository keeps",
    ),
    Quoted(
        (METHOD,),
        "create_deployment",
        {},
        _bad("No integration defined for method"),
        "seed.run/docs/serverless-errors/no-integration-defined-for-method",
    ),
    Quoted(
        (
            METHOD,
            MOCK,
            ("update_rest_api", _patch("replace", "/endpointConfiguration/types/EDGE", "PRIVATE")),
        ),
        "create_deployment",
        {"stageName": "prod"},
        _bad("Private REST API doesn't have a resource policy attached to it"),
        "notes on the AWS CLI in a public repository",
    ),
    Quoted(
        (),
        "create_rest_api",
        {
            "name": "a",
            "endpointConfiguration": {"types": ["REGIONAL"], "vpcEndpointIds": ["vpce-1"]},
        },
        _bad("VPCEndpoints can only be specified with PRIVATE apis."),
        "notes on the AWS CLI in a public repository",
    ),
    Quoted(
        (),
        "update_rest_api",
        {
            "patchOperations": [
                {"op": "add", "path": "/endpointConfiguration/vpcEndpointIds", "value": "vpce-1"}
            ]
        },
        _bad("VPCEndpoints can only be specified with PRIVATE apis."),
        "github.com/hashicorp/terraform-provider-aws/issues/14269",
    ),
    Quoted(
        (("create_domain_name", {"domainName": "texts-a.example.com"}),),
        "create_domain_name",
        {"domainName": "texts-a.example.com"},
        _bad("The domain name you provided already exists."),
        "romandc.com/zappa-django-guide",
    ),
    Quoted(
        (("create_domain_name", {"domainName": "texts-b.example.com"}),),
        "create_base_path_mapping",
        {"domainName": "texts-b.example.com", "restApiId": "gone"},
        _bad("Invalid REST API identifier specified"),
        "romandc.com/zappa-django-guide",
    ),
    Quoted(
        (),
        "create_usage_plan",
        {"name": "p", "apiStages": [{"apiId": "", "stage": "dev"}]},
        _bad("Invalid API Stage {api: %s, stage: %s} specified for usageplan %s"),
        "github.com/aws/aws-sdk/issues/354",
    ),
    Quoted(
        (),
        "update_usage_plan",
        _patch("add", "/apiStages", '{"apiId": "kx2asm6go3", "stage": "dev"}'),
        _not_found('API Stage not found: {"apiId": "kx2asm6go3", "stage"'),
        "github.com/boto/boto3/issues/825",
    ),
    Quoted(
        (),
        "update_usage_plan",
        _patch("remove", "/apiStages/a:dev"),
        _bad(
            "Invalid patch path  '/apiStages/a:dev' specified for op 'remove'. Must be one of: "
            "[/apiStages, /quota, /throttle, /productCode, "
            "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, "
            "/apiStages/<apidId:stageName>/throttle]"
        ),
        "github.com/boto/boto3/issues/2629, which breaks the line after the full stop",
    ),
    Quoted(
        (),
        "update_usage_plan",
        _patch("remove", "/apiStages"),
        _bad("Invalid API Stage specified"),
        "github.com/boto/boto3/issues/2629",
    ),
    Quoted(
        (("create_api_key", {"value": "a-value-of-twenty-characters"}),),
        "create_api_key",
        {"value": "a-value-of-twenty-characters"},
        _conflict("API Key already exists"),
        "github.com/rrahul963/serverless-add-api-key/issues/27",
    ),
    Quoted(
        (("create_authorizer", TOKEN), ("put_method", GET | CUSTOM)),
        "delete_authorizer",
        {"authorizerId": "{authorizer}"},
        _conflict("Cannot delete authorizer 't', is referenced in method: GET//"),
        "github.com/hashicorp/terraform-provider-aws/issues/14812",
    ),
    Quoted(
        (
            ("create_model", {"name": "used", "contentType": "application/json", "schema": "{}"}),
            ("create_resource", {"pathPart": "pin"}),
            (
                "put_method",
                {
                    "resourceId": "{last}",
                    "httpMethod": "POST",
                    "authorizationType": "NONE",
                    "requestModels": {"application/json": "used"},
                },
            ),
        ),
        "delete_model",
        {"modelName": "used"},
        _conflict("Cannot delete model 'used', is referenced in method request: /pin/POST"),
        "github.com/amazon-archives/aws-apigateway-importer/issues/144",
    ),
    Quoted(
        (
            ("create_model", {"name": "used", "contentType": "application/json", "schema": "{}"}),
            METHOD,
            (
                "put_method_response",
                GET | {"statusCode": "200", "responseModels": {"application/json": "used"}},
            ),
        ),
        "delete_model",
        {"modelName": "used"},
        _conflict("Cannot delete model 'used', is referenced in method response: /GET"),
        "github.com/amazon-archives/aws-apigateway-importer/issues/113",
    ),
    Quoted(
        (
            METHOD,
            MOCK,
            ("create_deployment", {"stageName": "test"}),
            ("update_usage_plan", _patch("add", "/apiStages", "{api}:test")),
        ),
        "delete_usage_plan",
        {},
        _bad(
            "Cannot delete Usage Plan {plan} because there are API Stages associated with it, "
            "including {api}:test"
        ),
        "github.com/aws/aws-sdk-js/issues/3841",
    ),
    Quoted(
        (
            ("create_domain_name", {"domainName": "texts-c.example.com"}),
            ("create_base_path_mapping", {"domainName": "texts-c.example.com"}),
        ),
        "delete_rest_api",
        {},
        _bad(
            "Deleting RestApi {api} failed. Please remove all base path mappings related to the "
            "RestApi in your domains: texts-c.example.com"
        ),
        "github.com/glomex/gcdt/issues/373",
    ),
    Quoted(
        (
            METHOD,
            MOCK,
            ("create_deployment", {"stageName": "test"}),
            ("create_domain_name", {"domainName": "texts-d.example.com"}),
            (
                "create_base_path_mapping",
                {"domainName": "texts-d.example.com", "stage": "test"},
            ),
        ),
        "delete_stage",
        {"stageName": "test"},
        _bad(
            "Deleting stage test failed. Please remove all base path mappings related to the stage in "
            "your domains: texts-d.example.com"
        ),
        "github.com/hashicorp/terraform-provider-aws/issues/41651",
    ),
    Quoted(
        (METHOD, MOCK),
        "create_deployment",
        {"stageName": "$default"},
        _bad("Stage name only allows a-zA-Z0-9_"),
        "github.com/klothoplatform/klotho/issues/235",
    ),
    Quoted(
        (METHOD, MOCK),
        "create_deployment",
        {"stageName": "prod", "variables": {"admin_pass": ""}},
        _bad(
            "Invalid stage variable value of key admin_pass.  Please use values with alphanumeric "
            "characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
        ),
        # It was "value: ." in github.com/sirceljm/aws-lambda-blog/issues/10.
        "github.com/badmintoncryer/cdk-preflight (2026-09), stage-variable-value",
    ),
    Quoted(
        (METHOD, MOCK),
        "create_deployment",
        {"stageName": "prod", "variables": {"owner:application-name": "foo"}},
        _bad(
            "Invalid stage variable name: owner:application-name.  Please use names with only word "
            "characters."
        ),
        "github.com/serverless/serverless/issues/6133",
    ),
    Quoted(
        (),
        "update_account",
        _patch("replace", "/cloudwatchRoleArn", "none"),
        _bad(
            "The role ARN does not have required permissions configured. Please grant trust "
            "permission for API Gateway and add the required role policy."
        ),
        "github.com/tmobile/jazz-installer/pull/597",
    ),
    Quoted(
        (METHOD,),
        "put_integration",
        GET | {"type": "MOCK", "timeoutInMillis": 31000},
        _bad("Timeout should be between 50 ms and 29000 ms"),
        "github.com/aws/aws-cdk/issues/31063",
    ),
    Quoted(
        (),
        "create_authorizer",
        {"name": "r", "type": "REQUEST", "authorizerUri": URI},
        _bad("Invalid request input"),
        "github.com/awsdocs/aws-cloudformation-user-guide/pull/692",
    ),
    Quoted(
        (METHOD, MOCK),
        "create_deployment",
        {"stageName": "test", "canarySettings": {"percentTraffic": 10}},
        _bad(
            "Invalid deployment content specified.Stage test must already be created before making "
            "a canary release deployment"
        ),
        "github.com/hashicorp/terraform-provider-aws/pull/39929",
    ),
    Quoted(
        (
            METHOD,
            MOCK,
            ("create_deployment", {"stageName": "v1"}),
            (
                "create_deployment",
                {"stageName": "v1", "canarySettings": {"percentTraffic": 10}},
            ),
        ),
        "create_deployment",
        {"stageName": "v1"},
        _bad(
            "Invalid deployment content specified.Non canary deployment not supported on stage v1 "
            "because Canary is enabled. Provide CanarySettings in deploymentInput."
        ),
        "github.com/serverless/serverless/issues/11518",
    ),
    Quoted(
        (("create_documentation_part", API_PART),),
        "create_documentation_part",
        API_PART,
        _conflict("Documentation part already exists for the specified location: type 'API'"),
        "github.com/deliveryhero/serverless-aws-documentation/pull/121",
    ),
    Quoted(
        (),
        "get_documentation_version",
        {"documentationVersion": "1"},
        _not_found("Invalid Documentation version specified"),
        "github.com/deliveryhero/serverless-aws-documentation/pull/174",
    ),
    Quoted(
        (),
        "update_model",
        {"modelName": "Empty"} | _patch("add", "/description", "d"),
        _bad(
            "Invalid patch path  '/description' specified for op 'add'. Please choose supported "
            "operations"
        ),
        "github.com/boto/boto3/issues/2504 tells of the empty list that stood here before",
    ),
    Quoted(
        (),
        "create_model",
        {"name": "m", "contentType": "application/json", "schema": '{"$ref": "todo"}'},
        _bad(
            "Invalid model specified: Validation Result: warnings : [], errors : [Model reference "
            "must be in canonical form]"
        ),
        # Dropsource/serverless-todo-api-example-complete/issues/3 has "Invalid model schema specified, " before it.
        "imports with the CDK of April 2024 that public repositories keep",
    ),
    Quoted(
        (),
        "create_model",
        {
            "name": "m",
            "contentType": "application/json",
            "schema": '{"$id": "http://example.com/my_schema.json", "properties": {"userId": {"type": "string"}}}',
        },
        _bad(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model "
            'schema specified. Unsupported keyword(s): ["$id"]]'
        ),
        "github.com/aws/aws-cdk/issues/14585",
    ),
    Quoted(
        (),
        "create_model",
        {"name": "m", "contentType": "application/json", "schema": "no schema"},
        _bad(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model "
            "schema specified]"
        ),
        "github.com/amazon-archives/aws-apigateway-importer/issues/126",
    ),
    Quoted(
        (),
        "update_rest_api",
        _patch("add", "/binaryMediaTypes/image/png"),
        _bad("Invalid patch path /binaryMediaTypes/image/png"),
        "github.com/aws/aws-cdk/issues/1157",
    ),
    Quoted(
        (METHOD, MOCK, ("create_deployment", {"stageName": "prod"})),
        "update_stage",
        {"stageName": "prod"} | _patch("replace", "/~1//logging/dataTrace", "true"),
        _bad(
            "Invalid method setting path: /~1//logging/dataTrace. Must be one of: [/deploymentId, "
            "/description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, "
            "/accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, "
            "/{resourcePath}/{httpMethod}/metrics/enabled, "
            "/{resourcePath}/{httpMethod}/logging/dataTrace, "
            "/{resourcePath}/{httpMethod}/logging/loglevel, "
            "/{resourcePath}/{httpMethod}/throttling/burstLimit"
            "/{resourcePath}/{httpMethod}/throttling/rateLimit"
            "/{resourcePath}/{httpMethod}/caching/ttlInSeconds, "
            "/{resourcePath}/{httpMethod}/caching/enabled, "
            "/{resourcePath}/{httpMethod}/caching/dataEncrypted, "
            "/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, "
            "/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, "
            "/*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, "
            "/*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, "
            "/*/*/caching/enabled, /*/*/caching/dataEncrypted, "
            "/*/*/caching/requireAuthorizationForCacheControl, "
            "/*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, "
            "/tracingEnabled]"
        ),
        "github.com/serverless-heaven/serverless-aws-alias/issues/133, up to /*/*/caching",
    ),
    Quoted(
        (
            METHOD,
            MOCK,
            ("create_deployment", {"stageName": "prod"}),
            (
                "update_stage",
                {"stageName": "prod"} | _patch("replace", "/*/*/throttling/rateLimit", "5"),
            ),
        ),
        "update_stage",
        {"stageName": "prod"} | _patch("remove", "/*/*/throttling/rateLimit"),
        _bad(
            "Cannot remove method setting */*/throttling/rateLimit because there is no method "
            "setting for this method "
        ),
        "the sources of Steadybit's AWS extension, which leave out what is after `setting`; that there "
        "is no other way: github.com/go-to-k/cdkd/pull/971",
    ),
    Quoted(
        (),
        "put_method",
        GET | {"authorizationType": "NONE", "requestModels": {"application/json": "Pet"}},
        _bad("Invalid model identifier specified: Pet"),
        "a workshop of AWS with the console, of the model Empty",
    ),
    Quoted(
        (METHOD,),
        "put_method_response",
        GET | {"statusCode": "200", "responseModels": {"application/json": "Pet"}},
        _bad("Invalid model identifier specified: Pet"),
        "the same workshop",
    ),
    Quoted(
        (),
        "create_domain_name",
        {"domainName": "a.example.com."},
        _bad("Trailing period should be omitted from domain name"),
        "the sources of jets",
    ),
]


# What AWS is known to say though no public page that we know of quotes it.
KNOWN = [
    Quoted(
        (METHOD, MOCK, ("create_deployment", {"stageName": "prod"})),
        "update_stage",
        {"stageName": "prod"} | _patch("remove", "/*/*"),
        _bad(
            "Cannot remove method setting */* because there is no method setting for this method "
        ),
        "a setting that is not there",
    ),
    Quoted(
        (METHOD, MOCK, ("create_deployment", {"stageName": "prod"})),
        "update_stage",
        {
            "stageName": "prod",
            "patchOperations": [
                {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}
            ],
        },
        _bad("Promotion not available: Canary does not exist"),
        "a canary that is not there",
    ),
    Quoted(
        (METHOD, MOCK),
        "create_deployment",
        {"canarySettings": {"percentTraffic": 10}},
        _bad(
            "Invalid deployment content specified.Non null and non empty stageName must be provided "
            "for canary deployment. Provided value is null"
        ),
        "a canary of no stage",
    ),
    Quoted(
        (),
        "create_documentation_part",
        {"location": {"type": "API"}, "properties": ""},
        _bad("Documentation part properties must be non-empty"),
        "a documentation part that says nothing",
    ),
]


@pytest.mark.parametrize("quoted", [*QUOTED, *KNOWN], ids=lambda quoted: quoted.source)
def test_what_aws_says(client: Any, api: Any, error_of: ErrorOf, quoted: Quoted) -> None:
    plan_id = client.create_usage_plan(name="plan")["id"]
    root = api["rootResourceId"]
    filled = {"restApiId": api["id"], "resourceId": root, "parentId": root, "usagePlanId": plan_id}
    names = {"{api}": api["id"], "{plan}": plan_id}

    def named(value: Any) -> Any:
        """The value with the names of what is made here."""
        if isinstance(value, str):
            for name, id_ in names.items():
                value = value.replace(name, id_)
            return value
        if isinstance(value, dict):
            return {name: named(each) for name, each in value.items()}
        return [named(each) for each in value] if isinstance(value, list) else value

    def complete(operation: str, request: Request) -> Request:
        name = client.meta.method_to_api_mapping[operation]
        members = client.meta.service_model.operation_model(name).input_shape.members
        known = {member: value for member, value in filled.items() if member in members}
        result: Request = named(known | request)
        return result

    for operation, request in quoted.earlier:
        answer = getattr(client, operation)(**complete(operation, request))
        names["{authorizer}" if operation == "create_authorizer" else "{last}"] = answer.get(
            "id", ""
        )
    call = getattr(client, quoted.operation)
    status, code, text = quoted.answer
    answered = error_of(call, **complete(quoted.operation, quoted.request))
    assert answered == (status, code, named(text))


def test_usage_plans_are_for_rest_apis(
    aws: Callable[[str], Any], client: Any, error_of: ErrorOf
) -> None:
    """As a deployment with boto3 met it that a public repository keeps."""
    http_api = aws("apigatewayv2").create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    plan = client.create_usage_plan(name="plan")["id"]
    answer = error_of(
        client.update_usage_plan,
        usagePlanId=plan,
        **_patch("add", "/apiStages", f"{http_api}:prod"),
    )
    assert answer == _bad("Usage plans are not allowed for HTTP Apis")

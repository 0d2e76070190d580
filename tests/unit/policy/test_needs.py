"""Every operation of every service says what it needs."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from lambent.app import SERVICES
from lambent.policy.needs import TABLES, needs_of
from lambent.policy.needs.rows import Where

ACCOUNT = "111122223333"


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_the_model_has_a_row_and_no_row_is_of_another(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    assert set(TABLES[service]) == set(model.operation_names)


@pytest.mark.parametrize("service", sorted(TABLES))
def test_the_tables_read_members_that_the_model_has(service: str) -> None:
    """Every row makes ARNs and keys of a request that has all of its members, and of one that has the required ones."""
    model = botocore.session.get_session().get_service_model(service)
    for name, needs in TABLES[service].items():
        shape = model.operation_model(name).input_shape
        for is_full in (True, False):
            where = Where(_sample(shape, is_full) if shape else {}, ACCOUNT, "eu-west-1")
            for need in needs:
                found = need.resource(where)
                arns = [found] if isinstance(found, str) else found
                assert all(arn == "*" or arn for arn in arns), name
                assert all(len(values(where)) >= 0 for values in need.keys.values())
                if need.has_tags:
                    assert shape is not None
                    assert need.has_tags in shape.members, name


def _sample(shape: Any, is_full: bool, depth: int = 0) -> Any:
    if shape.type_name == "structure":
        members = shape.members if is_full else shape.required_members
        if depth > 3:
            return {}
        return {name: _sample(shape.members[name], is_full, depth + 1) for name in members}
    if shape.type_name == "list":
        return [_sample(shape.member, is_full, depth + 1)]
    if shape.type_name == "map":
        return {"key": "value"}
    return 1 if shape.type_name in {"integer", "long"} else "name"


def needed(service: str, operation: str, **document: object) -> list[tuple[str, str]]:
    needs = needs_of(service, operation)
    assert needs is not None
    where = Where(document, ACCOUNT, "eu-west-1", f"arn:aws:iam::{ACCOUNT}:user/ann")
    pairs = []
    for need in needs:
        found = need.resource(where)
        pairs += [(need.action, arn) for arn in ([found] if isinstance(found, str) else found)]
    return pairs


F = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
FAR = "arn:aws:lambda:eu-west-1:444455556666:function:f"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
SIGNING = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:code-signing-config:csc-1"
MAPPING = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:event-source-mapping:u"
NEW = {"FunctionName": "f", "Role": ROLE, "Code": {}}
LAYER = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:l"


@pytest.mark.parametrize(
    ("operation", "document", "expected"),
    [
        ("Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", F)]),
        ("Invoke", {"FunctionName": "f", "Qualifier": "live"}, [("lambda:InvokeFunction", f"{F}:live")]),
        ("Invoke", {"FunctionName": "f:live"}, [("lambda:InvokeFunction", f"{F}:live")]),
        ("Invoke", {"FunctionName": f"{ACCOUNT}:function:f"}, [("lambda:InvokeFunction", F)]),
        ("Invoke", {"FunctionName": FAR}, [("lambda:InvokeFunction", FAR)]),
        ("InvokeWithResponseStream", {"FunctionName": "f"}, [("lambda:InvokeFunction", F)]),
        ("InvokeAsync", {"FunctionName": "f"}, [("lambda:InvokeAsync", F)]),
        ("ListFunctions", {}, [("lambda:ListFunctions", "*")]),
        ("GetFunction", {"FunctionName": "f", "Qualifier": "1"}, [("lambda:GetFunction", f"{F}:1")]),
        ("PublishVersion", {"FunctionName": f"{F}:1"}, [("lambda:PublishVersion", F)]),
        ("GetLayerVersionByArn", {"Arn": f"{LAYER}:3"}, [("lambda:GetLayerVersion", f"{LAYER}:3")]),
        ("GetLayerVersion", {"LayerName": "l", "VersionNumber": 3}, [("lambda:GetLayerVersion", f"{LAYER}:3")]),
        (
            "CreateFunction",
            {**NEW, "Layers": [f"{LAYER}:1"], "Code": {"S3Bucket": "b", "S3Key": "k"}, "Tags": {"a": "b"}},
            [
                ("lambda:CreateFunction", F),
                ("iam:PassRole", ROLE),
                ("lambda:TagResource", F),
                ("lambda:GetLayerVersion", f"{LAYER}:1"),
                ("s3:GetObject", "arn:aws:s3:::b/k"),
            ],
        ),
        ("CreateFunction", NEW, [("lambda:CreateFunction", F), ("iam:PassRole", ROLE)]),
        ("UpdateFunctionConfiguration", {"FunctionName": "f"}, [("lambda:UpdateFunctionConfiguration", F)]),
        ("ListTags", {"Resource": F}, [("lambda:ListTags", F)]),
        ("UpdateEventSourceMapping", {"UUID": "u"}, [("lambda:UpdateEventSourceMapping", MAPPING)]),
    ],
)  # fmt: skip
def test_what_operations_of_lambda_need(
    operation: str, document: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert needed("lambda", operation, **document) == expected


@pytest.mark.parametrize(
    ("operation", "document", "resource"),
    [
        ("Invoke", {"FunctionName": F.replace(":aws:", ":aws-cn:")}, F),
        ("Invoke", {"FunctionName": F.replace(":aws:", "::")}, F),
        ("Invoke", {"FunctionName": "function:f"}, F),
        ("ListTags", {"Resource": F.replace(":aws:", ":aws-cn:")}, F),
        ("GetLayerVersionByArn", {"Arn": f"{LAYER}:01"}, f"{LAYER}:1"),
        ("GetLayerVersionByArn", {"Arn": f"{LAYER.replace(':aws:', ':aws-cn:')}:1"}, f"{LAYER}:1"),
        ("ListLayerVersions", {"LayerName": LAYER.replace(":aws:", ":aws-x:")}, LAYER),
        ("ListLayerVersions", {"LayerName": "l"}, LAYER),
        (
            "GetCodeSigningConfig",
            {"CodeSigningConfigArn": SIGNING.replace("eu-west-1", "us-east-1")},
            SIGNING,
        ),
        ("GetFunction", {"FunctionName": "arn:aws:lambda:us-east-1:444455556666:function:f"}, F),
    ],
)
def test_a_resource_has_one_name_whichever_way_it_is_asked_for(
    operation: str, document: dict[str, Any], resource: str
) -> None:
    """Else a denial of its proper name could be got past."""
    assert [arn for _, arn in needed("lambda", operation, **document)] == [resource]


def test_what_operations_of_the_other_services_need() -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/"
    assert needed("iam", "CreateUser", UserName="u", Path="/a/") == [
        ("iam:CreateUser", f"{user}a/u")
    ]
    assert needed("iam", "GetUser") == [("iam:GetUser", f"{user}ann")]
    assert needed("iam", "ListUsers") == [("iam:ListUsers", user)]
    assert needed("iam", "ListPolicies") == [("iam:ListPolicies", "policy path /")]
    assert needed("sts", "GetCallerIdentity") == []
    assert needed("sts", "AssumeRole", RoleArn=ROLE) == [("sts:AssumeRole", ROLE)]
    group = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/f:log-stream:"
    put = needed("logs", "PutLogEvents", logGroupName="/aws/lambda/f", logStreamName="s")
    assert put == [("logs:PutLogEvents", f"{group}s")]
    alarm = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:"
    deleted = needed("cloudwatch", "DeleteAlarms", AlarmNames=["a", "b"])
    assert deleted == [("cloudwatch:DeleteAlarms", f"{alarm}{name}") for name in "ab"]


def test_moving_a_mapping_needs_both_functions() -> None:
    moved = needed("lambda", "UpdateEventSourceMapping", UUID="u", FunctionName="f")
    assert moved == [("lambda:UpdateEventSourceMapping", MAPPING)] * 2
    needs = needs_of("lambda", "UpdateEventSourceMapping")
    assert needs is not None
    assert [sorted(need.keys) for need in needs] == [[], ["lambda:functionarn"]]


def test_api_gateway_goes_by_method_and_path() -> None:
    pets = {"restApiId": "abc", "resourceId": "r", "httpMethod": "GET"}
    assert needed("apigateway", "PutMethod", **pets) == [
        ("apigateway:PUT", "arn:aws:apigateway:eu-west-1::/restapis/abc/resources/r/methods/GET")
    ]
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    assert needed("apigateway", "PutIntegration", **pets, credentials=role)[1:] == [
        ("iam:PassRole", role)
    ]
    assert (
        needed("apigateway", "PutIntegration", **pets, credentials="arn:aws:iam::*:user/*")[1:]
        == []
    )
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    assert needed("apigateway", "UpdateAccount", patchOperations=operations)[1:] == [
        ("iam:PassRole", role)
    ]
    assert needed("apigateway", "ImportRestApi") == [
        ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/restapis")
    ]
    arn = "arn:aws:apigateway:eu-west-1::/restapis/abc"
    tags = "arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2Fabc"
    assert needed("apigateway", "GetTags", resourceArn=arn) == [
        ("apigateway:GET", f"arn:aws:apigateway:eu-west-1::/tags/{tags}")
    ]

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambent.core.errors import NotImplementedByLambent, UnknownOperation
from lambent.core.http import Headers
from lambent.protocol.errors import serialize_error, told_protocol
from lambent.protocol.models import UnknownService
from lambent.protocol.routing import Router

if TYPE_CHECKING:
    from tests.unit.protocol.conftest import Call, Make

SERVICES = (
    "lambda", "iam", "sts", "sqs", "dynamodb", "dynamodbstreams", "cloudwatch", "apigateway",
    "apigatewayv2", "s3", "rds", "docdb",
)  # fmt: skip


@pytest.fixture(scope="module")
def router() -> Router:
    return Router(SERVICES)


def _find(
    router: Router,
    uri: str = "/",
    signing_name: str | None = None,
    method: str = "POST",
    body: bytes = b"",
    **headers: str,
) -> str:
    path, _, query = uri.partition("?")
    sent = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return router.find_service(method, path, query, sent, signing_name, body).name


def test_the_signature_names_the_service(router: Router) -> None:
    assert _find(router, signing_name="lambda") == "lambda"
    assert _find(router, signing_name="monitoring") == "cloudwatch"


def test_the_target_tells_services_with_one_signing_name_apart(router: Router) -> None:
    for target, name in (
        ("DynamoDB_20120810.GetItem", "dynamodb"),
        ("DynamoDBStreams_20120810.GetRecords", "dynamodbstreams"),
    ):
        assert _find(router, signing_name="dynamodb", X_Amz_Target=target) == name


def test_the_path_tells_services_with_one_signing_name_apart(router: Router) -> None:
    assert _find(router, "/restapis", "apigateway", "GET") == "apigateway"
    assert _find(router, "/v2/apis", "apigateway", "GET") == "apigatewayv2"
    with pytest.raises(UnknownOperation):
        _find(router, "/v3/apis", "apigateway", "GET")


def test_the_action_tells_services_with_one_signing_name_apart(router: Router) -> None:
    only_rds = b"Action=CreateDBProxy&Version=2014-10-31"
    assert _find(router, signing_name="rds", body=only_rds) == "rds"
    assert _find(router, f"/?{only_rds.decode()}", "rds", "GET") == "rds"
    with pytest.raises(UnknownOperation):
        _find(router, signing_name="rds", body=b"Action=Nothing")


def test_unsigned_calls_go_by_target_path_host_or_action(router: Router) -> None:
    assert _find(router, X_Amz_Target="AmazonSQS.SendMessage") == "sqs"
    rpc = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    assert _find(router, rpc) == "cloudwatch"
    assert _find(router, Host="sts.eu-west-1.amazonaws.com") == "sts"
    assert _find(router, Host="sqs.localhost:4566") == "sqs"
    action = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
    assert _find(router, body=action, Host="localhost:4566") == "sts"
    assert _find(router, "/?Action=ListUsers", method="GET") == "iam"
    assert _find(router, "/2015-03-31/functions/a%ff/invocations") == "lambda"


def test_a_path_that_several_services_have_says_nothing() -> None:
    router = Router(["mq", "kafka", "s3"])
    with pytest.raises(UnknownOperation):
        _find(router, "/v1/tags/x", method="GET", Host="localhost")
    assert _find(router, "/v1/brokers", method="GET", Host="localhost") == "mq"
    assert _find(router, "/v1/other", method="GET", Host="localhost") == "s3"


def test_a_service_that_is_not_served_is_refused_by_name(router: Router) -> None:
    with pytest.raises(NotImplementedByLambent, match=r"the service ec2; it has apigateway, .*sts"):
        _find(router, signing_name="ec2")


def test_a_request_that_names_no_service_is_an_unknown_operation(router: Router) -> None:
    with pytest.raises(UnknownOperation):
        _find(router, method="TRACE", X_Amz_Target="Foo.Bar", Host="localhost")


def test_a_service_is_known_by_its_name(router: Router) -> None:
    assert router.service("iam").signing_name == "iam"
    with pytest.raises(KeyError):
        router.service("ec2")


def test_a_router_is_not_built_for_a_service_that_does_not_exist() -> None:
    with pytest.raises(UnknownService):
        Router(["lambda", "nothing-like-it"])


def test_a_rest_service_may_list_an_rpc_protocol_too(make: Make, call: Call) -> None:
    shapes = {"Input": {"type": "structure", "members": {"A": {"shape": "String"}}}}
    listed = ["rest-json", "smithy-rpc-v2-cbor", "not-known-here"]
    service = make("rest-json", shapes, protocols=listed, targetPrefix="Toy")
    assert call(service, "POST", "/op", b'{"A":"x"}') == {"A": "x"}
    assert call(service, "POST", "/service/Toy/operation/Op", b"\xa1aAax") == {"A": "x"}


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        (None, b'{"message":"who?"}'),
        ("json", b'{"__type":"UnknownOperationException","message":"who?"}'),
        (
            "query",
            (
                b'<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error><Type>Sender</Type>'
                b"<Code>UnknownOperationException</Code><Message>who?</Message></Error>"
                b"<RequestId>request-id</RequestId></ErrorResponse>"
            ),
        ),
    ],
)
def test_an_error_of_no_service_has_its_protocol_s_shape(
    protocol: str | None, expected: bytes
) -> None:
    answer = serialize_error(protocol, UnknownOperation("who?"), "request-id")
    assert (answer.status, answer.body) == (404, expected)


@pytest.mark.parametrize(
    ("headers", "signing_name", "expected"),
    [
        ({"Smithy-Protocol": "rpc-v2-cbor"}, "appconfig", "smithy-rpc-v2-cbor"),
        ({"X-Amz-Target": "AWSEvents.PutRule"}, "events", "json"),
        ({"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, "sns", "query"),
        ({}, "s3", "rest-xml"),
        ({}, "scheduler", None),
        ({}, None, None),
    ],
)
def test_a_request_of_no_service_shows_its_protocol(
    headers: dict[str, str], signing_name: str | None, expected: str | None
) -> None:
    assert told_protocol(Headers(headers.items()), signing_name) == expected


def test_it_is_known_where_a_name_or_a_path_says_it_all(router: Router) -> None:
    assert router.is_told_by_name("lambda")
    assert not router.is_told_by_name("apigateway")
    assert not router.is_told_by_name("nobody")
    lambda_, sqs = router.service("lambda"), router.service("sqs")
    assert lambda_.is_told_by_path("POST", "/2015-03-31/functions/f/invocations")
    assert not lambda_.is_told_by_path("POST", "/nowhere")
    assert not sqs.is_told_by_path("POST", "/")


@pytest.mark.parametrize(
    ("host", "is_named"),
    [
        ("lambda.us-east-1.amazonaws.com", True),
        ("sts.amazonaws.com", True),
        ("127.0.0.1:4566", False),
        ("", False),
    ],
)
def test_a_host_may_name_a_service(router: Router, host: str, is_named: bool) -> None:
    assert router.is_named_by_host(Headers([("Host", host)])) is is_named

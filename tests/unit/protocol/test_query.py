"""query, on the models of IAM, STS, SQS and CloudWatch."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from lambent.core.errors import ServiceError, UnknownOperation, ValidationFailed
from lambent.core.http import Headers
from lambent.protocol.service import ServiceCodec

if TYPE_CHECKING:
    from tests.unit.protocol.conftest import Call


@pytest.fixture(scope="module")
def iam() -> ServiceCodec:
    return ServiceCodec("iam")


@pytest.fixture(scope="module")
def sqs() -> ServiceCodec:
    return ServiceCodec("sqs")


def _form(**members: Any) -> bytes:
    return urlencode(members).encode()


def _answer(service: ServiceCodec, name: str, document: dict[str, Any]) -> str:
    codec = service.table("query").operation(name)
    assert codec is not None
    body = codec.serialize(document, "request-id").body
    assert isinstance(body, bytes)
    return body.decode().partition("\n")[2]


def test_a_form_may_come_in_the_body_or_in_the_query_string(iam: ServiceCodec, call: Call) -> None:
    form = _form(Action="GetRole", Version="2010-05-08", RoleName="r")
    assert call(iam, "POST", "/", form) == {"RoleName": "r"}
    assert call(iam, "GET", f"/?{form.decode()}") == {"RoleName": "r"}


def test_an_answer_is_wrapped_in_the_operation_s_result(iam: ServiceCodec) -> None:
    role = {"RoleName": "r", "CreateDate": datetime(2026, 1, 2, tzinfo=UTC), "Arn": None}
    assert _answer(iam, "GetRole", {"Role": role}) == (
        '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
        "<RoleName>r</RoleName><CreateDate>2026-01-02T00:00:00Z</CreateDate></Role></GetRoleResult>"
        "<ResponseMetadata><RequestId>request-id</RequestId></ResponseMetadata></GetRoleResponse>"
    )


def test_an_operation_without_output_has_no_result(iam: ServiceCodec) -> None:
    assert _answer(iam, "DeleteRole", {}) == (
        '<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        "<ResponseMetadata><RequestId>request-id</RequestId></ResponseMetadata></DeleteRoleResponse>"
    )


def test_violations_are_called_validation_error(iam: ServiceCodec, call: Call) -> None:
    tags = {"Tags.member.1.Key": "k", "Tags.member.1.Value": "a#b"}
    form = _form(Action="TagRole", RoleName="r", **tags)
    with pytest.raises(ValidationFailed) as caught:
        call(iam, "POST", "/", form)
    assert caught.value.code == "ValidationError"
    assert caught.value.message == (
        "1 validation error detected: Value 'a#b' at 'tags.1.member.value' failed to satisfy "
        r"constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"
    )


def test_an_error_names_its_fault_and_its_query_code(iam: ServiceCodec) -> None:
    error = ServiceError("no <role>", code="NoSuchEntityException", status=404)
    answer = iam.serialize_error(error, "request-id")
    assert (answer.status, answer.headers) == (
        404,
        [("x-amzn-RequestId", "request-id"), ("Content-Type", "text/xml")],
    )
    assert isinstance(answer.body, bytes)
    assert answer.body.endswith(
        b'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>'
        b"<Type>Sender</Type><Code>NoSuchEntity</Code><Message>no &lt;role&gt;</Message></Error>"
        b"<RequestId>request-id</RequestId></ErrorResponse>"
    )


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        (b"Action=Nope", "InvalidAction", "Could not find operation Nope for version 2010-05-08"),
        (b"Version=2010-05-08", "MissingAction", "Missing Action"),
        (b"", "MissingAction", "Missing Action"),
    ],
)
def test_an_unknown_action_is_told_as_aws_does(
    iam: ServiceCodec, form: bytes, code: str, message: str
) -> None:
    with pytest.raises(UnknownOperation) as caught:
        iam.find_operation("POST", "/", "", Headers(), form)
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert caught.value.message == message


def test_an_operation_without_input_reads_nothing(call: Call) -> None:
    assert call(ServiceCodec("iam"), "POST", "/", b"Action=GetAccountSummary&Version=1") == {}


def test_old_sqs_clients_use_the_names_of_their_time(sqs: ServiceCodec, call: Call) -> None:
    form = {
        "Action": "CreateQueue",
        "QueueName": "q",
        "Attribute.1.Name": "DelaySeconds",
        "Attribute.1.Value": "5",
        "Tag.1.Key": "k",
        "Tag.1.Value": "v",
    }
    assert call(sqs, "POST", "/", urlencode(form).encode()) == {
        "QueueName": "q",
        "Attributes": {"DelaySeconds": "5"},
        "tags": {"k": "v"},
    }
    batch = {
        "Action": "SendMessageBatch",
        "QueueUrl": "u",
        "SendMessageBatchRequestEntry.1.Id": "1",
        "SendMessageBatchRequestEntry.1.MessageBody": "hi",
        "SendMessageBatchRequestEntry.1.MessageAttribute.1.Name": "a",
        "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType": "String",
        "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue": "x",
    }
    entry = {
        "Id": "1",
        "MessageBody": "hi",
        "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}},
    }
    parsed = call(sqs, "POST", "/000000000000/q", urlencode(batch).encode())
    assert parsed == {"QueueUrl": "u", "Entries": [entry]}


def test_old_sqs_clients_are_answered_in_the_names_of_their_time(sqs: ServiceCodec) -> None:
    message = {"MessageId": "1", "Body": "hi", "Attributes": {"SentTimestamp": "1"}}
    assert _answer(sqs, "ReceiveMessage", {"Messages": [message]}) == (
        '<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        "<ReceiveMessageResult><Message><MessageId>1</MessageId><Body>hi</Body>"
        "<Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute></Message>"
        "</ReceiveMessageResult><ResponseMetadata><RequestId>request-id</RequestId>"
        "</ResponseMetadata></ReceiveMessageResponse>"
    )


def test_a_service_is_spoken_to_in_every_protocol_it_lists(call: Call) -> None:
    cloudwatch = ServiceCodec("cloudwatch")
    body = b'{"AlarmNames":["a"]}'
    target = {"X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms"}
    expected = {"AlarmNames": ["a"]}
    form = b"Action=DescribeAlarms&AlarmNames.member.1=a&Version=2010-08-01"
    assert call(cloudwatch, "POST", "/", body, target) == expected
    assert call(cloudwatch, "POST", "/", form) == expected


def test_a_target_of_another_service_is_an_unknown_operation() -> None:
    headers = Headers([("X-Amz-Target", "AmazonSQS.DescribeAlarms")])
    with pytest.raises(UnknownOperation):
        ServiceCodec("cloudwatch").find_operation("POST", "/", "", headers, b"{}")


def test_no_mark_of_any_protocol_is_an_unknown_operation() -> None:
    with pytest.raises(UnknownOperation):
        ServiceCodec("dynamodb").find_operation("POST", "/", "", Headers(), b"{}")


def test_a_compressed_form_is_read(call: Call) -> None:
    cloudwatch = ServiceCodec("cloudwatch")
    form = {
        "Action": "PutMetricData",
        "Namespace": "n",
        "MetricData.member.1.MetricName": "m",
        "MetricData.member.1.Value": "1.5",
    }
    body = gzip.compress(urlencode(form).encode())
    parsed = call(cloudwatch, "POST", "/", body, {"Content-Encoding": "gzip"})
    assert parsed == {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}
    with pytest.raises(ServiceError, match="not gzip"):
        call(cloudwatch, "POST", "/", b"Action=x", {"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"Action": "GetRole", "RoleName": "a b"},
            (
                "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the "
                "following: +=,.@_-"
            ),
        ),
        (
            {
                "Action": "CreateRole",
                "RoleName": "r",
                "AssumeRolePolicyDocument": "{}",
                "Path": "x",
            },
            (
                "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
                "characters and/or / characters."
            ),
        ),
        (
            {"Action": "GetRole", "RoleName": "r" * 65},
            "1 validation error detected: Value",
        ),
    ],
)
def test_iam_says_in_its_own_words_what_a_name_may_hold(
    iam: ServiceCodec, call: Call, members: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        call(iam, "POST", "/", _form(Version="2010-05-08", **members))
    assert str(refused.value).startswith(words)
    assert refused.value.code == "ValidationError"

"""json and CBOR, on the models of DynamoDB, SQS, Kinesis and CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cbor2
import orjson
import pytest

from lambent.core.errors import ServiceError, ValidationFailed
from lambent.protocol.eventstream import EventDecoder, EventMessage, encode_message
from lambent.protocol.service import ServiceCodec

if TYPE_CHECKING:
    from tests.unit.protocol.conftest import Answer, Call, Make

STREAM: dict[str, Any] = {
    "Input": {
        "type": "structure",
        "members": {"Name": {"shape": "String"}, "Events": {"shape": "Events"}},
    },
    "Output": {
        "type": "structure",
        "members": {"Name": {"shape": "String"}, "Events": {"shape": "Events"}},
    },
    "Events": {"type": "structure", "eventstream": True, "members": {"Said": {"shape": "Said"}}},
    "Said": {"type": "structure", "event": True, "members": {"Text": {"shape": "String"}}},
}


@pytest.fixture(scope="module")
def dynamodb() -> ServiceCodec:
    return ServiceCodec("dynamodb")


def _answer(service: ServiceCodec, protocol: str, name: str, document: dict[str, Any]) -> Any:
    codec = service.table(protocol).operation(name)
    assert codec is not None
    return codec.serialize(document, "request-id")


def test_json_goes_both_ways(dynamodb: ServiceCodec, call: Call) -> None:
    item = {"id": {"S": "1"}, "raw": {"B": "aGk="}, "list": {"L": [{"NULL": True}]}}
    body = orjson.dumps({"TableName": "table", "Item": item})
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem"}
    parsed = call(dynamodb, "POST", "/", body, headers)
    assert parsed["Item"] == {**item, "raw": {"B": b"hi"}}
    answer = _answer(dynamodb, "json", "GetItem", {"Item": parsed["Item"]})
    assert orjson.loads(answer.body) == {"Item": item}
    assert answer.headers == [
        ("x-amzn-RequestId", "request-id"),
        ("Content-Type", "application/x-amz-json-1.0"),
    ]


def test_violations_of_json_are_validation_exceptions(dynamodb: ServiceCodec, call: Call) -> None:
    headers = {"X-Amz-Target": "DynamoDB_20120810.GetItem"}
    with pytest.raises(ValidationFailed) as caught:
        call(dynamodb, "POST", "/", b"{}", headers)
    assert caught.value.code == "ValidationException"
    assert caught.value.message == (
        "2 validation errors detected: "
        "Value null at 'tableName' failed to satisfy constraint: Member must not be null; "
        "Value null at 'key' failed to satisfy constraint: Member must not be null"
    )


def test_deeply_nested_attributes_are_refused(dynamodb: ServiceCodec, call: Call) -> None:
    deep = b'{"L":[' * 100 + b'{"S":"x"}' + b"]}" * 100
    body = b'{"TableName":"table","Item":{"a":' + deep + b"}}"
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem"}
    with pytest.raises(ServiceError) as caught:
        call(dynamodb, "POST", "/", body, headers)
    assert caught.value.code == "SerializationException"


def test_an_error_is_named_with_its_namespace(dynamodb: ServiceCodec) -> None:
    error = ServiceError("gone", code="ResourceNotFoundException", status=400)
    answer = dynamodb.serialize_error(error, "request-id")
    assert orjson.loads(answer.body) == {  # bytes, as it does not stream
        "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message": "gone",
    }


def test_an_operation_without_output_answers_with_an_empty_body() -> None:
    answer = _answer(ServiceCodec("sqs"), "json", "DeleteMessage", {})
    assert (answer.status, answer.body) == (200, b"")


def test_errors_of_former_query_services_keep_their_old_code_in_a_header() -> None:
    sqs = ServiceCodec("sqs")
    error = ServiceError("no queue", code="QueueDoesNotExist", status=400)
    answer = sqs.serialize_error(error, "request-id")
    old = ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")
    assert old in answer.headers
    assert orjson.loads(answer.body) == {  # bytes, as it does not stream
        "__type": "com.amazonaws.sqs#QueueDoesNotExist",
        "message": "no queue",
    }
    failure = sqs.serialize_error(ServiceError("oops"), "request-id")
    assert ("x-amzn-query-error", "InternalFailure;Receiver") in failure.headers


def test_cbor_goes_both_ways(call: Call) -> None:
    cloudwatch = ServiceCodec("cloudwatch")
    path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"
    body = cbor2.dumps({"AlarmNames": ["a"], "MaxRecords": 5})
    assert call(cloudwatch, "POST", path, body) == {"AlarmNames": ["a"], "MaxRecords": 5}
    answer = _answer(cloudwatch, "smithy-rpc-v2-cbor", "DescribeAlarms", {"NextToken": "t"})
    assert cbor2.loads(answer.body) == {"NextToken": "t"}
    assert ("smithy-protocol", "rpc-v2-cbor") in answer.headers
    assert ("Content-Type", "application/cbor") in answer.headers


@pytest.mark.parametrize("protocol", ["json", "smithy-rpc-v2-cbor"])
def test_a_stream_begins_with_the_rest_of_the_document(
    make: Make, call: Call, answer: Answer, protocol: str
) -> None:
    service = make(protocol, STREAM, targetPrefix="Toy")
    events = [{"Said": {"Text": "a"}}]
    sent = b"".join(answer(service, {"Name": "n", "Events": events}).body)  # a list
    first, second = list(EventDecoder().feed(sent))
    assert (first.headers[":event-type"], second.headers[":event-type"]) == (
        "initial-response",
        "Said",
    )
    request = EventMessage({":event-type": "initial-request"}, first.payload)
    body = encode_message(request) + encode_message(second)
    path = "/service/Toy/operation/Op" if protocol != "json" else "/"
    parsed = call(service, "POST", path, body, {"X-Amz-Target": "Toy.Op"})
    assert parsed == {"Name": "n", "Events": events}


def test_an_operation_without_input_reads_nothing(make: Make, call: Call) -> None:
    service = make("json", {}, targetPrefix="Toy")
    assert call(service, "POST", "/", b"whatever", {"X-Amz-Target": "Toy.Op"}) == {}

"""rest-json, mostly on Lambda's own model."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from lambent.core.errors import AccessDenied, ServiceError, ValidationFailed
from lambent.core.http import Headers
from lambent.protocol.eventstream import EventDecoder
from lambent.protocol.service import ServiceCodec

if TYPE_CHECKING:
    from tests.unit.protocol.conftest import Answer, Call, Make

INVOKE = "/2015-03-31/functions/hello/invocations"
FUNCTIONS = "/2015-03-31/functions"
VALID = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}}


@pytest.fixture(scope="module")
def service() -> ServiceCodec:
    return ServiceCodec("lambda")


def _serialized(service: ServiceCodec, name: str, document: dict[str, Any]) -> Any:
    codec = service.table("rest-json").operation(name)
    assert codec is not None
    return codec.serialize(document, "request-id")


def test_invoke_takes_its_payload_as_it_is_and_uncopied(service: ServiceCodec, call: Call) -> None:
    body = b"not JSON at all" * 1000
    headers = {"X-Amz-Log-Type": "Tail", "Content-Type": "binary/octet-stream"}
    parsed = call(service, "POST", f"{INVOKE}?Qualifier=%24LATEST", body, headers)
    assert parsed["Payload"] is body
    assert parsed == {
        "FunctionName": "hello",
        "Qualifier": "$LATEST",
        "LogType": "Tail",
        "Payload": body,
    }


def test_members_that_were_not_sent_are_absent(service: ServiceCodec, call: Call) -> None:
    assert call(service, "POST", INVOKE) == {"FunctionName": "hello"}


def test_invoke_answers_with_the_payload_s_own_bytes(service: ServiceCodec) -> None:
    payload = b'{"answer": 42}'
    document = {"StatusCode": 200, "Payload": payload, "ExecutedVersion": "$LATEST"}
    answer = _serialized(service, "Invoke", document)
    assert answer.status == 200
    assert answer.body is payload
    assert answer.headers == [
        ("x-amzn-RequestId", "request-id"),
        ("X-Amz-Executed-Version", "$LATEST"),
        ("Content-Type", "application/json"),
    ]


def test_a_status_in_the_output_overrules_the_model(service: ServiceCodec) -> None:
    answer = _serialized(service, "Invoke", {"StatusCode": 202, "Payload": b""})
    assert (answer.status, answer.body) == (202, b"")
    assert _serialized(service, "Invoke", {"StatusCode": 204}).body == b""


def test_an_operation_without_output_answers_with_nothing(service: ServiceCodec) -> None:
    answer = _serialized(service, "TagResource", {})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers == [("x-amzn-RequestId", "request-id")]


def test_absent_members_are_not_sent(service: ServiceCodec) -> None:
    document = {"FunctionName": "f", "KMSKeyArn": None, "MemorySize": 128, "Unknown": 1}
    answer = _serialized(service, "CreateFunction", document)
    assert answer.status == 201
    assert orjson.loads(answer.body) == {"FunctionName": "f", "MemorySize": 128}


@pytest.mark.parametrize("path", [FUNCTIONS, f"{FUNCTIONS}/"])
def test_old_clients_end_paths_with_a_slash(service: ServiceCodec, call: Call, path: str) -> None:
    parsed = call(service, "POST", path, orjson.dumps(VALID))
    assert parsed == VALID


def test_a_blob_in_a_body_is_base64(service: ServiceCodec, call: Call) -> None:
    body = orjson.dumps({**VALID, "Code": {"ZipFile": "UEsDBA=="}})
    assert call(service, "POST", FUNCTIONS, body)["Code"] == {"ZipFile": b"PK\x03\x04"}


def test_lambda_has_its_own_error_for_malformed_bodies(service: ServiceCodec, call: Call) -> None:
    for body in (b'{"FunctionName": ', b"[]", b'{"FunctionName": 1}'):
        with pytest.raises(ServiceError) as caught:
            call(service, "POST", FUNCTIONS, body)
        assert caught.value.code == "InvalidRequestContentException"
        assert caught.value.status == 400
        assert str(caught.value.message).startswith("Could not parse request body into json: ")
        assert caught.value.members == {"Type": "User"}


def test_all_violations_are_told_at_once(service: ServiceCodec, call: Call) -> None:
    body = orjson.dumps({"Code": {}, "FunctionName": "a b", "Timeout": 0})
    with pytest.raises(ValidationFailed) as caught:
        call(service, "POST", FUNCTIONS, body)
    message = str(caught.value.message)
    assert caught.value.code == "ValidationException"
    assert message.startswith("3 validation errors detected: Value 'a b' at 'functionName' failed")
    assert "Value null at 'role' failed to satisfy constraint: Member must not be null" in message
    assert message.endswith(
        "'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"
    )


@pytest.mark.parametrize("name", ["lambda", "apigateway", "apigatewayv2"])
def test_an_unknown_path_is_nothing_that_anybody_may(name: str) -> None:
    """Lambda: boto/boto3#294 and boto/botocore#678. API Gateway: an OPTIONS request of October 2020 to
    apigateway.us-east-1.amazonaws.com, printed with its `content-length: 73` and `x-amzn-errortype` in a public
    repository's table of the services that speak CORS.
    """
    service = ServiceCodec(name)
    with pytest.raises(AccessDenied) as caught:
        service.find_operation("GET", "/2015-03-31/nothing", "", Headers(), b"")
    answer = service.serialize_error(caught.value, "request-id")
    assert answer.status == 403
    assert ("x-amzn-ErrorType", "AccessDeniedException") in answer.headers
    body = answer.body
    assert body == b'{"Message":"Unable to determine service/operation name to be authorized"}'
    assert len(body) == 73


def test_a_label_that_is_not_utf_8_is_malformed(service: ServiceCodec) -> None:
    with pytest.raises(ServiceError) as caught:
        service.find_operation("GET", f"{FUNCTIONS}/%ff", "", Headers(), b"")
    assert caught.value.status == 400


def _error(service: ServiceCodec, error: ServiceError) -> Any:
    codec = service.table("rest-json").operation("GetFunction")
    assert codec is not None
    return codec.serialize_error(error, "request-id")


def test_an_error_spells_its_message_as_its_shape_does(service: ServiceCodec) -> None:
    error = ServiceError(
        "Function not found: x", code="ResourceNotFoundException", status=404,
        members={"Type": "User"},
    )  # fmt: skip
    answer = _error(service, error)
    assert answer.status == 404
    assert answer.body == b'{"Type":"User","Message":"Function not found: x"}'
    assert answer.headers == [
        ("x-amzn-RequestId", "request-id"),
        ("x-amzn-ErrorType", "ResourceNotFoundException"),
        ("Content-Type", "application/json"),
    ]


def test_members_of_an_error_may_be_header_fields(service: ServiceCodec) -> None:
    members = {"Type": "User", "Reason": "CallerRateLimitExceeded", "retryAfterSeconds": "3"}
    error = ServiceError(
        "Rate Exceeded.",
        code="TooManyRequestsException",
        status=429,
        members=members,
        headers=(("X-Extra", "1"),),
    )
    answer = _error(service, error)
    assert ("Retry-After", "3") in answer.headers
    assert ("X-Extra", "1") in answer.headers
    assert orjson.loads(answer.body) == {
        "Type": "User",
        "Reason": "CallerRateLimitExceeded",
        "message": "Rate Exceeded.",
    }


def test_an_error_without_a_message_says_null(service: ServiceCodec) -> None:
    assert _error(service, AccessDenied()).body == b'{"Message":null}'


def test_an_error_outside_of_the_model_has_a_small_message(service: ServiceCodec) -> None:
    body = _error(service, ValidationFailed("1 validation error ...")).body
    assert body == b'{"message":"1 validation error ..."}'


def test_a_response_stream_is_sent_event_by_event(service: ServiceCodec) -> None:
    events = [{"PayloadChunk": {"Payload": b"a"}}, {"InvokeComplete": {"ErrorCode": "X"}}]
    answer = _serialized(service, "InvokeWithResponseStream", {"EventStream": iter(events)})
    assert ("Content-Type", "application/vnd.amazon.eventstream") in answer.headers
    chunk, complete = list(EventDecoder().feed(b"".join(answer.body)))
    assert chunk.headers == {
        ":message-type": "event",
        ":event-type": "PayloadChunk",
        ":content-type": "application/octet-stream",
    }
    assert chunk.payload == b"a"
    assert (complete.headers[":event-type"], complete.payload) == (
        "InvokeComplete",
        b'{"ErrorCode":"X"}',
    )


def test_a_stream_of_events_is_read_from_a_body(make: Make, call: Call) -> None:
    shapes: dict[str, Any] = {
        "Input": {
            "type": "structure",
            "payload": "Events",
            "members": {"Events": {"shape": "Events"}},
        },
        "Output": {
            "type": "structure",
            "payload": "Events",
            "members": {"Events": {"shape": "Events"}},
        },
        "Events": {
            "type": "structure",
            "eventstream": True,
            "members": {"Said": {"shape": "Said"}},
        },
        "Said": {"type": "structure", "event": True, "members": {"Text": {"shape": "String"}}},
    }
    service = make("rest-json", shapes)
    events = [{"Said": {"Text": "a"}}, {"Said": {"Text": "b"}}]
    answer = _serialized(service, "Op", {"Events": events})
    assert call(service, "POST", "/op", b"".join(answer.body)) == {"Events": events}


def test_a_payload_may_be_text_or_any_json(make: Make, call: Call, answer: Answer) -> None:
    shapes: dict[str, Any] = {
        "Input": {"type": "structure", "payload": "It", "members": {"It": {"shape": "String"}}},
        "Output": {"type": "structure", "payload": "It", "members": {"It": {"shape": "Any"}}},
        "Any": {"type": "structure", "document": True, "members": {}},
    }
    service = make("rest-json", shapes)
    assert call(service, "POST", "/op", "é".encode()) == {"It": "é"}
    with pytest.raises(ServiceError, match="not UTF-8"):
        call(service, "POST", "/op", b"\xff")
    assert answer(service, {"It": [1, "a"]}).body == b'[1,"a"]'


def test_a_payload_s_own_content_type_wins(make: Make, answer: Answer) -> None:
    members = {
        "It": {"shape": "Blob"},
        "Type": {"shape": "String", "location": "header", "locationName": "content-type"},
    }
    shapes: dict[str, Any] = {
        "Output": {"type": "structure", "payload": "It", "members": members},
        "Blob": {"type": "blob"},
    }
    sent = answer(make("rest-json", shapes), {"It": b"x", "Type": "image/png"})
    assert sent.headers == [("x-amzn-RequestId", "request-id"), ("content-type", "image/png")]


def test_header_fields_that_begin_alike_make_a_map(make: Make, call: Call) -> None:
    members: dict[str, Any] = {
        "Meta": {"shape": "Meta", "location": "headers", "locationName": "x-meta-"}
    }
    shapes: dict[str, Any] = {
        "Input": {"type": "structure", "members": members},
        "Meta": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "String"}},
    }
    service = make("rest-json", shapes)
    headers = {"X-Meta-One": "1", "x-meta-two": "2", "Host": "h"}
    assert call(service, "POST", "/op", b"", headers) == {"Meta": {"One": "1", "two": "2"}}
    assert call(service, "POST", "/op", b"", {}) == {}


def test_input_nested_without_end_is_refused(make: Make, call: Call) -> None:
    shapes: dict[str, Any] = {
        "Input": {"type": "structure", "members": {"N": {"shape": "Input"}}},
    }
    service = make("rest-json", shapes)
    deep = [b'{"N":' * depth + b"{}" + b"}" * depth for depth in (199, 200)]
    call(service, "POST", "/op", deep[0])
    with pytest.raises(ServiceError, match="nested too deeply") as caught:
        call(service, "POST", "/op", deep[1])
    assert (caught.value.code, caught.value.status) == ("SerializationException", 400)


def test_where_the_stack_is_short_nesting_is_refused_all_the_same(make: Make, call: Call) -> None:
    shapes: dict[str, Any] = {
        "Input": {"type": "structure", "members": {"N": {"shape": "Input"}}},
    }
    service = make("rest-json", shapes)
    call(service, "POST", "/op", b"{}")
    limit, body = sys.getrecursionlimit(), b'{"N":' * 150 + b"{}" + b"}" * 150
    sys.setrecursionlimit(len(inspect.stack(0)) + 80)
    try:
        with pytest.raises(ServiceError, match="nested too deeply"):
            call(service, "POST", "/op", body)
    finally:
        sys.setrecursionlimit(limit)


def test_many_items_side_by_side_are_not_deep(make: Make, call: Call) -> None:
    shapes: dict[str, Any] = {
        "Input": {"type": "structure", "members": {"L": {"shape": "Lists"}}},
        "Lists": {"type": "list", "member": {"shape": "Strings"}},
        "Strings": {"type": "list", "member": {"shape": "String"}},
    }
    body = orjson.dumps({"L": [["a"]] * 1000})
    assert call(make("rest-json", shapes), "POST", "/op", body) == {"L": [["a"]] * 1000}


def test_api_gateway_names_the_body_in_which_a_member_is_wrong(call: Call) -> None:
    gateway = ServiceCodec("apigateway")
    with pytest.raises(ValidationFailed) as refused:
        call(gateway, "POST", "/restapis", orjson.dumps({"name": "a", "apiKeySource": "X"}))
    assert "Value 'X' at 'createRestApiInput.apiKeySource' failed to satisfy" in str(refused.value)

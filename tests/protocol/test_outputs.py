"""Every result of botocore's output cases is written into an answer that means the same as the case's own.

Two judges: the case's answer, compared part by part as its format allows, and botocore's own parser, which must read
the result out of ours.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import cbor2
import pytest
from botocore.awsrequest import HeadersDict
from botocore.eventstream import EventStream
from botocore.model import ServiceModel
from botocore.parsers import PROTOCOL_PARSERS
from botocore.utils import parse_timestamp

from lambent.core.errors import ServiceError
from lambent.protocol.service import ServiceCodec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.protocol.conftest import Case

    from lambent.protocol.messages import WireResponse

REQUEST_ID = "foo-id"
_TWO_AS_ONE = "the model has lost which of two members' elements are whose"
_UNSET_UNION = "botocore's parser refuses an answer without the union that the case leaves unset"
_EMPTY_BLOB = "botocore's parser makes an empty blob of no body"
_ALL_FIELDS = "the map is of all header fields, and ours hold a request id"
_UNKNOWN_MEMBER = "the result says what a client makes of a union's member that it does not know"
# On botocore's own list of cases that it ignores, but for the last four.
LEFT_OUT = {
    "QueryXmlLists": _TWO_AS_ONE,
    "XmlLists": _TWO_AS_ONE,
    "RestJsonHttpPayloadWithUnsetUnion": _UNSET_UNION,
    "RestXmlHttpPayloadWithUnsetUnion": _UNSET_UNION,
    "RestJsonHttpPayloadTraitsWithNoBlobBody": _EMPTY_BLOB,
    "HttpPayloadTraitsWithNoBlobBody": _EMPTY_BLOB,
    "RestJsonInputAndOutputWithTimestampHeaders": "botocore's parser splits dates at their commas",
    "InputAndOutputWithTimestampHeaders": "botocore's parser splits dates at their commas",
    "RestJsonInputAndOutputWithQuotedStringHeaders": "botocore's parser splits quoted items",
    "HttpPrefixHeadersResponse": _ALL_FIELDS,
    "legacy/output/rest-json/9.0/": _ALL_FIELDS,
    "legacy/output/rest-json/17.2/": _UNKNOWN_MEMBER,
    "legacy/output/rest-xml/16.2/": _UNKNOWN_MEMBER,
}
# The case's answer holds more, or says it otherwise, than a server of that model would: only botocore's parser judges.
_ELSEWHERE = "the error's code is where another protocol, or an older server, has it"
_UNMODELLED = "the answer holds something that is not in the model, to see that clients skip it"
_FAULT = "the error's type is neither Sender nor Receiver"
_BINARY = "the answer is an event stream, of which JSON and XML are parts only"
SAID_OTHERWISE = {
    "AwsJson10FooErrorUsingCode": _ELSEWHERE,
    "AwsJson10FooErrorUsingCodeAndNamespace": _ELSEWHERE,
    "AwsJson10FooErrorUsingCodeUriAndNamespace": _ELSEWHERE,
    "AwsJson10FooErrorWithDunderTypeUriAndNamespace": _ELSEWHERE,
    "AwsJson11FooErrorUsingCode": _ELSEWHERE,
    "AwsJson11FooErrorUsingCodeAndNamespace": _ELSEWHERE,
    "AwsJson11FooErrorUsingCodeUriAndNamespace": _ELSEWHERE,
    "AwsJson11FooErrorWithDunderTypeUriAndNamespace": _ELSEWHERE,
    "RestJsonFooErrorUsingCode": _ELSEWHERE,
    "RestJsonFooErrorUsingCodeAndNamespace": _ELSEWHERE,
    "RestJsonFooErrorUsingCodeUriAndNamespace": _ELSEWHERE,
    "RestJsonFooErrorWithDunderType": _ELSEWHERE,
    "RestJsonFooErrorWithDunderTypeAndNamespace": _ELSEWHERE,
    "RestJsonFooErrorWithDunderTypeUriAndNamespace": _ELSEWHERE,
    "RestJsonFooErrorUsingXAmznErrorTypeWithUri": _ELSEWHERE,
    "RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace": _ELSEWHERE,
    "legacy/output/json/7.1/": _ELSEWHERE,
    "legacy/output/rest-json/13.1/": _ELSEWHERE,
    "legacy/output/rest-json/13.2/": _ELSEWHERE,
    "AwsJson10DeserializeIgnoreType": _UNMODELLED,
    "AwsJson10HandlesUnexpectedJsonOutput": _UNMODELLED,
    "AwsJson11DeserializeIgnoreType": _UNMODELLED,
    "RestJsonDeserializeIgnoreType": _UNMODELLED,
    "handles_unexpected_json_output": _UNMODELLED,
    "ComplexError": _UNMODELLED,
    "InvalidGreetingError": _UNMODELLED,
    "RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByClients": _UNMODELLED,
    "RpcV2CborPayloadWithUnsetUnion": _UNMODELLED,
    "legacy/output/json/5.0/": _UNMODELLED,
    "legacy/output/json/7.2/": _UNMODELLED,
    "legacy/output/query/16.2/": _UNMODELLED,
    "legacy/output/rest-json/7.0/": _UNMODELLED,
    "legacy/output/rest-json/8.0/": _UNMODELLED,
    "legacy/output/rest-json/13.3/": _UNMODELLED,
    "legacy/output/rest-json/13.4/": _UNMODELLED,
    "legacy/output/rest-json/13.5/": _UNMODELLED,
    "legacy/output/rest-json/13.6/": _UNMODELLED,
    "legacy/output/rest-xml/15.1/": _UNMODELLED,
    "legacy/output/rest-xml/15.2/": _UNMODELLED,
    "legacy/output/query/16.0/": _FAULT,
    "legacy/output/query/16.1/": _FAULT,
    "legacy/output/rest-xml/15.0/": _FAULT,
    "legacy/output/json/6.0/": _BINARY,
    "legacy/output/rest-xml/14.0/": _BINARY,
    "legacy/output/rest-xml/14.1/": _BINARY,
    "BodyWithXmlName": "botocore's models cannot tell a shape's XML name from its members'",
}


def test_a_result_is_written_into_its_answer(output_case: Case) -> None:
    reason = LEFT_OUT.get(output_case.id) or LEFT_OUT.get(output_case.name)
    if reason is not None:
        pytest.skip(reason)
    answer = _error(output_case) if "error" in output_case.content else _result(output_case)
    assert answer.status == output_case.content["response"]["status_code"]
    parsed = _parsed_by_botocore(output_case, answer)
    assert _comparable(parsed) == _comparable(_expected(output_case))
    if "body" in output_case.content["response"] and not (
        SAID_OTHERWISE.get(output_case.id) or SAID_OTHERWISE.get(output_case.name)
    ):
        _assert_same_answer(output_case, answer)


def test_every_case_treated_apart_is_a_case(known_names: set[str]) -> None:
    assert not (LEFT_OUT | SAID_OTHERWISE).keys() - known_names


def _result(case: Case) -> WireResponse:
    service, model = _service(case)
    shape = model.operation_model(case.operation["name"]).output_shape
    result = {} if shape is None else _python(case.content["result"], shape)
    codec = service.table(case.protocol).operation(case.operation["name"])
    assert codec is not None
    answer = codec.serialize(result, REQUEST_ID)
    if not isinstance(answer.body, bytes):
        answer.body = b"".join(answer.body)  # the events are a list here
    return answer


def _error(case: Case) -> WireResponse:
    service, model = _service(case)
    content = case.content
    shape = next((each for each in model.error_shapes if _is_called(each, content)), None)
    members = content["error"] if shape is None else _python(content["error"], shape)
    error = ServiceError(
        content.get("errorMessage"),
        code=content["errorCode"],
        status=content["response"]["status_code"],
        members={name: value for name, value in members.items() if name.lower() != "message"},
    )
    return service.serialize_error(error, REQUEST_ID)


def _is_called(shape: Any, content: dict[str, Any]) -> bool:
    return content["errorCode"] in (shape.name, shape.error_code)


def _service(case: Case) -> tuple[ServiceCodec, ServiceModel]:
    description = case.description()
    return ServiceCodec("cases", description), ServiceModel(description)


def _parsed_by_botocore(case: Case, answer: WireResponse) -> dict[str, Any]:
    """What botocore's parser reads out of our answer, with errors as botocore's own test joins them."""
    model = ServiceModel(case.description())
    operation = model.operation_model(case.operation["name"])
    shape = operation.output_shape
    if case.protocol == "query" and shape is not None:
        shape.serialization["resultWrapper"] = f"{operation.name}Result"
    body: Any = answer.body
    response = {
        "status_code": answer.status,
        "headers": HeadersDict(answer.headers),
        "body": _Raw(body) if operation.has_event_stream_output else body,
        "context": {"operation_name": operation.name},
    }
    make: Any = PROTOCOL_PARSERS[case.protocol]
    parser = make(timestamp_parser=_epoch)
    parsed: dict[str, Any] = parser.parse(response, shape)
    if "error" in case.content:
        error_shape = model.shape_for_error_code(parsed["Error"]["Code"])
        parsed.update(parser.parse(response, error_shape))
        # Without a message we say null, and the cases nothing at all.
        parsed["Error"] = {name: parsed["Error"].get(name) or "" for name in ("Code", "Message")}
    parsed.pop("ResponseMetadata", None)
    return {
        name: list(value) if isinstance(value, EventStream) else value
        for name, value in parsed.items()
    }


def _expected(case: Case) -> dict[str, Any]:
    content = case.content
    if "error" not in content:
        return dict(content["result"])
    error = {"Code": content["errorCode"], "Message": content.get("errorMessage", "")}
    return {"Error": error, **content["error"]}


def _assert_same_answer(case: Case, answer: WireResponse) -> None:
    response = case.content["response"]
    ours = {name.lower(): value for name, value in answer.headers}
    for name, value in response.get("headers", {}).items():
        if name.lower() not in _OWN_HEADERS:
            assert _comparable(ours.get(name.lower(), "")) == _comparable(value), name
    theirs = response.get("body", "").encode()
    body = answer.body
    assert isinstance(body, bytes)
    if case.protocol == "smithy-rpc-v2-cbor":
        theirs = b64decode(theirs)
    decode = _DECODERS[case.protocol]
    assert _comparable(decode(body)) == _comparable(decode(theirs))


# The server's framing, and what a request has.
_OWN_HEADERS = (
    *("content-type", "content-length", "x-amzn-requestid", "x-amz-request-id"),
    "x-amz-target",
)


def _json(body: bytes) -> Any:
    try:
        return _without_namespace(json.loads(body or b"{}"))
    except ValueError:
        return body


def _xml(body: bytes) -> Any:
    """Elements as (name, attributes, text or children), those that only frame the answer left out."""
    try:
        # What the root is called, no client looks at.
        return _tree(ET.fromstring(body))[1:]
    except ET.ParseError:
        return body


def _tree(element: ET.Element) -> Any:
    found = [_tree(child) for child in element if _local(child.tag) not in _FRAMING]
    # The order of members means nothing; that of items, botocore's parser has looked at.
    children = sorted(found, key=repr)
    attributes = {_local(name): value for name, value in element.attrib.items()}
    return _local(element.tag), attributes, children or (element.text or "").strip()


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _cbor(body: bytes) -> Any:
    return _without_namespace(cbor2.loads(body) if body else {})


def _without_namespace(document: Any) -> Any:
    """No model says in which namespace its errors are."""
    if isinstance(document, dict) and "__type" in document:
        return {**document, "__type": document["__type"].rpartition("#")[2]}
    return document


_FRAMING = ("ResponseMetadata", "RequestId", "RequestID")
_DECODERS: dict[str, Callable[[bytes], Any]] = {
    "json": _json,
    "rest-json": _json,
    "query": _xml,
    "rest-xml": _xml,
    "smithy-rpc-v2-cbor": _cbor,
}


class _Raw:
    """A streamed body, as botocore's event stream wants it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Any:
        yield self._data


def _epoch(value: Any) -> float:
    return parse_timestamp(value).timestamp()


def _comparable(value: Any) -> Any:
    """The value with NaN and bytes as text, as the cases write them; null and absent, offsets and blanks made alike."""
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        at = _DATE_TIME.fullmatch(value)
        return parse_timestamp(value).timestamp() if at else _COMMA.sub(",", value.strip())
    if isinstance(value, float) and str(value) in _SPECIAL:
        return _SPECIAL[str(value)]
    return value


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_COMMA = re.compile(r"\s*,\s*")
_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _python(value: Any, shape: Any) -> Any:
    """The result with Python's values for what the case writes as text or number."""
    if value is None or shape.metadata.get("document") or shape.serialization.get("jsonvalue"):
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {name: _python(item, members[name]) for name, item in value.items()}
    if shape.type_name == "map":
        return {key: _python(item, shape.value) for key, item in value.items()}
    if isinstance(value, list):
        return [_python(item, getattr(shape, "member", shape)) for item in value]
    return _SCALARS.get(shape.type_name, lambda scalar: scalar)(value)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "blob": str.encode,
    "timestamp": parse_timestamp,
    "float": float,
    "double": float,
}

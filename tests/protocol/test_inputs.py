"""Every request of botocore's input cases is read back into the parameters that it was made from."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
from botocore.model import ServiceModel
from botocore.utils import parse_timestamp

from lambent.core.http import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.protocol.conftest import Case

_TOKEN = "the client made the token up; the case's parameters do not have it"
_EMPTY = "an empty list or map leaves no trace in the request"
_NO_MEMBERS = "on the wire, a structure without members and no structure are the same"
_MAP_OF_ALL = "the client's map repeats what other members hold; we give each parameter once"
_NO_BODY = "the case holds no body, so the parameter cannot come out of it"
# Name of the case, without its folder where that is not needed to tell it -> why it does not hold turned round.
LEFT_OUT = {
    # On botocore's own list of cases that it ignores.
    "BodyWithXmlName": "botocore's models cannot tell a shape's XML name from its members'",
    "MediaTypeHeaderInputBase64": "the case keeps the JSON in the header as text, as no SDK does",
    "QueryIdempotencyTokenAutoFill": _TOKEN,
    "QueryProtocolIdempotencyTokenAutoFill": _TOKEN,
    "RestJsonQueryIdempotencyTokenAutoFill": _TOKEN,
    "RestJsonQueryPrecedence": "the client drops a parameter, so it cannot come back",
    "RestXmlQueryPrecedence": "the client drops a parameter, so it cannot come back",
    "RestJsonHostWithPath": "the path begins with that of the user's own endpoint",
    "SDKAppliedContentEncoding_awsJson1_0": _NO_BODY,
    "SDKAppliedContentEncoding_awsJson1_1": _NO_BODY,
    "SDKAppliedContentEncoding_awsQuery": _NO_BODY,
    "SDKAppliedContentEncoding_restJson1": _NO_BODY,
    "SDKAppliedContentEncoding_restXml": _NO_BODY,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0": _NO_BODY,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1": _NO_BODY,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery": _NO_BODY,
    "SDKAppendedGzipAfterProvidedEncoding_restJson1": _NO_BODY,
    "SDKAppendedGzipAfterProvidedEncoding_restXml": _NO_BODY,
    "legacy/input/json/6.1/": _TOKEN,
    "legacy/input/query/12.1/": _TOKEN,
    "legacy/input/rest-json/19.1/": _TOKEN,
    "legacy/input/rest-xml/23.1/": _TOKEN,
    # Those that say something about clients only.
    "HttpPrefixHeadersAreNotPresent": _EMPTY,
    "QueryEmptyQueryMaps": _EMPTY,
    "RestJsonHttpPrefixHeadersAreNotPresent": _EMPTY,
    "RestJsonOmitsEmptyListQueryValues": _EMPTY,
    "legacy/input/rest-json/26.1/": _EMPTY,
    "legacy/input/rest-xml/26.1/": _EMPTY,
    "RestJsonAllQueryStringTypes": _MAP_OF_ALL,
    "RestJsonQueryStringEscaping": _MAP_OF_ALL,
    "RestJsonSupportsInfinityFloatQueryValues": _MAP_OF_ALL,
    "RestJsonSupportsNaNFloatQueryValues": _MAP_OF_ALL,
    "RestJsonSupportsNegativeInfinityFloatQueryValues": _MAP_OF_ALL,
    "RestJsonZeroAndFalseQueryValues": _MAP_OF_ALL,
    "RestJsonHttpWithEmptyStructurePayload": _NO_MEMBERS,
    "RestJsonHttpWithHeadersButNoPayload": _NO_MEMBERS,
    "legacy/input/rest-json/13.1/": _NO_MEMBERS,
    "legacy/input/rest-json/25.2/": _NO_MEMBERS,
    "legacy/input/rest-json/25.4/": _NO_MEMBERS,
    "legacy/input/rest-json/25.7/": "the client adds a content type, which is a parameter here",
}


def test_a_request_is_read_into_its_parameters(input_case: Case) -> None:
    reason = LEFT_OUT.get(input_case.id) or LEFT_OUT.get(input_case.name)
    if reason is not None:
        pytest.skip(reason)
    service = input_case.service()
    method, path, query, headers, body = _request(input_case)
    match = service.find_operation(method, path, query, headers, body)
    assert match.operation.name == input_case.operation["name"]
    assert match.operation.protocol == input_case.protocol
    parsed = match.operation.parse(match, method, path, query, headers, body)
    assert _comparable(parsed) == _comparable(_expected(input_case))


def test_every_case_left_out_is_a_case(known_names: set[str]) -> None:
    assert not LEFT_OUT.keys() - known_names


def _request(case: Case) -> tuple[str, str, str, Headers, bytes]:
    request = case.content["serialized"]
    path, _, query = request["uri"].partition("?")
    body = request.get("body", "")
    raw = b64decode(body) if case.protocol == "smithy-rpc-v2-cbor" else body.encode()
    # The oldest cases leave out what is the same for all of their protocol.
    method = request.get("method") or case.operation.get("http", {}).get("method", "POST")
    headers = dict(request.get("headers", {}))
    if case.protocol == "json":
        # Some cases do not mention the one header without which nobody can tell what is meant.
        prefix = case.suite["metadata"].get("targetPrefix", "")
        headers.setdefault("X-Amz-Target", f"{prefix}.{case.operation['name']}")
    return method, path, query, Headers(headers.items()), raw


def _expected(case: Case) -> Any:
    """The parameters with Python's values for what the case writes as text or number."""
    model = ServiceModel(case.description())
    shape = model.operation_model(case.operation["name"]).input_shape
    return {} if shape is None else _python(case.content["params"], shape)


def _comparable(value: Any) -> Any:
    """The value, but with NaN as text, because NaN is not equal to itself."""
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return "NaN" if value != value else value  # noqa: PLR0124 - that is what NaN is


def _python(value: Any, shape: Any) -> Any:
    if value is None or shape.metadata.get("document") or shape.serialization.get("jsonvalue"):
        return value
    if shape.type_name == "structure":
        members = shape.members
        return {
            name: _python(item, members[name]) for name, item in value.items() if item is not None
        }
    if shape.type_name == "list":
        return [_python(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: _python(item, shape.value) for key, item in value.items()}
    return _SCALARS.get(shape.type_name, lambda scalar: scalar)(value)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "blob": str.encode,
    "timestamp": parse_timestamp,
    "float": float,
    "double": float,
}

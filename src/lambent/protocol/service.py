"""One service: its protocols, and which of them and which operation a request means.

A service is spoken to in any protocol that its model lists, and in query if its model says `awsQueryCompatible`. What a
request is in is told by the marks that only that protocol has: the `smithy-protocol` header, `X-Amz-Target`, an
`Action` in the query string or the form. The content type decides nothing: some clients send JSON as
`binary/octet-stream`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lambent.core.errors import AccessDenied, UnknownOperation
from lambent.protocol.compression import decompress, is_compressed
from lambent.protocol.facts import ServiceFacts
from lambent.protocol.formats import FORMATS
from lambent.protocol.models import load_description
from lambent.protocol.operation import Match, OperationCodec
from lambent.protocol.query_names import with_query_names
from lambent.protocol.quirks import quirks_of
from lambent.protocol.shapes import ServiceModel
from lambent.protocol.unreadable import Unreadable
from lambent.protocol.uri_table import UriTable
from lambent.protocol.validation import Validator

if TYPE_CHECKING:
    from lambent.core.errors import ServiceError
    from lambent.core.http import Headers
    from lambent.protocol.messages import WireResponse

# What AWS's front end says of a method and path that no operation has, before it asks who calls.
_NO_OPERATION = "Unable to determine service/operation name to be authorized"
_RPC_V2_PATH = re.compile(r"(?:/.*)?/service/([^/]+)/operation/([^/]+)")
# `Action` may stand anywhere in a form; its value is an operation's name, never escaped.
_ACTION = re.compile(r"(?:^|&)Action=(\w+)(?:&|$)")
_FORM_ACTION = re.compile(rb"(?:^|&)Action=(\w+)(?:&|\s*$)")


class ServiceCodec:
    """Built by the router, once per service. `protocol` is the model's own choice; a request may use another."""

    def __init__(self, name: str, description: dict[str, Any] | None = None) -> None:
        self.name = name
        self._description = load_description(name) if description is None else description
        metadata = self._description["metadata"]
        self.protocol: str = metadata["protocol"]
        self.endpoint_prefix: str = metadata["endpointPrefix"]
        self.signing_name: str = metadata.get("signingName", self.endpoint_prefix)
        self.target_prefix: str = metadata.get("targetPrefix", "")
        self.protocols = _protocols(metadata)
        self._is_rest_only = self.protocol.startswith("rest-") and len(self.protocols) == 1
        self._tables: dict[str, _Table] = {}

    def find_operation(
        self, method: str, path: str, query: str, headers: Headers, body: bytes
    ) -> Match:
        """The operation that a request means.

        Raises `UnknownOperation`, `AccessDenied` where a service in REST and JSON has no such path, or `ServiceError`
        where the request is unreadable.
        """
        if self._is_rest_only:
            return self.table(self.protocol).route(method, path, query, headers)
        protocol, name = self._negotiate(path, query, headers, body)
        table = self.table(protocol)
        if name is None:
            return table.route(method, path, query, headers)
        codec = table.operation(name)
        if codec is None:
            raise self._unknown(protocol, name)
        return Match(codec, {})

    def is_told_by_path(self, method: str, path: str) -> bool:
        """True when every request with this method and path means the same operation, whatever else it holds."""
        return self._is_rest_only and self.table(self.protocol).routes.is_sure(method, path)

    def serialize_error(self, error: ServiceError, request_id: str) -> WireResponse:
        """An error's answer where no operation was found, in the model's own protocol."""
        return self.table(self.protocol).wire.error(error, request_id)

    def has_action(self, query: str) -> bool:
        """True when the query string names an operation that this service has in the query protocol."""
        found = _ACTION.search(query) if "query" in self.protocols else None
        return found is not None and self.has_operation(found[1])

    def has_operation(self, name: str) -> bool:
        return name in self._description["operations"]

    def knows_route(self, method: str, path: str, query: str, headers: Headers) -> int:
        """How many segments of the path this service knows by name; -1 where it has no operation for it."""
        if not self.protocol.startswith("rest-"):
            return -1
        return self.table(self.protocol).routes.literals(method, path, query, headers)

    def table(self, protocol: str) -> _Table:
        """The operations in one protocol, compiled as they are asked for."""
        table = self._tables.get(protocol)
        if table is None:
            table = self._tables[protocol] = _Table(self.name, self._description, protocol)
        return table

    def _negotiate(
        self, path: str, query: str, headers: Headers, body: bytes
    ) -> tuple[str, str | None]:
        """The protocol of a request and the operation's name; None where the path must tell."""
        if "smithy-rpc-v2-cbor" in self.protocols:
            found = _RPC_V2_PATH.fullmatch(path)
            if found is not None:
                return "smithy-rpc-v2-cbor", found[2]
        target = headers.get("x-amz-target")
        if target and "json" in self.protocols:
            prefix, _, name = target.rpartition(".")
            if prefix != self.target_prefix:
                raise self._unknown("json", name)
            return "json", name
        if "query" in self.protocols:
            action = _ACTION.search(query)
            if action is not None:
                return "query", action[1]
            form_action = _FORM_ACTION.search(self._form(headers, body))
            if form_action is not None:
                return "query", form_action[1].decode()
        if self.protocol.startswith("rest-"):
            return self.protocol, None
        raise self._unknown(self.protocol, "")

    def _form(self, headers: Headers, body: bytes) -> bytes:
        """The body of a request that may be a form, readable."""
        if not is_compressed(headers):
            return body
        try:
            return decompress(body)
        except Unreadable as error:
            raise quirks_of(self.name).malformed(str(error)) from error

    def _unknown(self, protocol: str, name: str) -> UnknownOperation:
        if protocol != "query":
            return UnknownOperation(status=400)
        version = self._description["metadata"]["apiVersion"]
        if not name:
            return UnknownOperation("Missing Action", code="MissingAction", status=400)
        message = f"Could not find operation {name} for version {version}"
        return UnknownOperation(message, code="InvalidAction", status=400)


class _Table:
    """The operations of one service in one protocol."""

    def __init__(self, service: str, description: dict[str, Any], protocol: str) -> None:
        quirks = quirks_of(service)
        if protocol == "query" and quirks.query_names:
            description = with_query_names(description, quirks.query_names)
        self._model = ServiceModel(description)
        self._facts = ServiceFacts(self._model, quirks)
        self._validator = Validator(quirks.own_judgement)
        self._codecs: dict[str, OperationCodec] = {}
        self._is_rest_json = protocol == "rest-json"
        self.wire = FORMATS[protocol](self._facts)

    def operation(self, name: str) -> OperationCodec | None:
        codec = self._codecs.get(name)
        if codec is None and name in self._model.operation_names:
            model = self._model.operation(name)
            codec = OperationCodec(model, self._facts, self.wire, self._validator)
            self._codecs[name] = codec
        return codec

    def route(self, method: str, path: str, query: str, headers: Headers) -> Match:
        try:
            found = self.routes.find(method, path, query, headers)
        except Unreadable as error:
            raise self._facts.quirks.malformed(str(error)) from error
        if found is None:
            raise AccessDenied(_NO_OPERATION) if self._is_rest_json else UnknownOperation()
        name, labels = found
        codec = self.operation(name)
        assert codec is not None
        return Match(codec, labels)

    @cached_property
    def routes(self) -> UriTable:
        routes = UriTable()
        for name in self._model.operation_names:
            routes.add(self._model.operation(name))
        return routes


def _protocols(metadata: dict[str, Any]) -> frozenset[str]:
    listed = {metadata["protocol"], *metadata.get("protocols", ())}
    if "awsQueryCompatible" in metadata:
        listed.add("query")
    return frozenset(listed & FORMATS.keys())

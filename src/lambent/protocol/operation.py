"""One operation of one service in one protocol: parse, validate, serialise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from lambent.core.errors import ServiceError, ValidationFailed
from lambent.protocol.compression import decompress, is_compressed
from lambent.protocol.constraints import constraints_of
from lambent.protocol.messages import Incoming, WireResponse
from lambent.protocol.rendering import lower_first
from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lambent.core.http import Headers
    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.shapes import OperationModel
    from lambent.protocol.validation import Validator


class Format(Protocol):
    """What a wire protocol knows how to do; one object per service. `name` is botocore's name of the protocol."""

    name: str

    def reader(self, operation: OperationModel) -> Callable[[Incoming], dict[str, Any]]:
        """A function from requests to inputs. It raises `Unreadable`."""
        ...

    def writer(self, operation: OperationModel) -> Callable[[Mapping[str, Any], str], WireResponse]:
        """A function from an output and a request id to the answer."""
        ...

    def error(self, error: ServiceError, request_id: str) -> WireResponse:
        """The answer for an error of the service."""
        ...


@dataclass(slots=True)
class Match:
    """A request that was found to ask for an operation. `uri_params` are the path's labels, decoded."""

    operation: OperationCodec
    uri_params: dict[str, str]


class OperationCodec:
    """Compiled when first used. Nothing in here keeps state between requests."""

    def __init__(
        self, model: OperationModel, facts: ServiceFacts, wire: Format, validator: Validator
    ) -> None:
        self.name: str = model.name
        self.protocol = wire.name
        # Its payload is a blob, which costs nothing to read.
        self.takes_body_as_it_is = _has_blob_payload(model)
        # For those who have no credentials yet.
        self.may_be_unsigned = model.may_be_unsigned
        self._may_be_compressed = model.may_be_compressed
        self._model = model
        self._facts = facts
        self._wire = wire
        self._validator = validator

    def parse(
        self,
        match: Match,
        method: str,
        path: str,
        query: str,
        headers: Headers,
        body: bytes,
    ) -> dict[str, Any]:
        """The operation's input, checked against the model. A blob payload is `body` itself.

        Raises `ServiceError`: the service's error for unreadable input, or `ValidationFailed` with all violations.
        """
        try:
            if self._may_be_compressed and is_compressed(headers):
                body = decompress(body)
            document = self._read(Incoming(match.uri_params, query, headers, body))
            complaint = self._validate(document)
        except Unreadable as error:
            raise self._facts.quirks.malformed(str(error)) from error
        except RecursionError as error:
            # Nested deeper than any real input: refused before it can harm.
            raise self._facts.quirks.malformed("The input is nested too deeply") from error
        if complaint is not None:
            reword = self._facts.quirks.reword
            complaint = complaint if reword is None else reword(complaint)
            code = self._facts.quirks.validation_code
            if not code and self.protocol == "query":
                code = "ValidationError"
            raise ValidationFailed(complaint, code=code or None)
        return document

    def free_payload(self, fields: Iterable[str]) -> str:
        """The member of the input that is the body as it is, whatever that is.

        "" where there is none, or where one of these header fields (names in lower case) enters the input, too.
        """
        shape = self._model.input_shape
        if shape is None or not self.takes_body_as_it_is or self._may_be_compressed:
            return ""
        payload: str = shape.traits["payload"]
        if constraints_of(shape.members[payload]):
            return ""
        for name, member in shape.members.items():
            location, wire_name = member.traits.get("location"), member.wire_name(name).lower()
            if location == "header" and wire_name in fields:
                return ""
            if location == "headers" and any(field.startswith(wire_name) for field in fields):
                return ""
        return payload

    def serialize_error(self, error: ServiceError, request_id: str) -> WireResponse:
        """The answer for an error, in this protocol's shape."""
        return self._wire.error(error, request_id)

    @cached_property
    def _read(self) -> Callable[[Incoming], dict[str, Any]]:
        return self._wire.reader(self._model)

    @cached_property
    def _validate(self) -> Callable[[Mapping[str, Any]], str | None]:
        named = self._facts.quirks.has_named_bodies
        return self._validator.compile(
            self._model.input_shape, lower_first(f"{self.name}Input") if named else ""
        )

    @cached_property
    def serialize(self) -> Callable[[Mapping[str, Any], str], WireResponse]:
        """A function from an output and a request id to the answer. Absent and None members are left out; members that
        the model does not know are not sent.
        """
        return self._wire.writer(self._model)


def _has_blob_payload(model: OperationModel) -> bool:
    shape = model.input_shape
    if shape is None or "payload" not in shape.traits:
        return False
    return shape.members[shape.traits["payload"]].type_name == "blob"

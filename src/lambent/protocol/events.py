"""Events of the models as messages: what an operation streams out, and what a client streams in.

An event is a dict with one member, named as the model's union names it: `{"PayloadChunk": {"Payload": b".."}}`. A
`ServiceError` among the events, or raised by what makes them, goes out as an exception message and ends the stream.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from functools import partial
from typing import TYPE_CHECKING, Any

from lambent.core.errors import ServiceError
from lambent.core.http import DroppableBody
from lambent.protocol.eventstream import EventDecoder, EventMessage, encode_message
from lambent.protocol.shapes import Shape
from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping

    from lambent.protocol.shapes import Shape

    Event = Mapping[str, Any]
    Events = Iterable[Event | ServiceError] | AsyncIterable[Event | ServiceError]
    # Compile members to a function from their values to bytes, and back.
    BodyWriter = Callable[[list[tuple[str, Shape]]], Callable[[Mapping[str, Any]], bytes]]
    BodyReader = Callable[[list[tuple[str, Shape]]], Callable[[bytes], dict[str, Any]]]

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_PAYLOAD_TYPES = {"blob": "application/octet-stream", "string": "text/plain"}


class EventWriter:
    """Compiles one stream. `content_type` and `body` are the protocol's own for structures."""

    def __init__(self, shape: Shape, content_type: str, body: BodyWriter) -> None:
        self._events = {
            name: _EventWriter(name, event, content_type, body)
            for name, event in shape.members.items()
        }

    def stream(
        self, events: Events, before: tuple[bytes, ...] = ()
    ) -> Iterator[bytes] | AsyncIterator[bytes]:
        """The bytes of all events, one message at a time; asynchronous where the events are. `before` goes first."""
        if isinstance(events, AsyncIterable):
            return DroppableBody(self._stream_async(events, before), partial(_drop, events))
        return self._stream(events, before)

    def encode(self, event: Event) -> bytes:
        """One event's message. Raises KeyError for an event that the model does not have."""
        ((name, value),) = event.items()
        return self._events[name](value)

    def encode_error(self, error: ServiceError) -> bytes:
        """An exception message; one of a modelled kind carries its members."""
        known = self._events.get(error.code[:1].lower() + error.code[1:]) or self._events.get(
            error.code
        )
        document = {**error.members, "message": error.message, "Message": error.message}
        if known is not None:
            return known.exception(document)
        headers = {":message-type": "error", ":error-code": error.code}
        return encode_message(EventMessage({**headers, ":error-message": error.message or ""}))

    def _stream(
        self, events: Iterable[Event | ServiceError], before: tuple[bytes, ...]
    ) -> Iterator[bytes]:
        yield from before
        try:
            for event in events:
                if isinstance(event, ServiceError):
                    yield self.encode_error(event)
                    return
                yield self.encode(event)
        except ServiceError as error:
            yield self.encode_error(error)

    async def _stream_async(
        self, events: AsyncIterable[Event | ServiceError], before: tuple[bytes, ...]
    ) -> AsyncGenerator[bytes, None]:
        for message in before:
            yield message
        try:
            async for event in events:
                if isinstance(event, ServiceError):
                    yield self.encode_error(event)
                    return
                yield self.encode(event)
        except ServiceError as error:
            yield self.encode_error(error)


async def _drop(events: AsyncIterable[Event | ServiceError]) -> None:
    """Tell what makes the events that no more are wanted."""
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()


class _EventWriter:
    """One kind of event: some members are headers, one may be the payload, else the rest is."""

    def __init__(self, name: str, shape: Shape, content_type: str, body: BodyWriter) -> None:
        self._name = name
        self._headers, self._payload, rest = _divide(shape)
        payload = shape.members[self._payload] if self._payload else None
        self._is_raw = payload is not None and payload.type_name in _PAYLOAD_TYPES
        if payload is not None:
            content_type = _PAYLOAD_TYPES.get(payload.type_name, content_type)
            rest = [] if self._is_raw else list(payload.members.items())
        self._content_type = content_type
        self._body = None if self._is_raw or not (rest or not self._headers) else body(rest)

    def __call__(self, value: Mapping[str, Any]) -> bytes:
        return self._message(value, {":message-type": "event", ":event-type": self._name})

    def exception(self, value: Mapping[str, Any]) -> bytes:
        return self._message(value, {":message-type": "exception", ":exception-type": self._name})

    def _message(self, value: Mapping[str, Any], headers: dict[str, Any]) -> bytes:
        payload = b""
        if self._is_raw:
            raw = value.get(self._payload) or b""
            payload = raw.encode() if isinstance(raw, str) else raw
        elif self._body is not None:
            payload = self._body(value.get(self._payload, {}) if self._payload else value)
        if self._is_raw or self._body is not None:
            headers[":content-type"] = self._content_type
        for name in self._headers:
            if value.get(name) is not None:
                headers[name] = value[name]
        return encode_message(EventMessage(headers, payload))


class EventReader:
    """Compiles one stream of a client's events."""

    def __init__(self, shape: Shape, body: BodyReader) -> None:
        self._events = {name: _EventReader(event, body) for name, event in shape.members.items()}

    def read(self, body: bytes) -> list[dict[str, Any]]:
        """All events of a whole body. Raises `Unreadable`."""
        decoder = EventDecoder()
        events = [self.event(message) for message in decoder.feed(body)]
        decoder.finish()
        return events

    def event(self, message: EventMessage) -> dict[str, Any]:
        """One event. Raises `Unreadable` for one that the model does not have."""
        name = message.headers.get(":event-type")
        reader = self._events.get(name) if isinstance(name, str) else None
        if reader is None:
            raise Unreadable(f"Unknown event type {name!r}")
        return {str(name): reader(message)}


class _EventReader:
    def __init__(self, shape: Shape, body: BodyReader) -> None:
        self._headers, self._payload, rest = _divide(shape)
        payload = shape.members[self._payload] if self._payload else None
        self._kind = payload.type_name if payload is not None else ""
        if payload is not None:
            rest = list(payload.members.items())
        self._body = body(rest)

    def __call__(self, message: EventMessage) -> dict[str, Any]:
        result: dict[str, Any] = {
            name: message.headers[name] for name in self._headers if name in message.headers
        }
        if self._kind == "blob":
            result[self._payload] = message.payload
        elif self._kind == "string":
            result[self._payload] = _text(message.payload)
        elif self._payload:
            result[self._payload] = self._body(message.payload)
        elif message.payload:
            result.update(self._body(message.payload))
        return result


def _divide(shape: Shape) -> tuple[list[str], str, list[tuple[str, Shape]]]:
    """The names of header members, the payload member's or "", and the members that are neither."""
    headers, payload, rest = [], "", []
    for name, member in shape.members.items():
        if member.traits.get("eventheader"):
            headers.append(str(name))
        elif member.traits.get("eventpayload"):
            payload = str(name)
        else:
            rest.append((str(name), member))
    return headers, payload, rest


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The event is not UTF-8") from error

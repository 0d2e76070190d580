from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.errors import ServiceError
from lambent.protocol.events import EventReader, EventWriter
from lambent.protocol.eventstream import EventDecoder, EventMessage
from lambent.protocol.json_reader import JsonReader, decode
from lambent.protocol.json_writer import JsonWriter, encode
from lambent.protocol.shapes import ServiceModel, Shape
from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

SHAPES: dict[str, dict[str, Any]] = {
    "Events": {
        "type": "structure",
        "eventstream": True,
        "members": {
            "Blob": {"shape": "BlobEvent"},
            "Text": {"shape": "TextEvent"},
            "Inner": {"shape": "InnerEvent"},
            "Plain": {"shape": "PlainEvent"},
            "Bare": {"shape": "BareEvent"},
            "Mark": {"shape": "MarkEvent"},
            "streamFailure": {"shape": "StreamFailure"},
        },
    },
    "BlobEvent": {
        "type": "structure",
        "members": {
            "At": {"shape": "At", "eventheader": True},
            "Count": {"shape": "Count", "eventheader": True},
            "Data": {"shape": "Raw", "eventpayload": True},
        },
    },
    "TextEvent": {
        "type": "structure",
        "members": {"Data": {"shape": "String", "eventpayload": True}},
    },
    "InnerEvent": {
        "type": "structure",
        "members": {"Data": {"shape": "PlainEvent", "eventpayload": True}},
    },
    "PlainEvent": {"type": "structure", "members": {"A": {"shape": "String"}}},
    "BareEvent": {"type": "structure", "members": {}},
    "MarkEvent": {
        "type": "structure",
        "members": {"Count": {"shape": "Count", "eventheader": True}},
    },
    "StreamFailure": {
        "type": "structure",
        "exception": True,
        "members": {"message": {"shape": "String"}},
    },
    "At": {"type": "timestamp"},
    "Count": {"type": "integer"},
    "Raw": {"type": "blob"},
    "String": {"type": "string"},
}
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
EVENTS: list[dict[str, Any]] = [
    {"Blob": {"At": MOMENT, "Count": 3, "Data": b"\x00"}},
    {"Blob": {"Data": b""}},
    {"Text": {"Data": "\u00e9"}},
    {"Inner": {"Data": {"A": "a"}}},
    {"Plain": {"A": "a"}},
    {"Bare": {}},
    {"Mark": {"Count": 1}},
]


def _shape() -> Shape:
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES})
    return model.shape({"shape": "Events"})


def _writer() -> EventWriter:
    def body(members: list[tuple[str, Shape]]) -> Callable[[Any], bytes]:
        write = JsonWriter().members(members)
        return lambda value: encode(write(value))

    return EventWriter(_shape(), "application/json", body)


def _reader() -> EventReader:
    def body(members: list[tuple[str, Shape]]) -> Callable[[bytes], dict[str, Any]]:
        read = JsonReader().members(members)
        return lambda data: read(decode(data))

    return EventReader(_shape(), body)


def _sent(events: Any) -> list[EventMessage]:
    return list(EventDecoder().feed(b"".join(_writer().stream(events))))  # type: ignore[arg-type] # not async


def test_every_kind_of_event_is_written_and_read_back() -> None:
    assert _reader().read(b"".join(_writer().stream(EVENTS))) == EVENTS  # type: ignore[arg-type] # not async


def test_an_event_without_members_has_a_body_and_one_of_headers_alone_has_none() -> None:
    bare, mark = _sent([{"Bare": {}}, {"Mark": {"Count": 1}}])
    assert bare.payload == b"{}"
    assert (mark.payload, mark.headers["Count"]) == (b"", 1)
    assert ":content-type" not in mark.headers


def test_events_that_come_asynchronously_go_out_so() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        for event in EVENTS:
            yield event

    async def collect() -> bytes:
        stream = _writer().stream(events(), (b"before",))
        return b"".join([piece async for piece in stream])  # type: ignore[union-attr] # async, as its events are

    sent = asyncio.run(collect())
    assert sent.startswith(b"before")
    assert _reader().read(sent.removeprefix(b"before")) == EVENTS


def test_events_that_nobody_wants_are_told_so_even_before_the_first() -> None:
    class Source:
        is_dropped = False

        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> dict[str, Any]:
            raise AssertionError("nobody asks")

        async def aclose(self) -> None:
            self.is_dropped = True

    class Endless:
        """Without anything that could be told."""

        def __aiter__(self) -> Endless:
            return self

        async def __anext__(self) -> dict[str, Any]:
            raise AssertionError("nobody asks")

    source = Source()
    for events in (source, Endless()):
        asyncio.run(_writer().stream(events).aclose())  # type: ignore[union-attr] # async, as its events are
    assert source.is_dropped


ERROR = ServiceError("broken", code="StreamFailure")


def test_a_modelled_error_ends_the_stream_as_an_exception() -> None:
    def raising() -> Iterator[dict[str, Any]]:
        yield {"Bare": {}}
        raise ERROR

    for events in ([{"Bare": {}}, ERROR, {"Bare": {}}], raising()):
        _, last = _sent(events)
        assert last.headers == {
            ":message-type": "exception",
            ":exception-type": "streamFailure",
            ":content-type": "application/json",
        }
        assert last.payload == b'{"message":"broken"}'


def test_an_error_ends_an_asynchronous_stream_too() -> None:
    async def yielding() -> AsyncIterator[Any]:
        yield ERROR
        yield {"Bare": {}}

    async def raising() -> AsyncIterator[Any]:
        yield {"Bare": {}}
        raise ERROR

    async def collect(events: AsyncIterator[Any]) -> bytes:
        stream = _writer().stream(events)
        return b"".join([piece async for piece in stream])  # type: ignore[union-attr] # async, as its events are

    for events in (yielding(), raising()):
        *_, last = EventDecoder().feed(asyncio.run(collect(events)))
        assert last.headers[":message-type"] == "exception"


def test_an_error_outside_of_the_model_is_an_error_message() -> None:
    (sent,) = _sent([ServiceError(code="Other")])
    assert sent.headers == {":message-type": "error", ":error-code": "Other", ":error-message": ""}


@pytest.mark.parametrize(
    "message",
    [
        EventMessage({":event-type": "Unknown"}),
        EventMessage({":event-type": 3}),
        EventMessage({}),
        EventMessage({":event-type": "Plain"}, b"{"),
        EventMessage({":event-type": "Text"}, b"\xff"),
    ],
)
def test_an_event_of_another_kind_is_unreadable(message: EventMessage) -> None:
    with pytest.raises(Unreadable):
        _reader().event(message)

"""The bytes of log segments: they survive the way to the disk, and a torn end is not taken for a record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambent.storage.log_records import (
    CreatedRecord,
    DeletedRecord,
    EventRecord,
    PassedOver,
    Record,
    StreamRecord,
    encode_created,
    encode_deleted,
    encode_event,
    encode_stream,
    heads,
    heads_holding,
    scan,
    text_at,
)

RECORDS: list[Record] = [
    StreamRecord(0, "2026/01/01/[$LATEST]ä"),
    EventRecord(0, 1_767_225_600_000, 1_767_225_600_005, "hello\n"),
    EventRecord(0, -1, 2, ""),
    EventRecord(4_294_967_295, 3, 4, "\N{SNOWMAN}" * 1000),
    CreatedRecord(0, 1_767_225_600_000),
    DeletedRecord(7),
]


def encoded(record: Record) -> bytes:
    if isinstance(record, StreamRecord):
        return encode_stream(record)
    if isinstance(record, CreatedRecord):
        return encode_created(record)
    return encode_deleted(record) if isinstance(record, DeletedRecord) else encode_event(record)


BYTES = [encoded(record) for record in RECORDS]


def test_records_come_back_with_their_places() -> None:
    found = list(scan(b"".join(BYTES), base=8))
    assert [record for _, _, record in found] == RECORDS
    assert found[0][0] == 8
    assert [end for _, end, _ in found[:-1]] == [start for start, _, _ in found[1:]]
    assert found[-1][1] == 8 + len(b"".join(BYTES))


def test_the_format_does_not_change() -> None:
    """Segments written today are read by every later version."""
    assert encode_event(EventRecord(1, 2, 3, "hi")).hex() == (
        "17000000be7bb7ff0201000000020000000000000003000000000000006869"
    )


def test_a_torn_end_is_left_out_wherever_it_is_torn() -> None:
    whole = BYTES[0] + BYTES[1]
    for length in range(len(whole)):
        expected = RECORDS[:1] if length >= len(BYTES[0]) else []
        assert [record for _, _, record in scan(whole[:length])] == expected


def test_nothing_behind_a_damaged_record_is_believed() -> None:
    whole = BYTES[0] + BYTES[1] + BYTES[2]
    for position in range(len(BYTES[0]), len(BYTES[0] + BYTES[1])):
        damaged = bytearray(whole)
        damaged[position] ^= 0x01
        assert [record for _, _, record in scan(bytes(damaged))] == RECORDS[:1]


def test_zeros_are_no_records() -> None:
    """What a file system may leave behind the end after a power cut."""
    assert [record for _, _, record in scan(BYTES[0] + bytes(4096))] == RECORDS[:1]


def test_text_that_is_no_unicode_costs_a_character_not_the_line() -> None:
    found = list(scan(encode_event(EventRecord(0, 0, 0, "a\ud800b"))))
    assert found[0][2] == EventRecord(0, 0, 0, "a?b")


def test_heads_find_the_events_alone() -> None:
    data = b"".join(BYTES)
    found = [
        EventRecord(stream, timestamp, ingested, text_at(data, start, end))
        for start, end, stream, timestamp, ingested in heads(data)
    ]
    assert found == [record for record in RECORDS if isinstance(record, EventRecord)]


@given(st.lists(st.text("ab", max_size=6), max_size=30), st.text("ab", min_size=1, max_size=3))
def test_no_event_that_holds_the_needle_is_passed_over(texts: list[str], needle: str) -> None:
    """Others may be told of: a head can look like the needle, or two records share one."""
    events = [EventRecord(0, n, n, text) for n, text in enumerate(texts)]
    data = encode_stream(StreamRecord(0, "ab")) + b"".join(map(encode_event, events))
    passed = PassedOver()
    told = [text_at(data, a, b) for a, b, *_ in heads_holding(data, needle.encode(), passed)]
    assert [text for text in told if needle in text] == [t for t in texts if needle in t]
    assert passed.events + len(told) == len(texts)

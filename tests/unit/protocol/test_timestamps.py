from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from lambent.protocol import timestamps
from lambent.protocol.unreadable import Unreadable

MOMENT = datetime(2014, 4, 29, 18, 30, 38, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text_format", "text"),
    [
        ("iso8601", "2014-04-29T18:30:38Z"),
        ("iso8601", "2014-04-29T20:30:38+02:00"),
        ("iso8601", "2014-04-29T18:30:38"),
        ("rfc822", "Tue, 29 Apr 2014 18:30:38 GMT"),
        ("rfc822", "Tue, 29 Apr 2014 18:30:38 +0000"),
        ("unixTimestamp", "1398796238"),
        ("unixTimestamp", "1398796238.0"),
    ],
)
def test_every_format_is_read_into_utc(text_format: str, text: str) -> None:
    read = timestamps.TEXT_READERS[text_format](text)
    assert read == MOMENT
    assert read.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("text_format", "text"),
    [
        ("iso8601", "yesterday"),
        ("iso8601", "0001-01-01T00:00:00+14:00"),
        ("rfc822", "Tue, 29 Foo 2014 18:30:38 GMT"),
        ("rfc822", "Tue, 31 Feb 2014 18:30:38 GMT"),
        ("rfc822", "2014-04-29T18:30:38Z"),
        ("unixTimestamp", "soon"),
        ("unixTimestamp", "1e300"),
        ("unixTimestamp", "nan"),
    ],
)
def test_what_is_no_timestamp_is_unreadable(text_format: str, text: str) -> None:
    with pytest.raises(Unreadable):
        timestamps.TEXT_READERS[text_format](text)


@pytest.mark.parametrize("seconds", [math.inf, math.nan, 1e18, -1e18])
def test_numbers_outside_of_the_calendar_are_unreadable(seconds: float) -> None:
    with pytest.raises(Unreadable):
        timestamps.from_epoch(seconds)


def test_milliseconds_are_written_only_when_there_are_any() -> None:
    fraction = MOMENT.replace(microsecond=123_999)
    assert timestamps.to_iso8601(MOMENT) == "2014-04-29T18:30:38Z"
    assert timestamps.to_iso8601(fraction) == "2014-04-29T18:30:38.123Z"
    assert timestamps.to_epoch(MOMENT) == 1398796238
    assert isinstance(timestamps.to_epoch(MOMENT), int)
    assert timestamps.to_epoch(fraction) == 1398796238.123
    assert timestamps.to_epoch_text(fraction) == "1398796238.123"


def test_every_format_is_written_in_utc() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=-7)))
    assert timestamps.to_iso8601(elsewhere) == "2014-04-29T18:30:38Z"
    assert timestamps.to_rfc822(elsewhere) == "Tue, 29 Apr 2014 18:30:38 GMT"
    assert timestamps.to_epoch(elsewhere) == 1398796238


def test_years_before_1000_keep_four_digits() -> None:
    assert timestamps.to_iso8601(datetime(33, 4, 3, tzinfo=UTC)) == "0033-04-03T00:00:00Z"

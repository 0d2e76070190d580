"""Token buckets and quotas, with a clock that stands still."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lambent.core.clock import VirtualClock
from lambent.services.apigateway.data_plane.quotas import Usage, period_start
from lambent.services.apigateway.data_plane.token_buckets import TokenBuckets, bounds


def test_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    clock = VirtualClock()
    buckets = TokenBuckets(clock)

    assert [buckets.take("k", 10, 3) for _ in range(4)] == [True, True, True, False]
    clock.advance(timedelta(milliseconds=100))
    assert [buckets.take("k", 10, 3) for _ in range(2)] == [True, False]
    clock.advance(timedelta(hours=1))
    assert [buckets.take("k", 10, 3) for _ in range(4)] == [True, True, True, False]


def test_buckets_are_apart() -> None:
    buckets = TokenBuckets(VirtualClock())

    assert buckets.take("a", 1, 1)
    assert buckets.take("b", 1, 1)
    assert not buckets.take("a", 1, 1)


@pytest.mark.parametrize(
    ("rate", "burst", "expected"),
    [
        (None, None, None),
        (-1.0, -1, None),
        (10.0, None, (10.0, 10.0)),
        (0.5, None, (0.5, 1.0)),
        (10.0, 5, (10.0, 5.0)),
        (0.0, 0, (0.0, 0.0)),
    ],
)
def test_limits_that_are_not_said(
    rate: float | None, burst: float | None, expected: tuple[float, float] | None
) -> None:
    assert bounds(rate, burst) == expected


@pytest.mark.parametrize(
    ("period", "start"),
    [("DAY", date(2026, 4, 15)), ("WEEK", date(2026, 4, 12)), ("MONTH", date(2026, 4, 1))],
)
def test_periods_begin(period: str, start: date) -> None:
    assert period_start(period, date(2026, 4, 15)) == start


@pytest.mark.parametrize(
    ("period", "until"), [("DAY", 1), ("WEEK", 4), ("MONTH", 16)], ids=["day", "week", "month"]
)
def test_quota_comes_back_when_the_period_ends_and_not_before(period: str, until: int) -> None:
    clock = VirtualClock(datetime(2026, 4, 15, tzinfo=UTC))
    usage = Usage(clock)
    quota = {"limit": 2, "period": period}

    assert [usage.count("p", "k", quota) for _ in range(3)] == [True, True, False]
    clock.advance(timedelta(days=until) - timedelta(seconds=1))
    assert not usage.count("p", "k", quota)
    clock.advance(timedelta(seconds=1))
    assert usage.count("p", "k", quota)


def test_offset_counts_in_the_first_period_only() -> None:
    clock = VirtualClock(datetime(2026, 4, 15, tzinfo=UTC))
    usage = Usage(clock)
    quota = {"limit": 2, "period": "DAY", "offset": 1}

    assert [usage.count("p", "k", quota) for _ in range(2)] == [True, False]
    clock.advance(timedelta(days=1))
    assert [usage.count("p", "k", quota) for _ in range(3)] == [True, True, False]


def test_left_can_be_set_for_the_period() -> None:
    usage = Usage(VirtualClock())
    quota = {"limit": 1, "period": "MONTH"}
    usage.count("p", "k", quota)

    usage.set_left("p", "k", quota, 2)

    assert usage.left("p", "k", quota) == 2
    assert [usage.count("p", "k", quota) for _ in range(3)] == [True, True, False]

"""Token buckets, with a clock that stands still."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lambent.apis.token_buckets import TokenBuckets, bounds
from lambent.core.clock import VirtualClock


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

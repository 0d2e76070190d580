"""Throttling: token buckets, which let `burst` requests through at once and `rate` per second after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lambent.core.clock import Clock

# So many buckets are kept before those are forgotten that are full.
_KEPT = 20_000


class TokenBuckets:
    """Buckets by whatever they are of. Args: a clock, whose monotonic reading counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, tuple[float, float, float, float]] = {}

    def take(self, key: Hashable, rate: float, burst: float) -> bool:
        """One token of a bucket. A change of its limits holds from the next token on.

        Args:
            rate: tokens that come back per second.
            burst: how many it holds.
        """
        now = self._clock.monotonic()
        held = self._buckets.get(key)
        left = burst if held is None else min(burst, held[0] + (now - held[1]) * rate)
        if left < 1:
            self._buckets[key] = (left, now, rate, burst)
            return False
        if held is None and len(self._buckets) >= _KEPT:
            self._forget(now)
        self._buckets[key] = (left - 1, now, rate, burst)
        return True

    def _forget(self, now: float) -> None:
        self._buckets = {
            key: (left, since, rate, burst)
            for key, (left, since, rate, burst) in self._buckets.items()
            if left + (now - since) * rate < burst
        }


def limits(throttle: object) -> tuple[float, float] | None:
    """Rate and burst of a ThrottleSettings; None where there is no limit. A burst that is not said is the rate."""
    if not isinstance(throttle, dict):
        return None
    rate, burst = throttle.get("rateLimit"), throttle.get("burstLimit")
    return bounds(rate, burst)


def bounds(rate: float | None, burst: float | None) -> tuple[float, float] | None:
    """As `limits`; AWS says -1 for "no limit"."""
    if rate is None and burst is None:
        return None
    if (rate is not None and rate < 0) or (burst is not None and burst < 0):
        return None
    if rate is None:
        return float(burst or 0), float(burst or 0)
    return float(rate), float(max(rate, 1.0) if burst is None else burst)

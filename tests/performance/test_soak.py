"""The soak, shortened: the platform stays right under load, and its core does not grow. And how growth is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks import soak
from benchmarks.contestants.lambent import Lambent
from benchmarks.soak import Reading

if TYPE_CHECKING:
    from pathlib import Path

SHORT_S = 30.0


def readings(sizes_mb: list[float], every_s: float) -> list[Reading]:
    return [
        Reading(number * every_s, size_mb, 2 * size_mb, 1000.0, 500.0, 900.0)
        for number, size_mb in enumerate(sizes_mb)
    ]


def test_growth_begins_after_the_warm_up() -> None:
    # 7,200 s, read every 72 s: the first ten readings are warm-up.
    sizes = [50.0] * 10 + [100.0] * 45 + [103.0] * 45
    assert soak.growth(readings(sizes, 72.0), 7200.0) == pytest.approx(0.03)


def test_one_reading_that_stands_out_is_no_growth() -> None:
    sizes = [100.0] * 99 + [200.0]
    assert soak.growth(readings(sizes, 72.0), 7200.0) == pytest.approx(0.0)


def test_a_soak_without_a_reading_after_the_warm_up_tells_nothing() -> None:
    with pytest.raises(ValueError, match="warm-up"):
        soak.growth(readings([100.0], 1.0), 30.0)


@pytest.mark.parametrize(("seconds", "expected"), [(30.0, 10.0), (300.0, 60.0), (7200.0, 720.0)])
def test_a_short_soak_warms_up_for_longer(seconds: float, expected: float) -> None:
    assert soak.warm_up_s(seconds) == expected


def test_the_report_spreads_its_lines() -> None:
    lines = soak.report(readings([100.0] * 240, 30.0)).splitlines()
    assert len(lines) == 1 + soak.LINES
    assert lines[1].split()[:3] == ["0.0", "100.0", "200.0"]


@pytest.mark.performance
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_core_does_not_grow_under_half_its_load(tmp_path: Path) -> None:
    lambent = Lambent(tmp_path)
    lambent.start()
    try:
        found = list(soak.soak(lambent, SHORT_S, connections=4))
    finally:
        lambent.stop()
    assert sum(each.requests_per_s for each in found) > 0
    assert soak.growth(found, SHORT_S) < soak.GROWTH_LIMIT, soak.report(found)

"""Steps keep a value to 6 %, and quantiles come from them."""

from __future__ import annotations

import pytest

from lambent.core import steps


@pytest.mark.parametrize("value", [0.01, 0.5, 1.0, 1.6, 1000.0, 900_000.0])
def test_a_value_lies_in_its_step(value: float) -> None:
    step = steps.step_of(value)
    assert steps.end_of(step - 1) < value <= steps.end_of(step) * 1.000001
    assert steps.end_of(step) / steps.end_of(step - 1) < 1.06


def test_what_is_next_to_nothing_lies_in_the_lowest_step() -> None:
    assert {steps.step_of(value) for value in (-1.0, 0.0, 1e-9)} == {steps.LOWEST}


def test_quantiles_are_near_those_of_the_values() -> None:
    counts: dict[int, float] = {}
    for value in range(1, 1001):
        step = steps.step_of(value)
        counts[step] = counts.get(step, 0) + 1
    for share in (0.01, 0.5, 0.99, 1.0):
        assert steps.quantile(counts, share) == pytest.approx(1000 * share, rel=0.06)


def test_of_nothing_there_is_no_quantile() -> None:
    assert steps.quantile({}, 0.5) is None
    assert steps.quantile({3: 0}, 0.5) is None


def test_parts_of_counts_that_do_not_add_up_end_at_the_last_step() -> None:
    counts = dict.fromkeys(range(10), 0.1)
    assert steps.quantile(counts, 1.0000001) == steps.end_of(9)

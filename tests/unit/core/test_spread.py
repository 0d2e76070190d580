"""Values that are gathered: exact where it is cheap, to a hundredth where there are many."""

from __future__ import annotations

import pytest

from lambent.core.spread import EXACT, Spread, rounded


def test_a_few_values_are_kept_as_they_are() -> None:
    spread = Spread.of(3, 1.5, 3)
    assert (spread.count, spread.total, spread.minimum, spread.maximum) == (3, 7.5, 1.5, 3)
    assert spread.values == {3: 2, 1.5: 1}


def test_many_values_are_kept_to_a_hundredth_and_counted_exactly() -> None:
    spread = Spread()
    for number in range(10_000):
        spread.add(number / 10)
    assert len(spread.values) < 1000
    assert sum(spread.values.values()) == spread.count == 10_000
    assert spread.total == pytest.approx(sum(range(10_000)) / 10)
    assert (spread.minimum, spread.maximum) == (0, 999.9)
    total = sum(value * count for value, count in spread.values.items())
    assert total == pytest.approx(spread.total, rel=0.01)


def test_one_takes_what_another_has() -> None:
    spread = Spread.of(1, 2)
    spread.take(Spread.of(2, 7))
    assert (spread.count, spread.total, spread.minimum, spread.maximum) == (4, 12, 1, 7)
    assert spread.values == {1: 1, 2: 2, 7: 1}
    spread.take(Spread())
    assert (spread.count, spread.minimum) == (4, 1)
    many = Spread.of(*(1 + number / 7 for number in range(EXACT)))
    many.take(Spread.of(1000, 2000, 3000))
    assert sum(many.values.values()) == many.count == EXACT + 3


def test_ones_and_noughts() -> None:
    spread = Spread.of_ones(2, 5)
    assert (spread.count, spread.total, spread.minimum, spread.maximum) == (5, 2, 0, 1)
    assert spread.values == {1: 2, 0: 3}
    assert Spread.of_ones(0, 3).values == {0: 3}
    assert Spread.of_ones(3, 3).minimum == 1


def test_a_value_stands_for_its_neighbours() -> None:
    assert rounded(0) == 0
    assert rounded(-100) == -rounded(100)
    assert rounded(100) == rounded(100.2) == pytest.approx(100, rel=0.01)

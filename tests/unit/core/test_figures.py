"""Figures are plain values."""

from __future__ import annotations

from lambent.core.figures import Family, Histogram


def test_a_family_begins_without_samples_of_its_own() -> None:
    one, other = Family("a", "A.", "gauge"), Family("a", "A.", "gauge")
    one.samples[()] = 1
    assert other.samples == {}
    assert Histogram(((1.0, 2),), 3.0) == Histogram(((1.0, 2),), 3.0)

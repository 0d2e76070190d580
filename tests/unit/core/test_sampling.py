"""The first request of each second, and 5 % of the others."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lambent.core import ids, sampling
from lambent.core.clock import VirtualClock
from lambent.core.sampling import Sampling

if TYPE_CHECKING:
    import pytest


def test_the_first_of_each_second_of_each_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "fraction", lambda: 0.9)
    clock = VirtualClock()
    chosen = Sampling(clock)

    assert [chosen.takes(each) for each in "ffgf"] == [True, False, True, False]
    clock.advance(timedelta(seconds=1))
    assert [chosen.takes(each) for each in "ff"] == [True, False]


def test_5_percent_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([0.049, 0.05])
    monkeypatch.setattr(ids, "fraction", lambda: next(shares))
    chosen = Sampling(VirtualClock())

    assert [chosen.takes("f") for _ in range(3)] == [True, True, False]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "_MOST", 2)
    monkeypatch.setattr(ids, "fraction", lambda: 0.9)
    chosen = Sampling(VirtualClock())

    assert all(chosen.takes(each) for each in "abcde")
    assert len(chosen._seconds) <= 2

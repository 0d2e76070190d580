"""The log pipe and functions that print faster than lines can be taken in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from lambent.execution.log_pipe import LogPipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CAPACITY = 65_536


class _Loop:
    """What of an event loop the pipe uses, by hand. `now` moves when the taker is busy."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reader: Callable[[], None] | None = None
        self.pauses: list[float] = []
        self._later: Callable[[], None] | None = None

    def time(self) -> float:
        return self.now

    def add_reader(self, _: int, callback: Callable[[], None]) -> None:
        self.reader = callback

    def remove_reader(self, _: int) -> None:
        self.reader = None

    def call_later(self, delay: float, callback: Callable[[], None]) -> _Loop:
        self.pauses.append(delay)
        self._later = callback
        return self

    def cancel(self) -> None:
        self._later = None

    def turn(self) -> None:
        assert self.reader is not None
        self.reader()

    def pass_time(self) -> None:
        later, self._later = self._later, None
        assert later is not None
        later()


class _Taker:
    def __init__(self, loop: _Loop) -> None:
        self.loop = loop
        self.cost_s = 0.0
        self.sizes: list[int] = []

    def output(self, data: bytes) -> None:
        self.sizes.append(len(data))
        self.loop.now += self.cost_s

    def flush(self) -> None:
        pass


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(writing)


@pytest.fixture
def parts(ends: tuple[int, int]) -> Iterator[tuple[_Loop, _Taker, Any, Callable[[int], None]]]:
    loop: Any = _Loop()
    pipe = LogPipe(ends[0], loop)
    taker = _Taker(loop)
    pipe.attach(taker)
    yield loop, taker, pipe, lambda size: (os.write(ends[1], b"\n" * size), None)[1]
    pipe.close()


def test_costly_output_is_taken_in_small_bites_with_pauses(parts: Any) -> None:
    loop, taker, _, write = parts
    taker.cost_s = 0.02
    write(_CAPACITY)
    loop.turn()
    assert loop.reader is None
    assert loop.pauses == [pytest.approx(0.08)]
    write(_CAPACITY)
    for _ in range(4):
        loop.pass_time()
        loop.turn()
    assert taker.sizes == [_CAPACITY, _CAPACITY // 4, 4096, 4096, 4096]
    assert len(loop.pauses) == 5


def test_cheap_output_is_taken_as_it_comes(parts: Any) -> None:
    loop, taker, _, write = parts
    for _ in range(3):
        write(_CAPACITY)
        loop.turn()
    assert taker.sizes == [_CAPACITY] * 3
    assert loop.pauses == []


def test_what_became_cheap_is_taken_in_whole_again(parts: Any) -> None:
    loop, taker, _, write = parts
    taker.cost_s = 0.02
    write(_CAPACITY)
    loop.turn()
    loop.pass_time()
    taker.cost_s = 0.0
    write(_CAPACITY)
    for _ in range(2):
        loop.turn()
    write(_CAPACITY // 2)
    loop.turn()
    assert taker.sizes == [_CAPACITY, _CAPACITY // 4, _CAPACITY // 2, _CAPACITY * 3 // 4]


def test_little_output_is_never_paused(parts: Any) -> None:
    loop, taker, _, write = parts
    taker.cost_s = 1.0
    write(100)
    loop.turn()
    assert loop.reader is not None


def test_who_is_paused_is_still_drained_and_closed(parts: Any) -> None:
    loop, taker, pipe, write = parts
    taker.cost_s = 0.02
    write(_CAPACITY)
    loop.turn()
    write(1000)
    pipe.drain()
    assert taker.sizes == [_CAPACITY, 1000]
    write(10)
    pipe.close()
    assert taker.sizes == [_CAPACITY, 1000, 10]
    with pytest.raises(AssertionError):
        loop.pass_time()  # nothing is due any more

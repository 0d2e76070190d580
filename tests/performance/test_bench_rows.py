"""Single rows of the benchmark: what they take for right, and what is made of their figures."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from benchmarks import cpu, verdict
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.rounds import Round, Row, Turn
from benchmarks.rows import echo
from benchmarks.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET = cpu.Used(1.0, 0.1, 0.1, 0.0, 0.0, 0.0)


def row(title: str, figures: dict[str, dict[str, float]]) -> Row:
    """A row of one quiet round."""
    turns = {name: Turn(dict(each), QUIET) for name, each in figures.items()}
    return Row(title, 1, list(turns), [Round(turns)])


def words(found: Row) -> list[str]:
    return [check.word for check in verdict.judge({found.title: found}, None)]


# --- echo --------------------------------------------------------------------------------------------------------


@pytest.fixture
def answering() -> Iterator[Answering]:
    server = Answering()
    yield server
    server.close()


class Answering:
    """A server that takes one request and answers what it was given."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = Target(self._listener.getsockname()[1], "bench-echo")
        self._thread: threading.Thread | None = None

    def answer(self, body: bytes) -> None:
        self._thread = threading.Thread(target=self._answer, args=(body,))
        self._thread.start()

    def close(self) -> None:
        if self._thread:
            self._thread.join()
        self._listener.close()

    def _answer(self, body: bytes) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(1 << 20)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)


def test_an_echo_holds_what_was_sent(answering: Answering) -> None:
    answering.answer(b'{"token": "call-000001", "data": "to and fro"}')
    with Caller(answering.target, "to and fro") as caller:
        assert caller.invoke().ms > 0


def test_an_answer_without_what_was_sent_is_wrong(answering: Answering) -> None:
    answering.answer(b'{"token": "call-000001", "data": "to and"}')
    with Caller(answering.target, "to and fro") as caller, pytest.raises(AnswerWrong):
        caller.invoke()


def test_the_echoed_event_is_a_megabyte() -> None:
    assert len(echo.DATA) == echo.SIZE == 1_000_000


@pytest.mark.parametrize(("ours_us", "word"), [(5_999.0, "met"), (6_100.0, "MISSED")])
def test_an_echo_may_take_a_third_of_the_peers(ours_us: float, word: str) -> None:
    figures = {"lambent python": ours_us, "serverless-offline python": 18_000.0}
    assert words(row(echo.TITLE, {n: {"p50_us": us} for n, us in figures.items()})) == [word]

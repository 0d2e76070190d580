from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.clock import VirtualClock
from lambent.execution.log_stream import EVENT_LIMIT, TAIL_LIMIT, LogStream, stream_name

if TYPE_CHECKING:
    from lambent.execution.log_stream import LogSink

Make = Any


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def stream(make_spec: Make, logged: list[str]) -> LogStream:
    def sink(events: list[tuple[int, str]]) -> None:
        assert all(now == 1_767_225_600_000 for now, _ in events)
        logged.extend(text for _, text in events)

    def open_sink(_: object, name: str) -> LogSink:
        assert name == "name"
        return sink

    return LogStream(make_spec(), "name", open_sink, VirtualClock())


NOW = 1_767_225_600_000


def test_lines_are_put_together_from_pieces(stream: LogStream, logged: list[str]) -> None:
    stream.begin(NOW, "START\n")
    for piece in (b"a", b"b\nc", b"\n\nd", "é".encode()[:1], "é".encode()[1:]):
        stream.output(piece)
    assert stream.end(NOW, "END\n") == "START\nab\nc\n\ndé\nEND\n".encode()
    assert logged == ["START\n", "ab\n", "c\n", "\n", "dé\n", "END\n"]


def test_a_carriage_return_inside_a_line_is_a_line_feed_of_its_event(
    stream: LogStream, logged: list[str]
) -> None:
    stream.output(b"Traceback:\r  File\r  Line\nwindows\r\n")
    stream.flush()
    assert logged == ["Traceback:\n  File\n  Line\n", "windows\r\n"]


def test_a_long_event_is_cut_wherever_its_pieces_end(stream: LogStream, logged: list[str]) -> None:
    stream.output(b"x\r" * (EVENT_LIMIT // 2 - 500))
    stream.output(b"y\r" * 1000 + b"end\nnext\n")
    stream.flush()
    assert [len(text) for text in logged] == [EVENT_LIMIT, 1004, 5]
    assert logged[0][-4:] == "y\ny\n"  # no half of a Windows line end
    assert logged[1][-6:] == "y\nend\n"


def test_bytes_that_are_no_text_do_no_harm(stream: LogStream, logged: list[str]) -> None:
    stream.output(b"\xff\xfe\0\n")
    stream.flush()
    assert logged == ["\ufffd\ufffd\0\n"]


def test_only_output_of_the_invocation_is_in_its_log(stream: LogStream, logged: list[str]) -> None:
    stream.output(b"init\n")
    stream.begin(NOW, "START\n")
    stream.output(b"one\n")
    assert stream.end(NOW, "END\n") == b"START\none\nEND\n"
    stream.output(b"background\n")
    stream.flush()
    assert logged == ["init\n", "START\n", "one\n", "END\n", "background\n"]


def test_the_log_of_an_invocation_is_bounded_and_nothing_is_lost(
    stream: LogStream, logged: list[str]
) -> None:
    stream.begin(NOW, "START\n")
    for number in range(10_000):
        stream.output(b"%099d\n" % number)
    log = stream.end(NOW, "END\n")
    assert TAIL_LIMIT - 200 < len(log) <= TAIL_LIMIT + 10
    assert log.endswith(b"%099d\nEND\n" % 9_999)
    assert len(logged) == 10_002


def test_an_endless_line_is_cut_into_events(stream: LogStream, logged: list[str]) -> None:
    stream.begin(NOW, "START\n")
    for _ in range(10):
        stream.output(b"x" * 100_000)
    stream.end(NOW, "END\n")
    assert [len(text) for text in logged[1:-1]] == [EVENT_LIMIT] * 3 + [
        1_000_000 - 3 * EVENT_LIMIT + 1
    ]


def test_stream_names_are_awss(make_spec: Make) -> None:
    spec = make_spec(function_name="f", log_group="/aws/lambda/f")
    name = stream_name(spec, VirtualClock().calendar())
    assert re.fullmatch(r"2026/01/01/\[\$LATEST\][0-9a-f]{32}", name)
    assert name != stream_name(spec, VirtualClock().calendar())


def test_in_a_shared_group_the_stream_names_its_function(make_spec: Make) -> None:
    """As "Configuring CloudWatch log groups" (Lambda developer guide) has it."""
    spec = make_spec(function_name="f", log_group="/shared", function_version="7")
    name = stream_name(spec, VirtualClock().calendar())
    assert re.fullmatch(r"2026/01/01/f\[7\][0-9a-f]{32}", name)


def test_a_sink_that_fails_costs_no_answer(
    make_spec: Make, caplog: pytest.LogCaptureFixture
) -> None:
    def full(events: object) -> None:
        raise OSError("disk full")

    stream = LogStream(make_spec(), "name", lambda *_: full, VirtualClock())
    stream.begin(NOW, "START\n")
    assert stream.end(NOW, "END\n") == b"START\nEND\n"
    assert "2 log events of name are lost" in caplog.text

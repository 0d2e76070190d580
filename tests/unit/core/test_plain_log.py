"""Lines of the log that need nothing but the standard library."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from lambent.core import plain_log
from lambent.core.plain_log import JsonLines, LogStyle, TextLines

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The log of the tests' own process is as it was afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    root.handlers[:] = []  # `force` would close them
    yield
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    ("format_", "stream", "is_json"),
    [
        ("json", Terminal(), True),
        ("text", io.StringIO(), False),
        ("auto", io.StringIO(), True),
        ("auto", Terminal(), False),
    ],
)
def test_auto_is_text_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, format_: str, stream: io.StringIO, is_json: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    assert LogStyle(format_).is_json() is is_json


def test_a_line_of_json_says_who_and_when(capsys: pytest.CaptureFixture[str]) -> None:
    plain_log.start(LogStyle("json"), "spawner")
    logging.getLogger("a.b").warning("so %s", "much", extra={"sandbox": "s1"})
    logging.getLogger("a.b").debug("too little")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "level": "warning",
        "logger": "a.b",
        "event": "so much",
        "process": "spawner",
        "sandbox": "s1",
    }
    assert second["logger"] == "py.warnings"
    assert "DeprecationWarning: old" in second["event"]


def test_the_level_is_the_least_that_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    plain_log.start(LogStyle("text", "error"), "spawner")
    logging.getLogger("a").warning("no")
    logging.getLogger("a").error("yes")
    assert [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()] == [
        "[error]    yes [a]"
    ]


def test_last_words_are_a_line_with_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    plain_log.start(LogStyle("json"), "spawner")
    error = ValueError("no")
    sys.excepthook(ValueError, error, None)
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["event"]) == ("critical", "the process ends")
    assert line["exception"] == "ValueError: no"


def test_an_interruption_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    plain_log.start(LogStyle("json"), "spawner")
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == "KeyboardInterrupt\n"


def test_text_has_what_the_line_of_json_has() -> None:
    record = logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": "so", "sandbox": 7})
    assert TextLines().format(record).split(" ", 1)[1] == "[info]     so [a] sandbox=7"
    record.exc_info = (ValueError, ValueError("no"), None)
    assert TextLines().format(record).endswith("sandbox=7\nValueError: no")
    assert json.loads(JsonLines("core").format(record))["sandbox"] == 7

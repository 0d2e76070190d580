"""Single rows of the benchmark: what they take for right, and what is made of their figures."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from benchmarks import chart, control, cpu, table, verdict
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.contestants.commands import PlainJava
from benchmarks.contestants.server import NotAvailable
from benchmarks.contestants.serverless_offline import UncalledFunctions
from benchmarks.processes import Process
from benchmarks.rounds import Round, Row, Turn, TurnFailed
from benchmarks.rows import api, cold_java, density, echo, events, new, waterfall
from benchmarks.target import Target

from lambent.execution.cold_start import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUIET = cpu.Used(1.0, 0.1, 0.1, 0.0, 0.0, 0.0)


def row(title: str, figures: dict[str, dict[str, float]]) -> Row:
    """A row of one quiet round."""
    turns = {name: Turn(dict(each), QUIET) for name, each in figures.items()}
    return Row(title, 1, list(turns), [Round(turns)])


def words(found: Row) -> list[str]:
    return [check.word for check in verdict.judge({found.title: found}, None)]


# --- api ---------------------------------------------------------------------------------------------------------


def test_an_api_is_held_against_each_peer() -> None:
    one = row(
        api.title(1),
        {
            "lambent python": {"p50_us": 100},
            "serverless-offline python": {"p50_us": 300},
            "serverless-offline node": {"p50_us": 299},
        },
    )
    assert words(one) == ["met", "MISSED", "not judged"]
    eight = row(
        api.title(8),
        {
            "lambent python": {"requests_per_s": 200},
            "serverless-offline python": {"requests_per_s": 100},
            "ministack python": {"requests_per_s": 101},
        },
    )
    assert words(eight) == ["met", "not judged", "MISSED"]


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
    answering.answer(b'{"token": "call-000001", "data": "there and back"}')
    with Caller(answering.target, "there and back") as caller:
        assert caller.invoke().ms > 0


def test_an_answer_without_what_was_sent_is_wrong(answering: Answering) -> None:
    answering.answer(b'{"token": "call-000001", "data": "there and"}')
    with Caller(answering.target, "there and back") as caller, pytest.raises(AnswerWrong):
        caller.invoke()


def test_the_echoed_event_is_a_megabyte() -> None:
    assert len(echo.DATA) == echo.SIZE == 1_000_000


@pytest.mark.parametrize(("ours_us", "word"), [(5_999.0, "met"), (6_100.0, "MISSED")])
def test_an_echo_may_take_a_third_of_the_peers(ours_us: float, word: str) -> None:
    figures = {"lambent python": ours_us, "serverless-offline python": 18_000.0}
    assert words(row(echo.TITLE, {n: {"p50_us": us} for n, us in figures.items()})) == [word]


# --- asynchronous invocations --------------------------------------------------------------------------------------


def test_events_are_drained_when_no_more_come() -> None:
    assert events.drain_per_s(1000, accepting_s=2.0, backlog=600, drained_s=0.5) == 1200


def test_a_server_that_kept_up_has_drained_what_it_accepted() -> None:
    assert events.drain_per_s(1000, accepting_s=2.0, backlog=99, drained_s=0.5) == 400


def test_what_is_left_of_ours_are_the_rows(tmp_path: Path) -> None:
    database = tmp_path / "lambent.db"
    left = events.Rows(database)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE lambda_events (id TEXT)")
        connection.executemany("INSERT INTO lambda_events VALUES (?)", [("a",), ("b",)])
        connection.commit()
        assert left(10) == 2
        connection.execute("DELETE FROM lambda_events")
        connection.commit()
    assert left(10) == 0


def test_what_is_left_of_the_peers_has_not_counted_itself(tmp_path: Path) -> None:
    left = events.Uncounted(tmp_path / "counted")
    assert left(10) == 10
    (tmp_path / "counted").write_bytes(b"." * 7)
    assert left(10) == 3


@pytest.mark.parametrize(
    ("accepted_per_s", "drained_per_s", "found"),
    [(2000.0, 1500.0, ["met", "met"]), (1999.0, 1499.0, ["MISSED", "MISSED"])],
)
def test_rates_of_events_are_least_ones(
    accepted_per_s: float, drained_per_s: float, found: list[str]
) -> None:
    figures = {"requests_per_s": accepted_per_s, "drain_per_s": drained_per_s}
    assert words(row(events.TITLE, {"lambent python": figures})) == found


# --- cold starts -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_plain_java_answers() -> None:
    plain = PlainJava()
    try:
        plain.install()
    except NotAvailable as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    assert plain.invoke() > 0


def test_the_package_of_the_java_function_is_its_class() -> None:
    package = control.archive_of({"bench/Hello.class": b"class"})
    assert ZipFile(BytesIO(package)).read("bench/Hello.class") == b"class"


@pytest.mark.parametrize(
    ("title", "ours", "peer", "times"),
    [
        ("cold start", "lambent node", "plain node", 15),
        (cold_java.TITLE, "lambent java", "plain java", 25),
    ],
)
def test_cold_starts_are_judged_by_the_plain_interpreter(
    title: str, ours: str, peer: str, times: int
) -> None:
    for factor, word in ((times + 0.1, "met"), (times - 0.1, "MISSED")):
        found = row(title, {ours: {"p50_us": 100.0}, peer: {"p50_us": 100.0 * factor}})
        assert word in words(found)


def test_new_functions_are_judged_beside_the_peers_first_invoke() -> None:
    figures = {
        "lambent python": {"p50_us": 3000.0, "create_ms": 51.0},
        "serverless-offline python": {"p50_us": 61_000.0},
        "lambent node": {"p50_us": 5900.0},
        "serverless-offline node": {"p50_us": 47_000.0},
    }
    assert words(row(new.TITLE, figures)) == ["met", "MISSED", "MISSED"]


def test_the_peer_has_a_function_for_each_first_call(tmp_path: Path) -> None:
    functions = UncalledFunctions(tmp_path, 2).functions()
    assert {"python", "node", "python-0", "python-1", "node-0", "node-1"} <= set(functions)
    assert functions["node-1"] == ("hello", "nodejs20.x")


# --- the waterfall of cold starts --------------------------------------------------------------------------------


def steps(all_ms: float, import_ms: float = 1.0) -> Steps:
    return Steps(0.25, 0.5, import_ms, 2.0, all_ms)


def test_the_start_in_the_middle_is_shown() -> None:
    assert waterfall.middle([steps(9.0), steps(4.0), steps(6.0)]).all_ms == 6.0
    assert waterfall.middle([steps(9.0), steps(4.0)]).all_ms == 4.0


def test_a_start_with_a_step_unknown_is_shown_for_want_of_others() -> None:
    unknown = [steps(1.0, import_ms=0.0), steps(2.0, import_ms=0.0)]
    assert waterfall.middle([*unknown, steps(9.0)]).all_ms == 9.0
    assert waterfall.middle(unknown).all_ms == 1.0


def test_the_parts_of_a_start_make_up_the_whole() -> None:
    parts = waterfall.parts(steps(5.0))
    assert list(parts) == ["pool wait", "bind", "import", "handler", "core"]
    assert parts["core"] == 1.25
    assert sum(parts.values()) == 5.0


def test_a_chart_draws_every_part_to_scale() -> None:
    bars = {"a & b": {"wait": 1.0, "work": 3.0}, "c": {"wait": 2.0, "work": 0.0}}
    root = ElementTree.fromstring(chart.stacked("title", bars))  # it is XML at all
    namespace = "{http://www.w3.org/2000/svg}"
    parts = {
        part.findtext(f"{namespace}title"): float(part.attrib["width"])
        for part in root.iter(f"{namespace}rect")
        if len(part)
    }
    whole = chart.BARS_WIDTH
    assert parts == {
        "a & b, wait: 1.00": whole / 4,
        "a & b, work: 3.00": whole * 3 / 4,
        "c, wait: 2.00": whole / 2,
        "c, work: 0.00": 0,
    }
    texts = [text.text for text in root.iter(f"{namespace}text")]
    assert {"title", "a & b", "wait", "4.00", "2.00"} <= set(texts)


@pytest.mark.parametrize(
    ("longest", "step"), [(12.4, 5.0), (5.0, 1.0), (0.9, 0.2), (1000.0, 200.0)]
)
def test_an_axis_has_round_steps(longest: float, step: float) -> None:
    assert chart.axis_step(longest) == pytest.approx(step)


def test_the_table_of_parts_sums_up() -> None:
    assert table.parts("t", {"a": {"x": 1.0, "y": 2.5}}).splitlines() == [
        "t     x     y  all ms",
        "a  1.00  2.50    3.50",
    ]


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.timeout(120)
def test_a_cold_start_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    monkeypatch.setattr(waterfall, "KINDS", waterfall.KINDS[:1])
    monkeypatch.setattr(waterfall, "STARTS", 2)
    ((name, found),) = waterfall.measure(pytest.fail).items()
    assert name == "Python"
    assert min(waterfall.parts(found).values()) >= 0
    assert 0 < found.bind_ms < found.all_ms


# --- density ----------------------------------------------------------------------------------------------------


def test_density_is_environments_per_gigabyte() -> None:
    figures = density.figures(120_000, 60)
    assert figures["each_mb"] == pytest.approx(2.048)
    assert figures["per_gb"] == pytest.approx(1e9 / 2_048_000)
    for kib, count in ((-1, 60), (120_000, 24)):
        with pytest.raises(TurnFailed):
            density.figures(kib, count)


def test_a_sandbox_counts_once_however_many_processes_it_has() -> None:
    def process(pid: int, parent: int, *, nested: bool) -> Process:
        return Process(pid, parent, 0, 0, 0, "command", nested)

    found = {
        each.pid: each
        for each in (
            process(10, 1, nested=False),
            process(20, 10, nested=True),
            process(21, 20, nested=True),
            process(22, 21, nested=True),
            process(30, 10, nested=True),
            process(40, 39, nested=True),  # its parent ended while we looked
            process(50, 1, nested=True),
        )
    }
    assert density.count_sandboxes(found, [10, 20, 21, 22, 30, 40]) == 3


@pytest.mark.slow
def test_plain_processes_weigh_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density, "COUNT", 2)
    assert 1 < density.plain().figures["each_mb"] < 50


@pytest.mark.parametrize(("ours", "word"), [(570.0, "met"), (560.0, "MISSED")])
def test_a_gigabyte_holds_three_times_as_many(ours: float, word: str) -> None:
    figures = {"lambent python": {"per_gb": ours}, "plain python": {"per_gb": 189.0}}
    assert words(row(density.TITLE, figures)) == [word]

"""The benchmark's own tools: a wrong signature, a wrong answer or lost CPU time would make every figure a lie."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from benchmarks import cpu, loadgen, processes, promises, verdict
from benchmarks.build import build
from benchmarks.caller import Caller, signed_invoke
from benchmarks.contestants.commands import PlainPython
from benchmarks.contestants.floor import Floor
from benchmarks.processes import Process
from benchmarks.rest_api import Address
from benchmarks.rounds import Round, Row, Turn, TurnFailed, alternate
from benchmarks.rows import warm
from benchmarks.table import align
from benchmarks.target import Credentials, Target
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


# 2026-01-01T00:00:00Z
NEW_YEAR = 1767225600
SECRETS = (
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "a secret longer than one block of the hash " * 3,
)


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    server = Floor(tmp_path_factory.mktemp("bench"))
    server.install()
    server.start()
    yield server
    server.stop()


# --- the load generator -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [[], ["--portable"]], ids=["chosen", "portable"])
@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 10_001])
def test_sha256_equals_hashlib(length: int, flags: list[str]) -> None:
    data = bytes(index * 7 % 256 for index in range(length))
    command = [str(build("load")), *flags, "sha256"]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    assert done.stdout.decode().strip() == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("flags", [[], ["--portable"]], ids=["chosen", "portable"])
@pytest.mark.parametrize("secret", SECRETS, ids=["usual", "long"])
def test_signature_equals_botocores(secret: str, flags: list[str]) -> None:
    target = Target(4566, "bench-python", Credentials("AKIDEXAMPLE", secret), region="eu-west-1")
    words, environment = loadgen.command("request", target, "--date", str(NEW_YEAR), *flags)
    done = subprocess.run(words, env=environment, capture_output=True, check=True)
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])

    assert json.loads(body)["name"] == "lambent"
    assert lines["Content-Length"] == str(len(body))
    assert lines["Authorization"] == authorization(target, lines["X-Amz-Date"], body)


def test_signature_of_an_event_covers_its_invocation_type() -> None:
    target = Target(4566, "bench-python", Credentials("AKIDEXAMPLE", SECRETS[0]))
    words, environment = loadgen.command("request", target, "--date", str(NEW_YEAR), "--event")
    done = subprocess.run(words, env=environment, capture_output=True, check=True)
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])

    kind = {"X-Amz-Invocation-Type": lines["X-Amz-Invocation-Type"]}
    assert kind == {"X-Amz-Invocation-Type": "Event"}
    assert lines["Authorization"] == authorization(target, lines["X-Amz-Date"], body, kind)


def authorization(
    target: Target, timestamp: str, body: str, headers: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The Authorization header that botocore makes for this body and these headers at this moment."""
    keys = BotocoreCredentials(target.credentials.access_key, target.credentials.secret_key)
    signer = SigV4Auth(keys, "lambda", target.region)
    request = AWSRequest("POST", target.endpoint + target.path, data=body.encode())
    request.headers["X-Amz-Date"] = timestamp
    for name, value in headers.items():
        request.headers[name] = value
    request.context["timestamp"] = timestamp
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signed = ";".join(["host", "x-amz-date", *(name.lower() for name in headers)])
    return (
        f"AWS4-HMAC-SHA256 Credential={target.credentials.access_key}/20260101/{target.region}"
        f"/lambda/aws4_request, SignedHeaders={signed}, Signature={signature}"
    )


def test_a_get_has_its_token_in_the_query_and_asks_for_the_host_of_the_api() -> None:
    address = Address(Target(4566, "f"), "/prod/hello", "abc.execute-api.localhost:4566")
    words, environment = loadgen.command(
        "request",
        address.target,
        *("--get", "--authority", address.authority, "--nonce", "7"),
        path=address.path,
    )
    done = subprocess.run(words, env=environment, capture_output=True, check=True)
    head = b"GET /prod/hello?name=lambent&token=0000000700000000 HTTP/1.1\r\n"
    assert done.stdout == head + b"Host: abc.execute-api.localhost:4566\r\n\r\n"


def test_an_api_that_answers_without_the_token_is_wrong(floor: Floor) -> None:
    address = Address(floor.target("python"), "/prod/hello", "api.localhost")
    with pytest.raises(loadgen.LoadFailed, match="answers were wrong"):
        loadgen.get(address, 1, 0.2)


def test_every_request_has_a_payload_of_its_own(floor: Floor) -> None:
    words, environment = loadgen.command("request", floor.target("python"), "--nonce", "7")
    bodies = set()
    for nonce in ("7", "8"):
        done = subprocess.run(
            [*words, "--nonce", nonce], env=environment, capture_output=True, check=True
        )
        bodies.add(done.stdout.partition(b"\r\n\r\n")[2])
    assert len(bodies) == 2


@pytest.mark.parametrize("connections", [1, 5])
def test_load_counts_right_answers(floor: Floor, connections: int) -> None:
    words, environment = loadgen.command("run", floor.target("python"))
    more = ["--connections", str(connections), "--requests", "200", "--seconds", "10"]
    done = subprocess.run(
        [*words, *more], env=environment, capture_output=True, text=True, check=True
    )
    load = loadgen.Load(**json.loads(done.stdout))
    assert (load.requests, load.errors, load.connections) == (200, 0, connections)
    assert 0 < load.p50_us <= load.p99_us <= load.p999_us <= load.max_us
    assert load.requests_per_s == pytest.approx(200 / load.seconds, rel=0.01)


def test_load_reports_wrong_answers(floor: Floor) -> None:
    words, environment = loadgen.command("run", floor.target("python"), "--requests", "3")
    # The floor knows no such path: it answers 404 without the token.
    words[words.index("--path") + 1] = "/2015-03-31/functions/bench-python/elsewhere"
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    load = loadgen.Load(**json.loads(done.stdout))
    assert load.errors == 3
    assert load.first_error.startswith("HTTP 404")


def test_load_wants_events_to_be_accepted(floor: Floor) -> None:
    """The floor answers every request with 200: that is no acceptance."""
    words, environment = loadgen.command(
        "run", floor.target("python"), "--requests", "3", "--event"
    )
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["first_error"].startswith("HTTP 200")


@pytest.mark.slow
def test_load_sends_no_faster_than_it_is_told(floor: Floor) -> None:
    load = loadgen.run(floor.target("python"), 4, 1.0, "--rate", "100")
    assert 50 <= load.requests <= 100
    assert load.seconds == 1.0


def test_load_refuses_an_answer_that_is_not_its_own(tmp_path: Path) -> None:
    """A server that repeats one answer for everybody is wrong, however fast."""
    script = tmp_path / "parrot.py"
    script.write_text(PARROT)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    ) as parrot:
        assert parrot.stdout
        target = Target(int(parrot.stdout.readline()), "bench-python")
        words, environment = loadgen.command("run", target, "--requests", "2")
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        parrot.kill()
    assert json.loads(done.stdout)["errors"] == 2


PARROT = r"""
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection = listener.accept()[0]
while connection.recv(65536):
    body = b'{"token": "0000000000000000"}'
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\n" + body + b"\r\n0\r\n\r\n")
"""


# --- the floor ---------------------------------------------------------------------------------------------------


def post(
    connection: http.client.HTTPConnection, target: Target, body: bytes
) -> tuple[int, str | None, bytes]:
    connection.request("POST", target.path, body)
    response = connection.getresponse()
    return response.status, response.getheader("X-Amz-Function-Error"), response.read()


def test_floor_answers_with_the_functions_answer(floor: Floor) -> None:
    target = floor.target("python")
    connection = http.client.HTTPConnection(target.host, target.port, timeout=10)
    for token in ("first", "second"):
        status, error, body = post(
            connection, target, json.dumps({"name": "you", "token": token}).encode()
        )
        assert (status, error) == (200, None)
        assert json.loads(body) == {"greeting": "Hello, you", "token": token}
    connection.close()


def test_floor_carries_an_event_larger_than_a_socket_buffer(floor: Floor) -> None:
    target = floor.target("python")
    connection = http.client.HTTPConnection(target.host, target.port, timeout=10)
    name = "x" * 3_000_000
    status, _, body = post(connection, target, json.dumps({"name": name, "token": "t"}).encode())
    connection.close()
    assert status == 200
    assert json.loads(body)["greeting"] == "Hello, " + name


@pytest.mark.parametrize("event", [b"{}", b"not json"])
def test_floor_passes_on_that_the_function_failed(floor: Floor, event: bytes) -> None:
    target = floor.target("python")
    connection = http.client.HTTPConnection(target.host, target.port, timeout=10)
    status, error, body = post(connection, target, event)
    connection.close()
    assert (status, error) == (200, "Unhandled")
    assert json.loads(body)["errorType"] in ("KeyError", "JSONDecodeError")


def test_floor_survives_a_client_that_leaves(floor: Floor) -> None:
    target = floor.target("python")
    for _ in range(3):
        leaver = Caller(target)
        leaver._socket.sendall(signed_invoke(target, {"name": "gone", "token": "gone"}))
        leaver.__exit__()
    with Caller(target) as caller:
        assert caller.invoke().init_ms is None


def test_plain_python_answers() -> None:
    assert PlainPython().invoke() > 0


# --- processes and their CPU -------------------------------------------------------------------------------------

# Spends CPU itself and in a child that ends; then waits to be looked at.
SPENDER = """
import os, sys, time
def spend(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
sys.stdin.readline()
child = os.fork()
if not child:
    spend(0.1); os._exit(0)
os.waitpid(child, 0)
spend(0.1)
print("spent", flush=True)
sys.stdin.readline()
"""


class Spender:
    """A process tree whose CPU time is known."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SPENDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def root(self) -> int:
        return self.process.pid

    def part(self, process: Process) -> str:
        return "control" if process.pid == self.root else "functions"

    def is_control(self, part: str) -> bool:
        return part == "control"

    def tell(self) -> None:
        assert self.process.stdin
        print("go on", file=self.process.stdin, flush=True)

    def spend(self) -> None:
        assert self.process.stdout
        self.tell()
        assert self.process.stdout.readline() == "spent\n"


@pytest.fixture
def spender() -> Iterator[Spender]:
    found = Spender()
    with found.process:
        yield found
        found.tell()


@pytest.mark.slow
def test_cpu_of_a_tree_is_told_apart_and_adds_up(spender: Spender) -> None:
    before = cpu.take()
    spender.spend()
    used = cpu.used(before, cpu.take(), spender)
    # Ticks of 10 ms, and the start of the interpreter may lie within the measured time.
    assert used.control_s == pytest.approx(0.1, abs=0.08)
    assert used.functions_s == pytest.approx(0.1, abs=0.04)


def process(pid: int, parent: int, own: int, reaped: int = 0) -> Process:
    return Process(pid, parent, 0, own, reaped, "command", nested=False)


class Server20:
    """The measured server of the looks below: pid 20, and what it has started."""

    root = 20

    def part(self, process: Process) -> str:
        return "control" if process.pid == 20 else "functions"

    def is_control(self, part: str) -> bool:
        return part == "control"


def test_every_tick_is_counted_once() -> None:
    """The tools are pid 10; 20 is measured; 30 is another server that rests; 40 is a stranger."""
    before = cpu.Look(
        0.0,
        {p.pid: p for p in (
            process(2, 0, 1), process(3, 2, 5), process(10, 1, 100), process(20, 10, 200, 7),
            process(21, 20, 30), process(30, 10, 40), process(40, 1, 50), process(41, 40, 60),
        )},
        stolen=0,
    )  # fmt: skip
    # Since then 21 has ended after 6 ticks more, 22 is new, 41 has ended after 1 more.
    after = cpu.Look(
        2.0,
        {p.pid: p for p in (
            process(2, 0, 1), process(3, 2, 9), process(10, 1, 170, 80), process(20, 10, 225, 43),
            process(22, 20, 4), process(30, 10, 42), process(40, 1, 53, 61),
        )},
        stolen=11,
    )  # fmt: skip
    used = cpu.used(before, after, Server20(), tools=10)
    assert used.seconds == 2.0
    assert used.control_s == pytest.approx(0.25)
    assert used.functions_s == pytest.approx(0.06 + 0.04)
    assert used.others_s == pytest.approx(0.02 + 0.03 + 0.01)
    assert used.kernel_s == pytest.approx(0.04)
    assert used.stolen_s == pytest.approx(0.11)
    assert not used.is_noisy


def test_a_turn_is_noisy_above_a_tenth_of_a_core() -> None:
    def others(ticks: int) -> cpu.Used:
        before = cpu.Look(0.0, {40: process(40, 1, 0)}, stolen=0)
        after = cpu.Look(1.0, {40: process(40, 1, ticks)}, stolen=0)
        return cpu.used(before, after, None, tools=10)

    assert not others(10).is_noisy
    assert others(11).is_noisy


def test_a_tree_holds_descendants_only() -> None:
    found = processes.look()
    mine = processes.tree(found, os.getpid())
    assert os.getpid() in mine
    assert os.getppid() not in mine
    assert processes.tree(found, -1) == set()


def test_memory_of_a_process_is_known() -> None:
    assert processes.pss_kib(os.getpid()) > 1000


# --- rounds and verdict -------------------------------------------------------------------------------------------


def used(others_s: float = 0.0) -> cpu.Used:
    return cpu.Used(1.0, 0.1, 0.1, others_s, 0.0, 0.0)


def test_rounds_rotate_and_repeat_when_noisy() -> None:
    order: list[str] = []
    noises = iter([0.0, 0.0, 0.5, *[0.0] * 20])

    def turn(name: str) -> Turn:
        order.append(name)
        return Turn({"p50_us": 1.0}, used(next(noises)))

    row = alternate("row", 3, {"a": lambda: turn("a"), "b": lambda: turn("b")}, lambda _: None)
    assert order == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert [round_.is_noisy for round_ in row.rounds] == [False, True, False, False]
    assert row.is_judged
    assert len(row.figures("a", "p50_us")) == 3


def test_a_row_that_stays_noisy_is_not_judged() -> None:
    row = alternate("row", 2, {"a": lambda: Turn({"p50_us": 1.0}, used(0.5))}, lambda _: None)
    assert len(row.rounds) == 6
    assert not row.is_judged
    assert verdict.why_void({"row": row}, 7, {}) == ["row: only 0 of 2 rounds were quiet"]


def test_a_contestant_that_fails_leaves_the_row() -> None:
    def fail() -> Turn:
        raise TurnFailed("no answer")

    turns = {"a": lambda: Turn({"p50_us": 2.0}, used()), "b": fail}
    row = alternate("row", 2, turns, lambda _: None)
    assert row.contestants() == ["a"]
    assert row.broken == {"b": "no answer"}


def test_ratios_are_taken_within_rounds() -> None:
    rounds = [
        Round({"a": Turn({"p50_us": a}, used()), "b": Turn({"p50_us": b}, used())})
        for a, b in ((10.0, 5.0), (100.0, 50.0), (30.0, 10.0))
    ]
    assert Row("row", 3, rounds=rounds).ratio("a", "b", "p50_us") == 2.0


def test_percentiles_are_taken_over_all_samples() -> None:
    rounds = [Round({"a": Turn({}, used(), tuple(range(start, 100, 2)))}) for start in (0, 1)]
    row = Row("row", 2, rounds=rounds)
    assert (row.percentile_us("a", 0.5), row.percentile_us("a", 0.99)) == (49, 98)


@pytest.mark.parametrize(
    ("cpu_us", "requests_per_s", "is_valid"),
    [(19.0, 31_000.0, True), (21.0, 31_000.0, False), (19.0, 29_000.0, False)],
)
def test_a_slow_floor_makes_the_run_void(
    cpu_us: float, requests_per_s: float, is_valid: bool
) -> None:
    figures = {"control_cpu_us": cpu_us, "requests_per_s": requests_per_s}
    row = Row(verdict.FLOOR_ROW, 1, rounds=[Round({"floor": Turn(figures, used())})])
    assert (verdict.why_void({row.title: row}, 7, {}) == []) is is_valid


def test_few_rounds_are_a_trial() -> None:
    assert verdict.why_void({}, 6, {})
    assert not verdict.why_void({}, 7, {})


def test_a_run_without_the_platform_is_void() -> None:
    assert verdict.why_void({}, 7, {"lambent": "it ended"}) == ["lambent left the run: it ended"]
    assert verdict.why_void({}, 7, {"ministack": "no network"}) == []
    row = Row("row", 0, broken={"lambent python": "HTTP 500"})
    assert verdict.why_void({"row": row}, 7, {}) == ["lambent python left row: HTTP 500"]


def test_targets_are_judged_by_the_issues_limits() -> None:
    figures = {
        "lambent python": 1.0,
        "bubblewrap + python": 14.0,
        "lambent node": 1.0,
        "plain node": 16.0,
    }
    row = Row(
        "cold start",
        1,
        rounds=[Round({name: Turn({"p50_us": us}, used()) for name, us in figures.items()})],
    )
    assert [check.word for check in verdict.judge({row.title: row}, 251.0)] == [
        "MISSED",
        "met",
        "MISSED",
    ]
    row.rounds[0].turns["bubblewrap + python"].figures["p50_us"] = 15.1
    assert [check.word for check in verdict.judge({row.title: row}, 249.0)] == ["met"] * 3


def test_the_verdict_looks_at_lines_that_there_are() -> None:
    labels = {
        warm.label(name, each) for name, functions in warm.FUNCTIONS.items() for each in functions
    }
    assert {"floor", promises.OURS, promises.MINISTACK, promises.NODE, promises.PYTHON} <= labels
    figures = {"p50_us": 100.0, "requests_per_s": 10.0}
    turns = {name: Turn(dict(figures), used()) for name in labels}
    rows = {title: Row(title, 1, rounds=[Round(turns)]) for title in WARM_TITLES}
    assert [check.word for check in verdict.judge(rows, None)] == [
        "met",
        "met",
        "MISSED",
        "met",
        "met",
    ]


WARM_TITLES = ("warm, 1 connections", "warm, 8 connections", "warm, 16 connections")


def test_columns_line_up() -> None:
    assert align([["name", "1"], ["a", "100"]]) == "name    1\na     100"

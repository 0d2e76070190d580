"""The runtime's side of the Runtime API, driven without sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambent.execution.frames import NO_REQUEST, Frame, FrameType
from lambent.execution.runtime_api.http import Request
from lambent.execution.runtime_api.runtime import Call, RuntimeApi, next_headers

ID = "11111111-2222-3333-4444-555555555555"
RAW = bytes.fromhex(ID.replace("-", ""))
PREFIX = "/2018-06-01/runtime/"


class Line:
    """A connection that remembers its answers."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []

    def answer(self, status: int, body: bytes = b"", headers: Any = None) -> None:
        self.answers.append((status, body))


class Bench:
    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.api = RuntimeApi(self.frames.append)

    def ask(self, method: str, path: str, body: bytes | None = b"", **members: Any) -> Any:
        line: Any = Line()
        request = Request(method=method, path=PREFIX + path, body=body, **members)
        self.api.limit(line, request)
        self.api.handle(line, request)
        return line

    def call(self) -> None:
        self.api.invoke(Call(RAW, ID, {}, b"event"))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_call_that_comes_before_the_runtime_asks_is_kept(bench: Bench) -> None:
    first = bench.ask("GET", "invocation/next")
    assert [frame.type for frame in bench.frames] == [FrameType.INIT_DONE]
    bench.call()
    assert first.answers == [(200, b"event")]
    bench.ask("POST", f"invocation/{ID.upper()}/response", b"1")
    assert len(bench.frames) == 1  # held
    bench.api.flush()
    assert bench.frames[1] == Frame(FrameType.RESULT, RAW, 0, b"1")
    bench.call()
    assert bench.ask("GET", "invocation/next").answers == [(200, b"event")]


def test_a_runtime_that_left_its_next_does_not_get_the_call(bench: Bench) -> None:
    gone = bench.ask("GET", "invocation/next")
    bench.api.closed(gone)
    bench.call()
    assert gone.answers == []
    assert bench.ask("GET", "invocation/next").answers == [(200, b"event")]


def test_only_one_answer_is_gathered_at_a_time(bench: Bench) -> None:
    bench.ask("GET", "invocation/next")
    bench.call()
    request = Request(method="POST", path=f"{PREFIX}invocation/{ID}/response")
    one: Any = Line()
    two: Any = Line()
    assert bench.api.limit(one, request) > 6_000_000
    assert bench.api.limit(two, request) == 0
    bench.api.handle(two, request)
    assert two.answers[0][0] == 403
    bench.api.closed(one)  # broke off: another may answer
    assert bench.api.limit(two, request) > 6_000_000


def test_an_answer_over_the_limit(bench: Bench) -> None:
    bench.ask("GET", "invocation/next")
    bench.call()
    assert bench.ask("POST", f"invocation/{ID}/response", None).answers[0][0] == 413
    bench.ask("GET", "invocation/next")
    assert bench.frames[-1] == Frame(FrameType.RESULT, RAW, 0, None)


def test_an_error_without_a_body_has_the_type_of_its_header(bench: Bench) -> None:
    headers = {"lambda-runtime-function-error-type": "My.Type"}
    line = bench.ask("POST", "init/error", b"", headers=headers)
    assert line.answers == [(202, b'{"status":"OK"}\n')]
    assert bench.frames == [
        Frame(FrameType.ERROR, NO_REQUEST, 0, b'{"errorType":"My.Type","errorMessage":""}')
    ]


@pytest.mark.parametrize(
    ("sent", "header"),
    [
        ('{"custom": {"k": "ü\\n"}}', '{"custom":{"k":"\\u00fc\\n"}}'),
        ('"\\ud800"', '"\\ud800"'),
        ("no\r\nJSON", "noJSON"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_what_a_caller_sends_stays_one_header(sent: str, header: str) -> None:
    headers = next_headers(ID, 5, {"client_context": sent, "trace_id": "a\r\nb: c"})
    assert headers["Lambda-Runtime-Client-Context"] == header
    assert headers["Lambda-Runtime-Trace-Id"] == "ab: c"
    assert headers["Lambda-Runtime-Deadline-Ms"] == "5"


def test_a_tenant_is_a_header_where_there_is_one() -> None:
    name = "Lambda-Runtime-Aws-Tenant-Id"
    assert next_headers(ID, 5, {"tenant_id": "blue"})[name] == "blue"
    assert name not in next_headers(ID, 5, {})


def test_the_refusals_are_json(bench: Bench) -> None:
    bench.ask("GET", "invocation/next")
    _, body = bench.ask("POST", "invocation/x/response").answers[0]
    assert json.loads(body) == {
        "errorMessage": "Invalid request ID",
        "errorType": "InvalidRequestID",
    }


def test_a_streamed_answer_is_handed_on_piece_by_piece(bench: Bench) -> None:
    bench.ask("GET", "invocation/next")
    bench.call()
    line: Any = Line()
    headers = {"lambda-runtime-function-response-mode": "streaming", "content-type": "text/plain"}
    request = Request(method="POST", path=f"{PREFIX}invocation/{ID}/response", headers=headers)
    bench.api.limit(line, request)
    assert request.sink is not None
    request.sink(b"one")
    assert [(frame.type, frame.payload) for frame in bench.frames[1:]] == [
        (FrameType.STREAM, b'{"content_type": "text/plain"}'),
        (FrameType.STREAM, b"one"),
    ]
    bench.api.closed(line)  # it broke off: there is no second answer
    again = bench.ask("POST", f"invocation/{ID}/response", b"1")
    assert again.answers[0][0] == 403
    assert len(bench.frames) == 3

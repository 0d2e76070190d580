"""Answers that are none: frames printed, frames forged, garbage in the frame socket. On a whole platform, by its API.

What a sandbox sends that is not of the protocol ends it; its caller sees a runtime that ended, and nobody else notices.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_HEADER = struct.Struct("<IB16sQ")
_READY, _ASSIGN, _INIT_DONE, _INVOKE, _RESULT, _ERROR, _LOG, _STREAM, _FORK, _BOUND = range(10)
_NOBODY, _OTHER = bytes(16), b"\x11" * 16
_FORGED = b'"forged"'
_BYSTANDER = """
count = 0
def handler(event, context):
    global count
    count += 1
    return count
"""
_PYTHON = """
import base64, os, sys, time
started = 0
def own_id(context):
    return bytes.fromhex(context.aws_request_id.replace("-", ""))
def handler(event, context):
    global started
    started += 1
    data = base64.b64decode(event.get("data", "")).replace(b"<own request id>", own_id(context))
    for descriptor in event.get("into", ()):
        try:
            os.write(descriptor, data)
        except OSError:
            pass
    return ["honest", started]
"""
_NODE = """
const fs = require('fs');
let started = 0;
exports.handler = async (event) => {
  started += 1;
  for (const descriptor of event.into || []) {
    try { fs.writeSync(descriptor, Buffer.from(event.data || '', 'base64')); } catch {}
  }
  return ['honest', started];
};
"""
_FRAME_DESCRIPTOR = {"python": 1000, "node": 3}


def _frame(kind: int, request: bytes, payload: bytes = b"", length: int | None = None) -> bytes:
    return _HEADER.pack(len(payload) if length is None else length, kind, request, 0) + payload


_BREACHES = {
    "garbage": b"\xff" * 64,
    "http": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "zeros": bytes(1 << 16),
    "an answer to another request": _frame(_RESULT, _OTHER, _FORGED),
    "an answer to no request": _frame(_RESULT, _NOBODY, _FORGED),
    "an error of another request": _frame(_ERROR, _OTHER, b"{}"),
    "a piece for another request": _frame(_STREAM, _OTHER, b"{}"),
    "a piece that is too long": _frame(_STREAM, _OTHER, length=1_048_577),
    "init done with a payload": _frame(_INIT_DONE, _NOBODY, length=0xFFFFFFFF),
    **{f"type {kind}": _frame(kind, _NOBODY) for kind in (_READY, _INIT_DONE, _ASSIGN, _INVOKE)},
    **{f"type {kind}": _frame(kind, _NOBODY) for kind in (_LOG, _FORK, _BOUND, 10, 255)},
}


class _Account:
    """An account with a bystander and attackers. Args: its Lambda client."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._calls = 0
        self.create("bystander", "python3.11", {"app.py": _BYSTANDER})
        self.check_bystander()

    def create(self, name: str, runtime: str, files: dict[str, str], **members: Any) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        self.client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=execution_role(self.client),
            Handler="app.handler",
            Code={"ZipFile": buffer.getvalue()},
            **{"MemorySize": 256, "Timeout": 10, **members},
        )

    def attacker(self, language: str) -> str:
        runtime, file, source = {
            "python": ("python3.11", "app.py", _PYTHON),
            "node": ("nodejs20.x", "app.js", _NODE),
        }[language]
        self.create(language, runtime, {file: source})
        return language

    def invoke(self, name: str, **event: Any) -> tuple[bool, Any, str]:
        """Whether it failed, its answer and its log."""
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        log = base64.b64decode(answer["LogResult"]).decode()
        return "FunctionError" in answer, json.loads(answer["Payload"].read()), log

    def check_bystander(self) -> None:
        """The other function answers from the environment it has had all the time."""
        self._calls += 1
        assert self.invoke("bystander")[1] == self._calls


@pytest.fixture
def account(aws: Callable[..., Any]) -> _Account:
    return _Account(aws("lambda"))


@pytest.fixture(params=["python", "node"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_breaches_end_the_environment_and_nothing_else(account: _Account, language: str) -> None:
    name = account.attacker(language)
    for what, data in _BREACHES.items():
        assert account.invoke(name)[:2] == (False, ["honest", 1]), what
        encoded = base64.b64encode(data).decode()
        failed, answer, log = account.invoke(name, data=encoded, into=[_FRAME_DESCRIPTOR[language]])
        assert failed, what
        assert answer["errorType"] == "Runtime.ExitError", what
        assert answer["errorMessage"].endswith(
            " Error: Runtime exited without providing a reason"
        ), what
        assert "Runtime.ExitError" in log
        account.check_bystander()
    assert account.invoke(name)[1] == ["honest", 1]  # a fresh environment


def test_frames_that_are_printed_are_only_printed(account: _Account, language: str) -> None:
    name = account.attacker(language)
    for times, data in enumerate(_BREACHES.values(), 1):
        encoded = base64.b64encode(data).decode()
        assert account.invoke(name, data=encoded, into=[1, 2])[:2] == (False, ["honest", times])
    account.check_bystander()


def test_a_printed_answer_with_its_own_id_is_none(account: _Account) -> None:
    name = account.attacker("python")
    data = base64.b64encode(_frame(_RESULT, b"<own request id>", _FORGED)).decode()
    failed, answer, log = account.invoke(name, data=data, into=[0, 1, 2])
    assert (failed, answer) == (False, ["honest", 1])
    assert "forged" in log


def test_every_descriptor_at_once(account: _Account, language: str) -> None:
    name = account.attacker(language)
    data = base64.b64encode(b"\xff" * 64).decode()
    failed, answer, _ = account.invoke(name, data=data, into=list(range(1024)))
    assert failed
    assert answer["errorType"] == "Runtime.ExitError"
    account.check_bystander()
    assert account.invoke(name)[1] == ["honest", 1]


def test_a_forged_answer_is_its_own_and_the_second_one_ends_it(account: _Account) -> None:
    """It may answer its own call as it likes. The honest answer that follows is one too many."""
    name = account.attacker("python")
    data = base64.b64encode(_frame(_RESULT, b"<own request id>", _FORGED)).decode()
    assert account.invoke(name, data=data, into=[1000])[:2] == (False, "forged")
    # The next call meets the old environment in its last moments, or a new one; in no case the old answer.
    failed, answer, _ = account.invoke(name)
    assert answer["errorType"] == "Runtime.ExitError" if failed else answer == ["honest", 1]
    account.check_bystander()


def test_an_answer_without_an_end_times_out(account: _Account) -> None:
    account.create("endless", "python3.11", {"app.py": _PYTHON}, Timeout=1)
    for length in (1 << 20, 0xFFFFFFFF):
        frame = _frame(_RESULT, b"<own request id>", b"x" * 100, length=length)
        data = base64.b64encode(frame).decode()
        failed, answer, _ = account.invoke("endless", data=data, into=[1000])
        assert failed
        assert answer["errorType"] == "Sandbox.Timedout"
        account.check_bystander()


_MALFORMED = {
    "no json": b"not json",
    "no text": b"\xff\xfe\x00",
    "no object": b"[1]",
    "deep": b"[" * 100_000,
    "platform's own words": b'{"errorType": "Extension.Crash", "errorMessage": ["\\r\\n"]}',
    "empty": b"",
}


@pytest.mark.parametrize("payload", _MALFORMED.values(), ids=list(_MALFORMED))
def test_errors_that_are_none_reach_only_their_caller(account: _Account, payload: bytes) -> None:
    """An ERROR frame with anything in it: an answer with status 200 in every way of calling."""
    client = account.client
    name = account.attacker("python")
    frame = base64.b64encode(_frame(_ERROR, b"<own request id>", payload)).decode()
    event = json.dumps({"data": frame, "into": [1000]})
    answer = client.invoke(FunctionName=name, Payload=event)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert answer["Payload"].read() == payload
    account.check_bystander()
    account.create("second", "python3.11", {"app.py": _PYTHON})
    stream = client.invoke_with_response_stream(FunctionName="second", Payload=event)
    complete = list(stream["EventStream"])[-1]["InvokeComplete"]
    assert complete["ErrorCode"] == "Unhandled"
    account.check_bystander()


@pytest.mark.parametrize("payload", _MALFORMED.values(), ids=list(_MALFORMED))
def test_an_init_that_fails_by_a_forged_error(account: _Account, payload: bytes) -> None:
    frame = _frame(_ERROR, _NOBODY, payload)
    source = f"import os\nos.write(1000, {frame!r})\ndef handler(event, context): return 'honest'\n"
    account.create("forger", "python3.11", {"app.py": source})
    for _ in range(2):
        answer = account.client.invoke(FunctionName="forger")
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    account.check_bystander()


def test_pieces_with_a_head_that_is_none(account: _Account) -> None:
    pieces = _frame(_STREAM, b"<own request id>", b'{"content_type": "a\\r\\nSet-Cookie: b"}')
    pieces += _frame(_STREAM, b"<own request id>", b"piece")
    name = account.attacker("python")
    event = json.dumps({"data": base64.b64encode(pieces).decode(), "into": [1000]})
    stream = account.client.invoke_with_response_stream(FunctionName=name, Payload=event)
    chunks = [
        each["PayloadChunk"]["Payload"] for each in stream["EventStream"] if "PayloadChunk" in each
    ]
    assert chunks == [b"piece"]
    account.check_bystander()

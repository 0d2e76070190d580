"""The checks on what core asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambent.execution.spawner import requests

_SANDBOX = "0123456789abcdef" * 2
_DIGEST = "0123456789abcdef" * 4
_ASSIGN = {
    "op": "assign",
    "sandbox": _SANDBOX,
    "code": _DIGEST,
    "layers": [_DIGEST],
    "memory_mib": 128,
    "tmp_mib": 512,
}


@pytest.mark.parametrize(
    "request_",
    [
        {"op": "create", "sandbox": _SANDBOX, "runtime": "python3.11"},
        {"op": "create", "sandbox": _SANDBOX, "runtime": "python3.11", "execs": True},
        _ASSIGN,
        {"op": "throttle", "sandbox": _SANDBOX},
        {"op": "freeze", "sandbox": _SANDBOX},
        {"op": "thaw", "sandbox": _SANDBOX},
        {"op": "kill", "sandbox": _SANDBOX},
        {"op": "seal", "ticket": "t", "staging": "a-b_c.1"},
        {"op": "discard", "code": _DIGEST},
        {"op": "discard", "code": _DIGEST, "ticket": "t"},
        {"op": "describe", "ticket": "t"},
    ],
)
def test_good_requests_pass_unchanged(request_: dict[str, Any]) -> None:
    assert requests.parse(json.dumps(request_).encode()) == (request_, b"")


def test_fields_that_do_not_belong_are_dropped() -> None:
    data = json.dumps({"op": "kill", "sandbox": _SANDBOX, "path": "/etc"}).encode()
    assert requests.parse(data) == ({"op": "kill", "sandbox": _SANDBOX}, b"")


def test_a_frame_may_follow_a_request() -> None:
    data = json.dumps(_ASSIGN).encode() + b"\n\x00raw\nbytes"
    assert requests.parse(data) == (_ASSIGN, b"\x00raw\nbytes")


@pytest.mark.parametrize(
    "changes",
    [
        {"sandbox": _SANDBOX.upper()},
        {"sandbox": _SANDBOX + "\n"},
        {"sandbox": [_SANDBOX]},
        {"sandbox": None},
        {"code": "../" + _DIGEST[3:]},
        {"code": _DIGEST[:-1]},
        {"layers": _DIGEST},
        {"layers": ["/etc"]},
        {"layers": [_DIGEST] * 6},
        {"memory_mib": 0},
        {"memory_mib": -1},
        {"memory_mib": True},
        {"memory_mib": 128.0},
        {"memory_mib": 10**9},
        {"tmp_mib": 511},
        {"tmp_mib": 10_241},
        {"tmp_mib": "512"},
        {"op": "assignment"},
        {"op": None},
    ],
)
def test_bad_fields_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(requests.BadRequest):
        requests.parse(json.dumps({**_ASSIGN, **changes}).encode())


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", ".hidden", "a\0b", "x" * 200])
def test_names_cannot_leave_their_directory(name: str) -> None:
    with pytest.raises(requests.BadRequest):
        requests.parse(json.dumps({"op": "seal", "ticket": "t", "staging": name}).encode())


@pytest.mark.parametrize("data", [b"", b"\xff", b"[", b"3", b'"kill"', b"[" * 30_000])
def test_what_is_not_a_request(data: bytes) -> None:
    with pytest.raises(requests.BadRequest):
        requests.parse(data)

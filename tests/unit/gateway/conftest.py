"""One access key, a clock that stands still, and requests without a socket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lambent.core.clock import VirtualClock
from lambent.core.context import Principal
from lambent.core.http import BytesBody, Headers, Request
from lambent.core.ports import Credential
from lambent.gateway.sigv4 import SignatureChecker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class OneKey:
    """A Credentials port with the keys that a test puts in."""

    def __init__(self) -> None:
        self.keys: dict[str, Credential] = {}

    def add(self, access_key_id: str, secret: str, token: str | None = None) -> None:
        principal = Principal("root", "123456789012", access_key_id=access_key_id)
        self.keys[access_key_id] = Credential(access_key_id, secret, principal, token)

    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        return self.keys.get(access_key_id)


@pytest.fixture
def keys() -> OneKey:
    return OneKey()


@pytest.fixture
def clock_at() -> Callable[..., VirtualClock]:
    def at(year: int, month: int, day: int, *time: int) -> VirtualClock:
        hour, minute, second = (*time, 0, 0, 0)[:3]
        return VirtualClock(datetime(year, month, day, hour, minute, second, tzinfo=UTC))

    return at


@pytest.fixture
def checker_at(
    keys: OneKey, clock_at: Callable[..., VirtualClock]
) -> Callable[..., SignatureChecker]:
    return lambda *parts: SignatureChecker(keys, clock_at(*parts))


@pytest.fixture
def make_request() -> Callable[..., Request]:
    def make(
        method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b""
    ) -> Request:
        path, _, query = target.partition("?")
        return Request(method, path, query, Headers(headers), BytesBody(body))

    return make

"""Who comes to a data plane: signed by botocore, checked for a door."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lambent.core.clock import VirtualClock
from lambent.core.context import ANONYMOUS
from lambent.core.errors import InvalidSignature, MissingAuthenticationToken, UnrecognizedClient
from lambent.gateway.door_signatures import DoorSignatures

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://id.lambda-url.eu-west-1.on.aws/a?b=c"


def _sent(make_request: Callable[..., Any], secret: str, body: bytes, key: str = "AKID") -> Any:
    signed = AWSRequest("POST", URL, data=body)
    SigV4Auth(Credentials(key, secret), "lambda", "eu-west-1").add_auth(signed)
    headers = [("Host", "id.lambda-url.eu-west-1.on.aws"), *signed.headers.items()]
    return make_request("POST", "/a?b=c", headers, body)


def _verify(signatures: DoorSignatures, request: Any, body: bytes) -> Any:
    return asyncio.run(signatures.verify(request, "lambda", body))


@pytest.fixture
def now() -> VirtualClock:
    """Botocore signs for the real time."""
    return VirtualClock(datetime.now(UTC))


def test_a_good_signature_tells_whose_it_is(keys: Any, make_request: Any, now: Any) -> None:
    keys.add("AKID", "secret")
    principal = _verify(DoorSignatures(keys, now), _sent(make_request, "secret", b"x"), b"x")
    assert principal.access_key_id == "AKID"


def test_a_bad_one_is_refused(keys: Any, make_request: Any, now: Any) -> None:
    keys.add("AKID", "secret")
    signatures = DoorSignatures(keys, now)
    with pytest.raises(InvalidSignature):
        _verify(signatures, _sent(make_request, "wrong", b"x"), b"x")
    with pytest.raises(InvalidSignature):
        _verify(signatures, _sent(make_request, "secret", b"x"), b"another body")
    with pytest.raises(UnrecognizedClient):
        _verify(signatures, _sent(make_request, "secret", b"x", "AKOTHER"), b"x")
    with pytest.raises(MissingAuthenticationToken):
        _verify(signatures, make_request("GET", "/", [("Host", "h")]), b"")
    assert not signatures.is_open


def test_an_open_platform_believes(keys: Any, make_request: Any, now: Any) -> None:
    keys.add("AKID", "secret")
    signatures = DoorSignatures(keys, now, "open")
    assert signatures.is_open
    principal = _verify(signatures, _sent(make_request, "wrong", b"x"), b"x")
    assert principal.access_key_id == "AKID"
    assert _verify(signatures, _sent(make_request, "s", b"x", "AKOTHER"), b"x") == ANONYMOUS
    assert _verify(signatures, make_request("GET", "/", [("Host", "h")]), b"") == ANONYMOUS

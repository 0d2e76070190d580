"""Only JSON reaches a function; both ways of checking agree on what that is."""

from __future__ import annotations

import asyncio
import base64

import pytest

from lambent.services.lambda_.errors import InvalidRequestContent
from lambent.services.lambda_.payloads import (
    INLINE_LIMIT,
    check_event,
    client_context,
    is_mostly_text,
    json_fault,
    large_json_fault,
)

VALID = [
    b"{}", b"null", b"true", b"0", b"-1.5e3", b'"x"', b' {"a": [1, 2, {"b": null}]} \n', b'"\\ud800"',
    '{"é": "\N{GRINNING FACE}"}'.encode(), b"123456789012345678901234567890", b'{"a":1,"a":2}', b"[" * 900 + b"]" * 900,
]  # fmt: skip
INVALID = [
    b"", b" ", b"nul", b"{", b"{a:1}", b"{'a':1}", b"[1,]", b"1 2", b"01", b"+1", b"1.", b"NaN", b'{"a":NaN}',
    b"Infinity",
    b"\xff", b'"\xc3"', b'"\x01"', b'"\\x41"', b"/*c*/1", b'{"a":1}\0', b"\0", b'"a',
]  # fmt: skip


@pytest.mark.parametrize("payload", VALID)
def test_json_passes(payload: bytes) -> None:
    assert json_fault(payload) is None
    assert large_json_fault(payload) is None


@pytest.mark.parametrize("payload", INVALID)
def test_anything_else_has_a_fault(payload: bytes) -> None:
    assert json_fault(payload)
    assert large_json_fault(payload)


def test_a_document_nested_without_end_is_refused_and_not_followed() -> None:
    assert json_fault(b"[" * 50_000)
    assert large_json_fault(b"[" * 500_000)


@pytest.mark.parametrize("padding", [0, INLINE_LIMIT])
def test_the_error_is_that_of_aws_for_small_and_large_events(padding: int) -> None:
    async def scenario() -> None:
        await check_event(b'{"a": 1}' + b" " * padding)
        with pytest.raises(InvalidRequestContent) as refused:
            await check_event(b'{"a": }' + b" " * padding)
        assert refused.value.message is not None
        assert refused.value.message.startswith("Could not parse request body into json: ")
        assert (refused.value.status, refused.value.members) == (400, {"Type": "User"})

    asyncio.run(scenario())


LONG = b"x" * 100_000


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"name": "f", "data": "%s"}' % LONG, True),
        (b'["%s", {"a": "%s"}, 1, null]' % (LONG, LONG), True),
        (b'"%s"' % LONG + b" " * INLINE_LIMIT, True),
        (b'"%s"' % LONG + b" " * (INLINE_LIMIT + 1), False),
        (b"[" + b"1," * INLINE_LIMIT + b"1]", False),
        (b"[" + b",".join([b'"short"'] * 20_000) + b"]", False),
        (b'"\\n%s"' % LONG, False),
        (b'"%s\xc3\xa9"' % LONG, False),
        (b'{"data": "%s' % LONG, False),
    ],
)
def test_what_is_mostly_text_is_parsed_where_it_is(payload: bytes, *, expected: bool) -> None:
    assert is_mostly_text(payload) is expected


def test_faults_of_events_that_are_mostly_text_are_found() -> None:
    async def scenario() -> None:
        await check_event(b'{"data": "%s"}' % LONG)
        for broken in (
            b'{"data": "%s"',
            b'{"data": "%s\x01"}',
            b'{"data" "%s"}',
            b'{"data": "%s",}',
        ):
            with pytest.raises(InvalidRequestContent):
                await check_event(broken % LONG)

    asyncio.run(scenario())


def test_the_client_context_is_base64_of_json() -> None:
    assert client_context("") == ""
    assert client_context(base64.b64encode(b'{"custom":{"a":1}}').decode()) == '{"custom":{"a":1}}'


@pytest.mark.parametrize(
    "encoded",
    ["{}", "####", base64.b64encode(b"{").decode(), base64.b64encode(b"9" * 3000).decode()],
)
def test_any_other_client_context_is_refused(encoded: str) -> None:
    with pytest.raises(InvalidRequestContent, match="Client context must be a valid Base64"):
        client_context(encoded)

"""The reader of usual requests, held against llhttp: what it takes means the same to both."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from lambent.core.http import BytesBody
from lambent.gateway.intake import Intake
from lambent.gateway.usual_head import HeadForm, NewForm, UsualHeads

if TYPE_CHECKING:
    import asyncio

    from lambent.core.http import Request

HEAD_BYTES = 4096
SIGNED = (
    b"POST /2015-03-31/functions/f/invocations?a=b HTTP/1.1\r\nHost: 127.0.0.1:4566\r\n"
    b"User-Agent: Boto3/1.40 md/Botocore#1.40\r\nX-Amz-Date: 20261125T224600Z\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=A/20261125/r/lambda/aws4_request, Signature=00ff\r\n"
    b'Connection: keep-alive\r\nContent-Length: 8\r\n\r\n{"a": 1}'
)
USUAL = [
    SIGNED,
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /%2F/a?x=%20 HTTP/1.1\r\nhost: h\r\nX-Empty:\r\n\r\n",
    b"PUT /a HTTP/1.1\r\nHOST:h\r\nX: \t v \xe9 \t\r\nContent-Length: 0\r\n\r\n",
    b"DELETE /a//b/../c HTTP/1.1\r\nHost: h\r\nX-Amz-Meta-!#$%&'*+.^_`|~: v\r\n\r\n",
]
UNUSUAL = [
    b"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: no host\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX : v\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\nX: v\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 01\r\n\r\na",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: %b\r\n\r\n" % (b"x" * HEAD_BYTES),
    b"GET /\xe9 HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
]


class Nobody:
    def await_piece(self) -> asyncio.Future[None]:
        raise AssertionError("nobody reads")

    def update_reading(self) -> None:
        pass


def seen_well(heads: UsualHeads, data: bytes) -> Request | None:
    """Read one whose signature, if it has any, is found to hold."""
    request = heads.read(data, "peer")
    if request is not None and request.form is not None:
        request.form.kept()
    return request


def read(data: bytes, *before: bytes) -> tuple[object, ...] | None:
    """Read twice, so that the second time everything is known; both must be the same.

    Args:
        before: what the reader has read before.
    """
    heads = UsualHeads(HEAD_BYTES)
    for each in before:
        seen_well(heads, each)
    seen: list[tuple[object, ...] | None] = []
    for _ in range(2):
        request = seen_well(heads, data)
        if request is None:
            seen.append(None)
            continue
        body = request.body
        assert hasattr(body, "data")
        facts = (request.method, request.path, request.query, request.headers.items(), body.data)
        seen.append((*facts, dict(request.headers.first)))
    assert seen[0] == seen[1]
    return seen[0]


def parse(data: bytes) -> tuple[object, ...] | None:
    """The same by llhttp; None unless it is exactly one request, answered with the connection kept."""
    intake = Intake(Nobody(), HEAD_BYTES, 1 << 20, "peer")
    intake.feed(data)
    if len(intake.queue) != 1 or intake.is_closed or intake.is_in_head:
        return None
    exchange = intake.queue[0]
    request = exchange.request
    if request is None or not exchange.body.is_complete or not exchange.keep_alive:
        return None
    body = b"".join(exchange.body._pieces)
    facts = (request.method, request.path, request.query, request.headers.items(), body)
    return (*facts, dict(request.headers.first))


@pytest.mark.parametrize("data", USUAL)
def test_a_usual_request_is_read_as_the_parser_reads_it(data: bytes) -> None:
    assert read(data) is not None
    assert read(data) == parse(data)


@pytest.mark.parametrize("data", UNUSUAL)
def test_anything_else_is_left_to_the_parser(data: bytes) -> None:
    assert read(data) is None


def test_what_is_read_of_damaged_requests_is_what_the_parser_reads() -> None:
    chance = random.Random(20261125)
    bytes_that_matter = b"\r\n :\t\0%?/;,=aZ0\x7f\x80\xff"
    taken = 0
    for _ in range(20_000):
        data = bytearray(chance.choice(USUAL + UNUSUAL))
        for _ in range(chance.randint(1, 3)):
            position = chance.randrange(len(data))
            kind = chance.randrange(3)
            if kind == 0:
                data[position] = chance.choice(bytes_that_matter)
            elif kind == 1:
                data.insert(position, chance.choice(bytes_that_matter))
            else:
                del data[position]
        found = read(bytes(data))
        if found is not None:
            taken += 1
            assert found == parse(bytes(data)), bytes(data)
    assert taken > 500


def test_a_signed_request_like_one_that_was_found_good_is_of_its_form() -> None:
    heads = UsualHeads(HEAD_BYTES)
    first, second, third = (
        seen_well(heads, SIGNED.replace(b"00ff", signature)) for signature in (b"00", b"ff", b"7f")
    )
    assert first is not None
    assert second is not None
    assert third is not None
    assert isinstance(second.form, HeadForm)
    assert third.form is second.form
    assert third.headers.get("authorization").endswith("Signature=7f")
    other = heads.read(SIGNED.replace(b"Boto3/1.40", b"Boto3/1.41"), "peer")
    assert other is not None
    assert isinstance(other.form, NewForm)


def test_of_requests_that_are_not_found_good_nothing_is_kept() -> None:
    heads = UsualHeads(HEAD_BYTES)
    for number in range(100):
        assert heads.read(SIGNED.replace(b"functions/f", b"functions/f%d" % number), "peer")
    assert not heads._forms


@pytest.mark.parametrize(
    "unfit",
    [
        SIGNED.replace(b"\r\nHost", b"".join(b"\r\nX%d: v" % n for n in range(40)) + b"\r\nHost"),
        SIGNED.replace(b"X-Amz-Date: ", b"X-Amz-Date:"),
        SIGNED.replace(b"Boto3", b"Boto\xe9"),
    ],
)
def test_what_is_large_or_written_otherwise_makes_no_form(unfit: bytes) -> None:
    heads = UsualHeads(HEAD_BYTES)
    assert seen_well(heads, unfit) is not None
    assert not heads._forms


@pytest.mark.parametrize(
    "unlike",
    [
        SIGNED.replace(b"Signature=00ff", b"Signature=\xe9"),
        SIGNED.replace(b"Signature=00ff", b"Signature=00ff \t"),
        SIGNED.replace(b"Authorization: ", b"Authorization:\t "),
        SIGNED.replace(b"Authorization: ", b"authorization: "),
        SIGNED.replace(b"Content-Length: 8", b"Content-Length: 9"),
        SIGNED.replace(b"Content-Length: 8", b"Content-Length: +8"),
        SIGNED.replace(b"X-Amz-Date: 20261125T224600Z", b"X-Amz-Date: 2026\r\n 1125"),
        SIGNED.replace(b"X-Amz-Date: 20261125T224600Z", b"X-Amz-Date: a\0b"),
        SIGNED.replace(b"X-Amz-Date: 20261125T224600Z\r\n", b""),
        SIGNED.replace(b"Host", b"X-Amz-Date: b\r\nHost"),
        SIGNED.replace(b"?a=b", b"?a=c"),
    ],
)
def test_what_differs_from_a_form_is_read_as_without_it(unlike: bytes) -> None:
    assert unlike != SIGNED
    assert read(unlike, SIGNED) == read(unlike)
    assert read(unlike, SIGNED) in (None, parse(unlike))


def test_what_is_read_by_forms_of_damaged_requests_is_what_the_parser_reads() -> None:
    chance = random.Random(20261127)
    heads = UsualHeads(HEAD_BYTES)
    assert seen_well(heads, SIGNED) is not None
    by_form = 0
    for _ in range(20_000):
        data = bytearray(SIGNED)
        for _ in range(chance.randint(1, 2)):
            # In the fields that pass, mostly: another place makes it another form.
            position = chance.randrange(SIGNED.index(b"X-Amz-Date"), len(data))
            data[position] = chance.choice(b"\r\n :\t\0%?/;,=aZ0\x7f\x80\xff")
        request = heads.read(bytes(data), "peer")
        if request is not None and isinstance(request.form, HeadForm):
            by_form += 1
            body = request.body
            assert isinstance(body, BytesBody)
            facts = (
                request.method,
                request.path,
                request.query,
                request.headers.items(),
                body.data,
            )
            assert (*facts, dict(request.headers.first)) == parse(bytes(data)), bytes(data)
    assert by_form > 500


def test_forms_of_many_clients_do_not_gather() -> None:
    heads = UsualHeads(HEAD_BYTES)
    for number in range(3000):
        seen_well(heads, SIGNED.replace(b"functions/f", b"functions/f%d" % number))
        seen_well(heads, SIGNED.replace(b"Boto3/1.40", b"Boto3/%d" % number))
        assert heads._forms_kept == sum(map(len, heads._forms.values())) <= 512
    assert max(map(len, heads._forms.values())) <= 8

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from lambent.core.http import (
    BadBody,
    BodyTooLarge,
    BytesBody,
    DroppableBody,
    Headers,
    Request,
    Response,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


def test_headers_are_found_without_regard_to_case_and_kept_as_sent() -> None:
    headers = Headers([("X-Amz-Date", "a"), ("x-amz-date", "b"), ("Host", "h")])
    assert headers.get("x-amz-date") == "a"
    assert headers.getall("x-amz-date") == ["a", "b"]
    assert headers.get("missing") == ""
    assert headers.get("missing", "default") == "default"
    assert "host" in headers
    assert "Host" not in headers
    assert headers.items()[0] == ("X-Amz-Date", "a")
    assert list(headers) == ["x-amz-date", "host"]
    assert len(headers) == 3
    assert repr(headers).startswith("Headers([('X-Amz-Date'")


def test_headers_know_whether_a_name_comes_twice() -> None:
    assert Headers([("A", "1"), ("a", "2")]).has_repeats
    assert not Headers([("A", "1"), ("B", "2")]).has_repeats


def test_a_bad_body_says_what_to_answer_and_why() -> None:
    error = BadBody(408, "it stopped coming")
    assert (error.status, error.reason, str(error)) == (408, "it stopped coming", error.reason)


def test_a_body_is_read_whole_up_to_its_limit() -> None:
    assert asyncio.run(BytesBody(b"abc").read(3)) == b"abc"
    with pytest.raises(BodyTooLarge) as caught:
        asyncio.run(BytesBody(b"abcd").read(3))
    assert caught.value.limit == 3


@pytest.mark.parametrize(("data", "pieces"), [(b"", []), (b"abc", [b"abc"])])
def test_a_body_streams_what_there_is(data: bytes, pieces: list[bytes]) -> None:
    async def collect() -> list[bytes]:
        return [piece async for piece in BytesBody(data).stream()]

    assert asyncio.run(collect()) == pieces


def test_the_host_is_as_sent() -> None:
    request = Request("GET", "/", "", Headers([("Host", "Example.com:80")]), BytesBody())
    assert request.host == "Example.com:80"


def test_a_response_is_an_empty_200_unless_told_otherwise() -> None:
    response = Response()
    assert (response.status, response.headers, response.body) == (200, [], b"")


def test_headers_that_were_indexed_before_are_looked_up_like_others() -> None:
    items = [("X-One", "1"), ("x-one", "2"), ("Two", "3")]
    headers = Headers(items, {"x-one": "1", "two": "3"})

    assert (headers.get("x-one"), headers.getall("x-one")) == ("1", ["1", "2"])
    assert headers.items() == items
    assert headers.has_repeats
    assert "two" in headers


def test_a_body_may_be_dropped_before_its_first_piece_and_in_the_middle() -> None:
    dropped: list[str] = []

    async def pieces(name: str) -> AsyncGenerator[str, None]:
        try:
            yield f"{name}1"
            yield f"{name}2"
        finally:
            dropped.append(f"{name} at its end")

    async def later() -> None:
        dropped.append("later")

    async def main() -> None:
        early = DroppableBody(pieces("a"), lambda: dropped.append("early"))
        await early.aclose()
        assert [each async for each in early] == []
        half = DroppableBody(pieces("b"), later)
        assert await anext(aiter(half)) == "b1"
        await half.aclose()
        whole = DroppableBody(pieces("c"), later)
        assert [each async for each in whole] == ["c1", "c2"]

    asyncio.run(main())
    assert dropped == ["early", "b at its end", "later", "c at its end"]

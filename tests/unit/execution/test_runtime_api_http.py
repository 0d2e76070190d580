from __future__ import annotations

import pytest

from lambent.execution.runtime_api.http import (
    BadRequest,
    Request,
    RequestReader,
    answer_head,
)

PLAIN = b"POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nX-Y: 1\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = (
    b"POST /s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: E\r\n\r\n"
    b"3\r\nabc\r\n2\r\nde\r\n0\r\nLambda-E: one\r\nLambda-B: two\r\n\r\n"
)


def feed(*requests: bytes, step: int = 1000, limit: int = 100) -> list[Request]:
    """Each of them is sent when the one before has been read."""
    reader = RequestReader(lambda _: limit)
    return [
        request
        for data in requests
        for start in range(0, len(data), step)
        for request in reader.feed(data[start : start + step])
    ]


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_requests_are_read_however_they_are_cut(step: int) -> None:
    plain, chunked = feed(PLAIN, CHUNKED, step=step)
    assert (plain.method, plain.path, plain.body) == ("POST", "/a/b", b"abc")
    assert plain.headers["x-y"] == "1"
    assert plain.trailers == {}
    assert plain.keeps_alive
    assert chunked.body == b"abcde"
    assert chunked.trailers == {"lambda-e": "one", "lambda-b": "two"}
    assert "lambda-e" not in chunked.headers


@pytest.mark.parametrize(("limit", "kept"), [(5, b"abcde"), (4, None), (0, None)])
def test_a_body_over_its_limit_is_thrown_away(limit: int, kept: bytes | None) -> None:
    (request,) = feed(CHUNKED, limit=limit)
    assert request.body == kept
    assert request.trailers["lambda-e"] == "one"


def test_no_body_is_empty_whatever_the_limit() -> None:
    (request,) = feed(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", limit=0)
    assert request.body == b""
    assert not request.keeps_alive


def test_leave_to_go_on_is_wanted_until_the_body_comes() -> None:
    reader = RequestReader(lambda _: 10)
    head, body = b"POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n", b"ab"
    assert reader.feed(head) == []
    assert reader.wants_continue
    assert reader.feed(body)[0].body == b"ab"
    assert not reader.wants_continue


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000,
        b"GET /" + b"x" * 70_000,
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        CHUNKED[:-2] + b"T: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_ends_the_connection(data: bytes) -> None:
    with pytest.raises(BadRequest):
        feed(data)


def test_an_answer_begins_with_its_length() -> None:
    head = answer_head(202, 5, {"A": "ü€"}, keeps_alive=False)
    assert head == (
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nA: \xfc?\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("times", [2, 5000])
def test_requests_in_a_row_end_the_connection(times: int) -> None:
    """Ten thousand of them fit into one read, and would have the loop for themselves."""
    with pytest.raises(BadRequest):
        RequestReader(lambda _: 100).feed(b"GET /x HTTP/1.1\r\n\r\n" * times)


def test_headers_count_for_more_than_their_characters() -> None:
    few = b"".join(b"x%d:\r\n" % number for number in range(1500))
    many = b"".join(b"x%d:\r\n" % number for number in range(3000))
    (request,) = RequestReader(lambda _: 0).feed(b"GET /x HTTP/1.1\r\n" + few + b"\r\n")
    assert len(request.headers) == 1500
    with pytest.raises(BadRequest):
        RequestReader(lambda _: 0).feed(b"GET /x HTTP/1.1\r\n" + many + b"\r\n")


def test_a_body_in_crumbs_is_one_buffer() -> None:
    reader = RequestReader(lambda _: 10_000)
    assert reader.feed(b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == []
    for _ in range(1000):
        assert reader.feed(b"2\r\nab\r\n") == []
    assert reader._body == bytearray(b"ab" * 1000)
    (request,) = reader.feed(b"0\r\n\r\n")
    assert request.body == b"ab" * 1000
    assert reader._body == b""

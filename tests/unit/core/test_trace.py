"""The trace header: read, made, and translated from W3C's."""

from __future__ import annotations

import re

import pytest

from lambent.core import trace
from lambent.core.http import Headers
from lambent.core.trace import Trace

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
TRACE_ID, PARENT_ID = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"{ROOT};Parent={PARENT_ID};Sampled=1", Trace(TRACE_ID, PARENT_ID, True)),
        (f"{ROOT}; Parent={PARENT_ID}; Sampled=0", Trace(TRACE_ID, PARENT_ID, False)),
        (f"{ROOT};Sampled=?", Trace(TRACE_ID, "", False)),
        (ROOT.upper().replace("ROOT", "Root"), Trace(TRACE_ID, "", False)),
        ("Root=1-5759e988-x;Parent=1", Trace("", "", False)),
        ("", Trace("", "", False)),
        ("nonsense", Trace("", "", False)),
    ],
)
def test_a_header_is_read_as_far_as_it_makes_sense(header: str, expected: Trace) -> None:
    assert trace.parse(header) == expected


def test_a_new_header_has_the_time_in_it() -> None:
    assert re.fullmatch(r"Root=1-5759e988-[0-9a-f]{24}", trace.fresh(0x5759E988))
    for is_sampled in (True, False):
        assert re.fullmatch(
            rf"Root=1-5759e988-[0-9a-f]{{24}};Parent=[0-9a-f]{{16}};Sampled={is_sampled:d}",
            trace.whole(0x5759E988, is_sampled=is_sampled),
        )


@pytest.mark.parametrize(
    ("header", "pattern"),
    [
        (ROOT, rf"{ROOT};Parent=[0-9a-f]{{16}};Sampled=1"),
        (f"{ROOT};Sampled=0", rf"{ROOT};Sampled=0;Parent=[0-9a-f]{{16}}"),
        (f"{ROOT};Parent={PARENT_ID}", rf"{ROOT};Parent={PARENT_ID};Sampled=1"),
        (f"{ROOT};Parent={PARENT_ID};Sampled=?", rf"{ROOT};Parent={PARENT_ID};Sampled=\?"),
        ("Self=1-2-3", "Self=1-2-3"),
    ],
)
def test_a_header_is_completed_for_a_function(header: str, pattern: str) -> None:
    assert re.fullmatch(pattern, trace.completed(header, lambda: True))
    assert re.fullmatch(
        pattern.replace("Sampled=1", "Sampled=0"), trace.completed(header, lambda: False)
    )


def test_a_span_takes_the_place_of_the_parent() -> None:
    header = f"{ROOT};Parent={PARENT_ID};Sampled=1;Lineage=a:1"
    assert trace.below(header, "b" * 16) == f"{ROOT};Parent={'b' * 16};Sampled=1;Lineage=a:1"
    assert trace.below("nonsense", "b" * 16) == "nonsense"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"X-Amzn-Trace-Id": "anything"}, "anything"),
        ({"X-Amzn-Trace-Id": ROOT, "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}, ROOT),
        (
            {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"},
            f"{ROOT};Parent={PARENT_ID};Sampled=1",
        ),
        (
            {"traceparent": f"01-{TRACE_ID}-{PARENT_ID}-02-more"},
            f"{ROOT};Parent={PARENT_ID};Sampled=0",
        ),
        ({"traceparent": f"ff-{TRACE_ID}-{PARENT_ID}-01"}, ""),
        ({"traceparent": f"00-{'0' * 32}-{PARENT_ID}-01"}, ""),
        ({"traceparent": f"00-{TRACE_ID}-{'0' * 16}-01"}, ""),
        ({"traceparent": "nonsense"}, ""),
        ({}, ""),
    ],
)
def test_what_a_caller_says(sent: dict[str, str], expected: str) -> None:
    assert trace.given(Headers(list(sent.items()))) == expected

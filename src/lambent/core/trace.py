"""X-Ray's trace header: `Root=1-<8 hex digits of time>-<24 hex digits>;Parent=<16 hex digits>;Sampled=<0 or 1>`.

"Tracing header" (X-Ray developer guide). What else it holds (`Self`, `Lineage`, a caller's own fields) is passed on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lambent.core import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.http import Headers

_ROOT = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})")
_PARENT_FIELD = re.compile(r"Parent=[^;]*")
_PARENT = re.compile(r"[0-9a-fA-F]{16}")
# W3C Trace Context, section 3.2.2: version 00, and later ones as far as they begin alike.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)


class Trace(NamedTuple):
    """What a header says, ids in lower-case hex digits; "" where it does not."""

    trace_id: str
    parent_id: str
    is_sampled: bool


def given(headers: Headers) -> str:
    """The caller's header, or what the caller says by W3C's; "" where it says nothing."""
    first = headers.first
    found = first.get("x-amzn-trace-id", "")
    if not found and "traceparent" in first:
        found = _translated(first["traceparent"])
    return found


def fresh(seconds: int) -> str:
    """Of a new trace: no segment yet, nothing decided."""
    return f"Root=1-{seconds:08x}-{ids.hex_id(24)}"


def whole(seconds: int, *, is_sampled: bool) -> str:
    """Of a new trace, as a function is to find it. One of these is made for most invocations: randomness is asked for
    once.
    """
    digits = ids.hex_id(40)
    return f"Root=1-{seconds:08x}-{digits[:24]};Parent={digits[24:]};Sampled={is_sampled:d}"


def completed(header: str, decide: Callable[[], bool]) -> str:
    """As a function is to find it: whoever calls it has decided whether the trace is recorded, or `decide` does.

    What has no root is passed on as it is: nobody can tell what it means.
    """
    if "Root=" not in header:
        return header
    if "Parent=" not in header:
        header += f";Parent={ids.hex_id(16)}"
    if "Sampled=" not in header:
        header += f";Sampled={decide():d}"
    return header


def below(header: str, span_id: str) -> str:
    """The same with another parent: a span of this trace, in which more will come."""
    return _PARENT_FIELD.sub(f"Parent={span_id}", header, count=1)


def parse(header: str) -> Trace:
    parts = (part.partition("=") for part in header.split(";"))
    fields = {name.strip(): value.strip() for name, _, value in parts}
    root = _ROOT.fullmatch(fields.get("Root", ""))
    parent = _PARENT.fullmatch(fields.get("Parent", ""))
    return Trace(
        (root[1] + root[2]).lower() if root else "",
        parent[0].lower() if parent else "",
        fields.get("Sampled") == "1",
    )


def _translated(traceparent: str) -> str:
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or not (int(found[1] + found[2], 16) and int(found[3], 16)):
        return ""
    sampled = int(found[4], 16) & 1
    return f"Root=1-{found[1]}-{found[2]};Parent={found[3]};Sampled={sampled}"

"""Recursive loops: a function that, through others or by itself, is the cause of its own invocations.

AWS tells by the trace header: its `Lineage` counts by how many invocations of each function an invocation was caused.
The SDKs inside functions pass the header on. Ours reads `Lineage=<function>:<count>|...`, the function as a CRC of its
ARN.
"""

from __future__ import annotations

import zlib

# "If your function is invoked approximately 16 times by the same event, Lambda stops the next invocation" (Lambda
# developer guide, recursive loop detection).
MAX_COUNT = 16
_FIELD = "Lineage="
# A header with more functions than this is none that we wrote; what is too much is forgotten.
_MAX_FUNCTIONS = 16


def is_looping(trace_id: str, arn: str) -> bool:
    """Has the function been in this chain of causes too often to run again? `arn` is unqualified or not, always the
    same way."""
    return _counts(trace_id).get(_name(arn), 0) > MAX_COUNT


def extended(trace_id: str, arn: str) -> str:
    """The trace header for what this invocation of the function causes."""
    counts = _counts(trace_id)
    name = _name(arn)
    counts[name] = min(counts.get(name, 0) + 1, MAX_COUNT + 1)
    rest = [part for part in trace_id.split(";") if part and not part.startswith(_FIELD)]
    lineage = "|".join(f"{key}:{count}" for key, count in list(counts.items())[-_MAX_FUNCTIONS:])
    return ";".join([*rest, _FIELD + lineage])


def _name(arn: str) -> str:
    return f"{zlib.crc32(arn.encode()):08x}"


def _counts(trace_id: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in trace_id.split(";"):
        if part.startswith(_FIELD):
            for item in part.removeprefix(_FIELD).split("|"):
                name, _, count = item.partition(":")
                if len(name) == 8 and count.isascii() and count.isdigit() and len(count) < 4:
                    counts[name] = int(count)
    return counts

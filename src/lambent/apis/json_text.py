"""JSON that clients write: schemas, policies, properties, documents. What nests too deeply to be walked is refused."""

from __future__ import annotations

from typing import Any

import orjson

# Real documents nest a dozen deep; the JSON writer gives up at 254 and Python's own stack at about 900.
MAX_DEPTH = 100


def parse_json(text: str | bytes) -> Any:
    """The value. Raises ValueError for what is no JSON, or nests deeper than `MAX_DEPTH`."""
    value = orjson.loads(text)
    level, depth = [value], 0
    while level:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level, depth = inner, depth + 1
    return value

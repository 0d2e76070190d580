"""What AWS calls its regions."""

from __future__ import annotations

import functools

import orjson

from lambent.protocol.models import data_dir


@functools.cache
def region_name(region: str) -> str:
    """As people call it: "US East (N. Virginia)", "Europe (Ireland)". The code itself where AWS has no such region."""
    known = orjson.loads((data_dir() / "partitions.json").read_bytes())
    for partition in known["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region

"""What AWS calls its regions."""

from __future__ import annotations

import functools

import botocore.loaders


@functools.cache
def region_name(region: str) -> str:
    """As people call it: "US East (N. Virginia)", "Europe (Ireland)". The code itself where AWS has no such region."""
    for partition in botocore.loaders.Loader().load_data("partitions")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region

"""Regions have the names that AWS gives them."""

from __future__ import annotations

import pytest

from lambent.protocol.regions import region_name


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("us-east-1", "US East (N. Virginia)"),
        ("eu-west-1", "Europe (Ireland)"),
        ("cn-north-1", "China (Beijing)"),
        ("xx-east-1", "xx-east-1"),
    ],
)
def test_a_region_has_a_name(region: str, name: str) -> None:
    assert region_name(region) == name

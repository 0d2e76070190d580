"""Uids for sandboxes."""

from __future__ import annotations

import pytest

from lambent.execution.sandbox import identity

_WHOLE = "         0          0 4294967295\n"


def test_a_platform_has_a_block_of_its_own() -> None:
    one = identity.choose_range("/var/lib/one", _WHOLE)
    two = identity.choose_range("/var/lib/two", _WHOLE)
    assert one.first == identity.choose_range("/var/lib/one", _WHOLE).first
    assert one.first != two.first
    for each in (one, two):
        assert each.first >= 0x70000000
        assert each.first + each.count < 0x7FFFFFFE


@pytest.mark.parametrize(
    ("uid_map", "first", "count"),
    [
        ("0 100000 65536\n", 32_768, 32_768),
        ("0 1000 1\n1 100000 65536\n", 32_769, 32_768),
        ("0 1000 1\n", 0, 1),
    ],
)
def test_only_mapped_ids_are_used(uid_map: str, first: int, count: int) -> None:
    chosen = identity.choose_range("/x", uid_map)
    assert (chosen.first, chosen.count) == (first, count)


def test_a_uid_is_not_reused_while_it_is_taken() -> None:
    uids = identity.UidRange(10, 3)
    assert [uids.take() for _ in range(3)] == [10, 11, 12]
    with pytest.raises(OSError, match="in use"):
        uids.take()
    uids.give_back(11)
    assert uids.take() == 11


def test_the_one_given_back_longest_ago_comes_first() -> None:
    uids = identity.UidRange(10, 3)
    uids.give_back(uids.take())
    assert [uids.take(), uids.take()] == [11, 12]

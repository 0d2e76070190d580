from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from lambent.core import ids

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (ids.hex_id, r"[0-9a-f]{32}"),
        (lambda: ids.hex_id(7), r"[0-9a-f]{7}"),
        (ids.access_key_id, r"AKIA[A-Z2-7]{16}"),
        (ids.secret_access_key, r"[A-Za-z0-9+/]{40}"),
        (ids.account_id, r"[1-9][0-9]{11}"),
        (lambda: ids.unique_id("AROA"), r"AROA[A-Z2-7]{17}"),
        (lambda: ids.lower_alphanumeric(10), r"[0-9a-z]{10}"),
        (lambda: ids.alphanumeric(40), r"[0-9A-Za-z]{40}"),
        (ids.temporary_key_id, r"ASIA[A-Z2-7]{16}"),
    ],
)
def test_an_id_has_its_form_and_is_never_the_same(make: Callable[[], str], pattern: str) -> None:
    made = {make() for _ in range(20)}
    assert len(made) == 20
    assert all(re.fullmatch(pattern, each) for each in made)


def test_a_request_id_is_a_random_uuid() -> None:
    text = ids.request_id()
    parsed = UUID(text)
    assert str(parsed) == text
    assert (parsed.version, parsed.variant) == (4, "specified in RFC 4122")


def test_fractions_are_below_one_and_differ() -> None:
    drawn = {ids.fraction() for _ in range(100)}
    assert len(drawn) > 90
    assert all(0 <= fraction < 1 for fraction in drawn)


def test_key_material_is_as_long_as_asked_for_and_differs() -> None:
    made = {ids.secret_bytes(32) for _ in range(20)}
    assert {len(each) for each in made} == {32}
    assert len(made) == 20

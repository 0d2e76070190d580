from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
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
        (lambda: ids.hex_id(77), r"[0-9a-f]{77}"),
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


def test_threads_never_share_an_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: [ids.uuid() for _ in range(2000)], range(8)))
    assert len(set().union(*made)) == 16_000


def test_a_forked_process_does_not_share_the_ids_of_its_parent() -> None:
    ids.uuid()  # so that there is something to share
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, " ".join(ids.uuid() for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    theirs = os.read(reading, 10_000).decode().split()
    os.close(reading)
    assert len(theirs) == 100
    assert not set(theirs) & {ids.uuid() for _ in range(300)}


@pytest.mark.parametrize("make", [ids.uuid, ids.hex_id])
def test_ids_do_not_end(make: Callable[[], str]) -> None:
    ids._pieces.clear()
    assert len({make() for _ in range(500)}) == 500

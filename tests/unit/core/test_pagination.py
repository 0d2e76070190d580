"""Tokens, and pages that they lead to."""

from __future__ import annotations

import pytest

from lambent.core.pagination import BadToken, make_token, page_of, read_token

ITEMS = ["b", "a", "ü", "d", "c"]


@pytest.mark.parametrize("text", ["", "a", "ü/~?", "x" * 1000])
def test_tokens_hold_what_they_were_made_of(text: str) -> None:
    assert read_token(make_token(text)) == text


@pytest.mark.parametrize("token", ["x", "%", "YQ", "YQ==YQ==", "_w==", "ü"])
def test_other_texts_are_no_tokens(token: str) -> None:
    with pytest.raises(BadToken):
        read_token(token)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_pages_have_every_item_once(size: int) -> None:
    token: str | None = None
    seen: list[str] = []
    while token != "":
        page, token = page_of(ITEMS, token, size, str)
        assert len(page) <= size
        seen += page

    assert seen == ITEMS


def test_there_is_nothing_behind_what_is_gone() -> None:
    assert page_of(ITEMS, make_token("gone"), 2, str) == ([], "")


def test_an_empty_list_has_one_empty_page() -> None:
    assert page_of([], None, 2, str) == ([], "")

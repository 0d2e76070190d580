"""What is wrong with a filter pattern."""

from __future__ import annotations


class PatternInvalid(Exception):
    """The pattern cannot be read. The text is AWS's."""

    def __init__(self, message: str = "Invalid filter pattern") -> None:
        super().__init__(message)


def bad_term(term: str) -> PatternInvalid:
    return PatternInvalid(f"Invalid character(s) in term '{term}'")

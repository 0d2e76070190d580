"""What is wrong with a filter pattern."""

from __future__ import annotations

# Without a reason that could be told.
INVALID = "Invalid filter pattern"


class PatternInvalid(Exception):
    """The pattern cannot be read. The text is AWS's."""

    def __init__(self, message: str = INVALID) -> None:
        super().__init__(message)


def bad_term(term: str) -> PatternInvalid:
    return PatternInvalid(f"Invalid character(s) in term '{term}'")

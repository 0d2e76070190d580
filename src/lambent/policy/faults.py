"""What is wrong with a policy document, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.policy.json_text import Position

if TYPE_CHECKING:
    from typing import Self

# What IAM says of everything that is no policy in its form.
SYNTAX = "Syntax errors in policy."
HEADER = "x-lambent-policy-fault"
# A fault may quote the document. Far more than any sentence needs, far less than clients take of headers.
_LONGEST = 1024


class MalformedPolicy(ValueError):
    """A document that is no policy.

    Attributes:
        message: as IAM words it (`MalformedPolicyDocument`).
        reason: what exactly is wrong, in Lambent's words; may be empty.
        line, column: where, from 1.
    """

    def __init__(self, message: str, reason: str, offset: int, at: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.offset = offset
        where = at or Position(1, 1)
        self.line, self.column = where.line, where.column

    def placed(self, at: Position) -> Self:
        """The same fault with its line and column."""
        return type(self)(self.message, self.reason, self.offset, at)

    @property
    def details(self) -> str:
        """Where it is and what: `line 3, column 14: Effect is Allow or Deny`."""
        where = f"line {self.line}, column {self.column}"
        return f"{where}: {self.reason}" if self.reason else where

    @property
    def header(self) -> tuple[str, str]:
        """What IAM keeps to itself, as a field of the answer: its message is compared word for word."""
        return HEADER, self.details.encode("unicode_escape").decode()[:_LONGEST]


def malformed(message: str, reason: str, offset: int) -> MalformedPolicy:
    return MalformedPolicy(message, reason, offset)

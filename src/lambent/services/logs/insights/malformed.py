"""What is wrong with a query."""

from __future__ import annotations


class QueryMalformed(Exception):
    """The query cannot be read. `start` and `end` are offsets of characters in it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message, start, end)
        self.message = message
        self.start = start
        self.end = end


class CommandUnserved(Exception):
    """A command that AWS has and Lambent has not. Args: its name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

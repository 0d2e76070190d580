"""What is wrong with a JSON text, in the words of Jackson, the parser that Lambda reads events with.

Asked only for a text that has been refused already, so it may take its time; what Jackson would let pass has no words
here. As public quotations of AWS's answers show, it reads bytes: outside of strings a byte over 127 is a character by
itself, the place is told in bytes, and the first 500 bytes of the text are repeated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    State = Callable[[], "State | None"]

# Of the text so much is repeated.
_SHOWN_BYTES = 500
_LONGEST_TOKEN = 256
_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(r"[0-9]*")
_LITERALS = frozenset({"true", "false", "null"})
_NO_NUMBERS = frozenset({"NaN", "Infinity"})
_CLOSERS = {"{": "}", "[": "]"}
_KINDS = {"{": "Object", "[": "Array"}
_VALID_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class _Unreadable(Exception):
    """Args: what is wrong, and how many bytes had been read by then."""

    def __init__(self, words: str, read: int) -> None:
        super().__init__(words)
        self.words = words
        self.read = read


def fault_words(payload: bytes) -> str | None:
    """Message and place; None where there is no fault that Jackson knows."""
    try:
        _Reader(payload).read()
    except _Unreadable as fault:
        return f"{fault.words}\n at {_place(payload, fault.read)}"
    return None


def _place(payload: bytes, read: int) -> str:
    """Where a reader is that has read so many bytes."""
    before = payload[:read]
    shown = payload[:_SHOWN_BYTES].decode(errors="replace")
    more = len(payload) - _SHOWN_BYTES
    rest = f"[truncated {more} bytes]" if more > 0 else ""
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return f'[Source: (byte[])"{shown}"{rest}; line: {line}, column: {column}]'


class _Reader:
    """Reads a text up to its first fault. Each state reads on from `at` and returns the state that follows."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.text = payload.decode("latin-1")  # a character for each byte
        self.at = 0
        self.open: list[int] = []  # where the objects and arrays begin that are not closed yet

    def read(self) -> None:
        """Raises _Unreadable."""
        state: State | None = self._value
        while state is not None:
            state = state()

    # --- states --------------------------------------------------------------------------------------------------

    def _value(self) -> State | None:
        char = self._look()
        if not char:
            raise self._ends("" if self.open else None)
        if char in _CLOSERS:
            self.open.append(self.at)
            self.at += 1
            return self._first
        if char == '"':
            self._string("VALUE_STRING", "string value")
        elif char in "-0123456789":
            self._number()
        else:
            self._literal(char)
        return self._after_scalar

    def _first(self) -> State | None:
        """Behind the beginning of an object or an array."""
        char = self._look()
        if not char:
            raise self._unclosed()
        if char == self._closer():
            return self._close()
        return self._next_entry()

    def _name(self) -> State | None:
        char = self._look()
        if char != '"':
            raise self._unexpected(char, "was expecting double-quote to start field name")
        self._string("field name", "name")
        char = self._look()
        if char != ":":
            raise self._unexpected(char, "was expecting a colon to separate field name and value")
        self.at += 1
        return self._value

    def _after_scalar(self) -> State | None:
        char = self.text[self.at : self.at + 1]
        if not self.open and char and not char.isspace() and self.text[self.at - 1] != '"':
            raise self._unexpected(char, "Expected space separating root-level values")
        return self._after_value

    def _after_value(self) -> State | None:
        char = self._look()
        if not self.open:
            return self._value if char else None
        if not char:
            raise self._unclosed()
        if char == self._closer():
            return self._close()
        begin = self.open[-1]
        if char in _CLOSERS.values():
            start = _place(self.payload, begin)
            raise _Unreadable(
                f"Unexpected close marker '{char}': expected '{self._closer()}' "
                f"(for {self._kind()} starting at {start})",
                self.at + 1,
            )
        if char != ",":
            raise self._unexpected(char, f"was expecting comma to separate {self._kind()} entries")
        self.at += 1
        return self._next_entry()

    def _next_entry(self) -> State:
        return self._name if self.text[self.open[-1]] == "{" else self._value

    def _close(self) -> State:
        self.open.pop()
        self.at += 1
        return self._after_value

    # --- tokens --------------------------------------------------------------------------------------------------

    def _look(self) -> str:
        """The next character that is no space; "" at the end."""
        self.at = self._run(_SPACE, self.at)
        return self.text[self.at : self.at + 1]

    def _string(self, token: str, kind: str) -> None:
        at = self._plain(self.at + 1, token)
        while self.text[at : at + 1] == "\\":
            at = self._plain(self._escape(at + 1, token), token)
        char = self.text[at : at + 1]
        if not char:
            raise self._ends(f"in {token}")
        if char != '"':
            raise _Unreadable(
                f"Illegal unquoted character ({_described(char)}): "
                f"has to be escaped using backslash to be included in {kind}",
                at + 1,
            )
        self.at = at + 1

    def _plain(self, at: int, token: str) -> int:
        end = self._run(_PLAIN, at)
        try:
            self.payload[at:end].decode()
        except UnicodeDecodeError as error:
            raise self._no_text(error, at, f"in {token}") from None
        return end

    def _escape(self, at: int, token: str) -> int:
        """Behind the escape whose backslash stands before `at`."""
        char = self.text[at : at + 1]
        if not char:
            raise self._ends(f"in {token}")
        if char != "u":
            if char not in '"\\/bfnrt':
                raise _Unreadable(f"Unrecognized character escape {_described(char)}", at + 1)
            return at + 1
        for digit in range(at + 1, at + 5):
            char = self.text[digit : digit + 1]
            if not char:
                raise self._ends(f"in {token}")
            if char not in "0123456789abcdefABCDEF":
                raise self._unexpected(
                    char, "expected a hex-digit for character escape sequence", digit
                )
        return at + 5

    def _number(self) -> None:
        at = self.at + (self.text[self.at] == "-")
        if self.text[at : at + 1] == "0" and self.text[at + 1 : at + 2].isdecimal():
            raise _Unreadable("Invalid numeric value: Leading zeroes not allowed", at + 1)
        at = self._digits(at, "expected digit (0-9) to follow minus sign, for valid numeric value")
        if self.text[at : at + 1] == ".":
            at = self._digits(at + 1, "Decimal point not followed by a digit")
        if self.text[at : at + 1] in {"e", "E"}:
            at += 1
            at += self.text[at : at + 1] in {"+", "-"}
            at = self._digits(at, "Exponent indicator not followed by a digit")
        self.at = at

    def _digits(self, at: int, otherwise: str) -> int:
        end = self._run(_DIGITS, at)
        if end > at:
            return end
        char = self.text[at : at + 1]
        if not char:
            raise self._ends("in numeric value")
        raise _Unreadable(
            f"Unexpected character ({_described(char)}) in numeric value: {otherwise}", at + 1
        )

    def _literal(self, char: str) -> None:
        if not _begins_word(char):
            in_array = bool(self.open) and self._closer() == "]"
            is_closer = char in {",", "}"} or (char == "]" and in_array)
            wanted = "a value" if is_closer else f"a valid value {_VALID_VALUES}"
            raise self._unexpected(char, f"expected {wanted}")
        word, read = self._word()
        if word in _NO_NUMBERS:
            raise _Unreadable(
                f"Non-standard token '{word}': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow",
                self.at + len(word),
            )
        if word not in _LITERALS:
            shown = word if len(word) < _LONGEST_TOKEN else f"{word}..."
            raise _Unreadable(f"Unrecognized token '{shown}': was expecting {_VALID_VALUES}", read)
        self.at += len(word)

    def _word(self) -> tuple[str, int]:
        """The word that begins here, and what has been read to see its end."""
        word, at = self.text[self.at], self.at + 1
        while at < len(self.text) and len(word) < _LONGEST_TOKEN:
            char = self._character(at)
            at += len(char.encode())
            if not _begins_word(f"a{char}") and char != "$":
                break
            word += char
        return word, at

    def _character(self, at: int) -> str:
        """The character in UTF-8, behind the first byte of a word."""
        some = self.payload[at : at + 4]
        try:
            return some.decode()[0]
        except UnicodeDecodeError as error:
            if not error.start:
                raise self._no_text(error, at, "") from None
            return some[: error.start].decode()[0]

    def _run(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self.text, at)
        assert found is not None, "the patterns match nothing as well"
        return found.end()

    # --- faults --------------------------------------------------------------------------------------------------

    def _closer(self) -> str:
        return _CLOSERS[self.text[self.open[-1]]]

    def _kind(self) -> str:
        return _KINDS[self.text[self.open[-1]]]

    def _ends(self, where: str | None) -> _Unreadable:
        if where is None:
            return _Unreadable("No content to map due to end-of-input", 0)
        where = where or f"within/between {self._kind() if self.open else 'root'} entries"
        return _Unreadable(f"Unexpected end-of-input {where}", len(self.text))

    def _no_text(self, error: UnicodeDecodeError, begin: int, where: str) -> _Unreadable:
        """For bytes from `begin` on that are not UTF-8."""
        at, kind = begin + error.end, "middle"
        if error.reason == "invalid start byte":
            at, kind = begin + error.start, "start"
        if at >= len(self.payload):
            return self._ends(where)
        return _Unreadable(f"Invalid UTF-8 {kind} byte 0x{self.payload[at]:x}", at + 1)

    def _unclosed(self) -> _Unreadable:
        start = _place(self.payload, self.open[-1])
        words = f"expected close marker for {self._kind()} (start marker at {start})"
        return _Unreadable(f"Unexpected end-of-input: {words}", len(self.text))

    def _unexpected(self, char: str, comment: str, at: int | None = None) -> _Unreadable:
        if not char:
            return self._ends("")
        read = (self.at if at is None else at) + 1
        return _Unreadable(f"Unexpected character ({_described(char)}): {comment}", read)


def _begins_word(text: str) -> bool:
    return text.isidentifier() or text == "$"


def _described(char: str) -> str:
    code = ord(char)
    if code <= 0x1F or 0x7F <= code <= 0x9F:
        return f"(CTRL-CHAR, code {code})"
    return f"'{char}' (code {code})"

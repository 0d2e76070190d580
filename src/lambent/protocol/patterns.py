r"""The patterns of the models, which are Java's, as Python's.

A value must match as a whole. `re` takes nearly all of them (in ASCII mode: Java's `\w`, `\d` and `\s` are ASCII); the
rest name Unicode properties or spell characters in ways only Java knows, and go to the `regex` library after a
translation. None may be skipped: a pattern that does not compile is an error at the first use of its operation, and a
test compiles every pattern of every model.

Some patterns can be made to take exponential time by a text of a hundred characters (`([ \t]+[ -~]+)*` in EventBridge's
model), others quadratic time by a long one. So `re`, which cannot be stopped, only gets short texts and patterns
without repeated groups; the rest is matched by `regex` against the clock.
"""

from __future__ import annotations

import re
import warnings
from functools import cached_property
from typing import TYPE_CHECKING

import regex

from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    FullMatch = Callable[[str], object]

# UTF-16 surrogates spelled out: Java reads such a pair as one character.
_SURROGATE_PAIRS = re.compile(r"\\uD800\\uDC00-\\uDBFF\\uDFFF", re.IGNORECASE)
_BRACED_HEX = re.compile(r"\\x\{([0-9A-Fa-f]{1,4})\}")
# `X{11}{0,5}`: Java repeats the repetition, Python refuses it.
_DOUBLE_REPEAT = re.compile(r"(\[[^\]]*\]\{\d+\})(\{\d+,?\d*\})")
_PROPERTY = re.compile(r"\\p\{(\w+)\}")
# Classes that the libraries lack or, for Java's POSIX names, take as Unicode's. Written to stand inside brackets.
_CLASSES = {
    "all": r"\s\S",
    "LD": r"\p{L}\p{Nd}",
    "ASCII": r"\x00-\x7F",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Blank": r" \t",
    "Digit": "0-9",
    "Graph": r"\x21-\x7E",
    "Lower": "a-z",
    "Print": r"\x20-\x7E",
    "Punct": r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
    "Space": r" \t\n\x0B\f\r",
    "Upper": "A-Z",
}
_ASCII_CLASSES = {"w": "a-zA-Z0-9_", "d": "0-9", "s": r" \t\n\x0B\f\r"}


_REPEATED_GROUP = re.compile(r"\)[*+{]")
# The cube of this many steps is still some milliseconds.
_SHORT = 128
_PATIENCE_S = 0.02


class ModelPattern:
    """A pattern of a model. Calling it tells whether a text matches as a whole.

    Raises (when called) `Unreadable` for a text that would take too long to tell.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._quick = None if _REPEATED_GROUP.search(pattern) else _compiled_by_re(pattern)
        if self._quick is None:
            # What cannot be compiled is to be known at once.
            self._timed  # noqa: B018

    def __call__(self, text: str) -> object:
        if self._quick is not None and len(text) <= _SHORT:
            return self._quick(text)
        try:
            return self._timed.fullmatch(text, timeout=_PATIENCE_S)
        except TimeoutError as error:
            raise Unreadable("The input takes too long to be matched with its pattern") from error

    @cached_property
    def _timed(self) -> regex.Pattern[str]:
        # VERSION1 knows Java's intersections (`[a-z&&[^b]]`), but also operators that Java does not have.
        version = regex.VERSION1 if "&&" in self._pattern else regex.VERSION0
        return regex.compile(translate(self._pattern), version)


def _compiled_by_re(pattern: str) -> FullMatch | None:
    try:
        with warnings.catch_warnings():
            # `re` warns where it would read nested sets otherwise one day; those go to `regex`.
            warnings.simplefilter("error")
            return re.compile(pattern, re.ASCII).fullmatch
    except (re.error, FutureWarning):
        return None


def translate(pattern: str) -> str:
    """A Java pattern in the words of the `regex` library."""
    pattern = _SURROGATE_PAIRS.sub(r"\\U00010000-\\U0010FFFF", pattern)
    pattern = _BRACED_HEX.sub(lambda found: rf"\u{found[1]:0>4}", pattern)
    pattern = _DOUBLE_REPEAT.sub(r"(?:\1)\2", pattern)
    return "".join(_classes(pattern))


def _classes(pattern: str) -> list[str]:
    """The pattern piece by piece, the classes replaced; they get brackets where they stand outside of any."""
    pieces, depth, position = [], 0, 0
    while position < len(pattern):
        piece, members = _piece(pattern, position)
        if members is None:
            pieces.append(piece)
            depth += {"[": 1, "]": -1}.get(piece, 0) if depth or piece == "[" else 0
        else:
            pieces.append(members if depth else f"[{members}]")
            if depth and pattern[position + len(piece) :][:1] == "-":
                # After a class it begins no range.
                pieces.append("\\")
        position += len(piece)
    return pieces


def _piece(pattern: str, position: int) -> tuple[str, str | None]:
    """The character or escape at `position`, and what it stands for if it is a class of ours."""
    if pattern[position] != "\\":
        return pattern[position], None
    found = _PROPERTY.match(pattern, position)
    if found is not None:
        return found[0], _CLASSES.get(found[1])
    escape = pattern[position : position + 2]
    return escape, _ASCII_CLASSES.get(escape[1:])

r"""The patterns of the models, which are Java's, as Python's.

A value must match as a whole. `re` takes nearly all of them (in ASCII mode: Java's `\w`, `\d` and `\s` are ASCII); the
rest name Unicode properties or spell characters in ways only Java knows, and go to the `regex` library after a
translation. None may be skipped: a pattern that does not compile is an error at the first use of its operation, and a
test compiles every pattern of every model.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

import regex

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


def compile_pattern(pattern: str) -> FullMatch:
    """A function that says whether a text matches the whole of a model's pattern."""
    try:
        with warnings.catch_warnings():
            # `re` warns where it would read nested sets otherwise one day; those go to `regex`.
            warnings.simplefilter("error")
            return re.compile(pattern, re.ASCII).fullmatch
    except (re.error, FutureWarning):
        # VERSION1 knows Java's intersections (`[a-z&&[^b]]`), but also operators that Java does not have.
        version = regex.VERSION1 if "&&" in pattern else regex.VERSION0
        match: FullMatch = regex.compile(translate(pattern), version).fullmatch
        return match


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

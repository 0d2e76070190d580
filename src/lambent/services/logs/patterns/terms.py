"""Terms: words or quoted phrases that must all occur (`ERROR`), must not (`-EXIT`), or one of which must (`?WARN`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.logs.patterns.invalid import bad_term
from lambent.services.logs.patterns.scanner import unescape
from lambent.services.logs.patterns.values import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_TERM = re.compile(
    r'(?P<sign>[?-]?)(?:"(?P<quoted>(?:[^"\\]|\\.)+)"|%(?P<regex>[^%]+)%|(?P<word>\w+))(?=\s|$)',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Term:
    text: str
    expression: re.Pattern[str] | None = None

    def occurs(self, message: str) -> bool:
        if self.expression is not None:
            return self.expression.search(message) is not None
        return self.text in message


@dataclass(frozen=True, slots=True)
class Terms:
    required: tuple[Term, ...]
    excluded: tuple[Term, ...]
    optional: tuple[Term, ...]
    has_regex: bool

    def matches(self, message: str) -> bool:
        # "The ? filter pattern is ignored" where it stands beside terms that are included or excluded.
        if self.optional and not self.required and not self.excluded:
            return any(term.occurs(message) for term in self.optional)
        return all(term.occurs(message) for term in self.required) and not any(
            term.occurs(message) for term in self.excluded
        )

    def extract(self, message: str) -> Mapping[str, str] | None:
        return {} if self.matches(message) else None


def compile_terms(text: str) -> Terms:
    """An empty text matches everything. Raises PatternInvalid."""
    found: dict[str, list[Term]] = {"": [], "-": [], "?": []}
    position = 0
    has_regex = False
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TERM.match(text, position)
        if match is None:
            raise bad_term(text[position:].split(maxsplit=1)[0])
        position = match.end()
        if match["regex"] is not None:
            has_regex = True
            term = Term(match["regex"], regex(match["regex"]))
        else:
            term = Term(match["word"] or unescape(match["quoted"]))
            if term.text.isspace() and not match["sign"]:
                continue  # "a filter pattern that returns all log events": " "
        found[match["sign"]].append(term)
    return Terms(tuple(found[""]), tuple(found["-"]), tuple(found["?"]), has_regex)

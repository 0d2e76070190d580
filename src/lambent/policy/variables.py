"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`.

"If AWS cannot resolve a variable", nothing equals or is like the text it stands in ("Variables and tags", IAM user
guide). What a variable stands for means itself: a star in a tag is no wildcard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.policy.context_keys import MULTIVALUED

if TYPE_CHECKING:
    from lambent.policy.facts import Facts
    from lambent.policy.globs import Part

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,]*?)\s*(?:,\s*'([^']*)')?\s*")
_WILD = re.compile(r"[*?]")
_SIGNS = frozenset("*?$")


@dataclass(frozen=True, slots=True)
class Variable:
    """A key in lower case, and what stands for it where there is none."""

    key: str
    default: str | None = None

    def value(self, facts: Facts) -> str | None:
        """What it stands for; a key of many values stands for nothing."""
        if self.key in MULTIVALUED:
            return self.default
        values = facts.get(self.key)
        if values is None or len(values) != 1:
            return self.default
        return values[0]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables in it."""

    parts: tuple[Part | Variable, ...]

    @property
    def prefix(self) -> str:
        """What every text that it may match begins with."""
        first = self.parts[0]
        if isinstance(first, Variable):
            return ""
        text, is_plain = first
        return text if is_plain else _WILD.split(text, maxsplit=1)[0]

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(part.key for part in self.parts if isinstance(part, Variable))

    def filled(self, facts: Facts) -> list[Part] | None:
        """The text with every variable replaced; None where one stands for nothing."""
        parts: list[Part] = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = part.value(facts)
                if value is None:
                    return None
                parts.append((value, True))
            else:
                parts.append(part)
        return parts


def template(text: str) -> Template | None:
    """The text taken apart; None when there is no variable in it."""
    if "${" not in text:
        return None
    parts: list[Part | Variable] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        if found.start() > at:
            parts.append((text[at : found.start()], False))
        parts.append(_variable(found[1]))
        at = found.end()
    if at == 0:
        return None
    if at < len(text):
        parts.append((text[at:], False))
    return Template(tuple(parts))


def _variable(inner: str) -> Part | Variable:
    if inner in _SIGNS:
        return (inner, True)
    found = _WITH_DEFAULT.fullmatch(inner)
    if found is None:
        return Variable(inner.lower())
    return Variable(found[1].lower(), found[2])

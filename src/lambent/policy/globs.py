"""Matching with `*` and `?`, in time bounded by text times pattern whatever the pattern.

A pattern is cut at its stars; the pieces between are looked for from left to right, each where it first occurs, which
is right because nothing after a star cares how much the star took. No backtracking: `*a*a*a*b` costs what it says.

In an ARN a star that ends a segment may take colons with it, one within a segment may not ("Using wildcards in resource
ARNs", IAM user guide); behind the fifth colon lies one segment, whose colons are nothing special. Patterns with a star
that is held back, which nobody writes but who means harm, go through an automaton whose states are the bits of a
number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Match = Callable[[str], bool]

# A part of a pattern: text in which `*` and `?` are wildcards, or (True) text that means itself.
Part = tuple[str, bool]

_WILD = re.compile(r"[*?]")
_ARN_SEGMENTS = 6


def everything(_text: str) -> bool:
    return True


def glob(pattern: str) -> Match:
    """A matcher of whole texts."""
    return glob_of([(pattern, False)])


def glob_of(parts: Sequence[Part]) -> Match:
    """As `glob`, for a pattern of which parts mean themselves."""
    return _matcher(_atoms(parts))


def arn_glob(pattern: str) -> Match:
    return arn_glob_of([(pattern, False)])


def arn_glob_of(parts: Sequence[Part]) -> Match:
    """A matcher of ARNs. One with fewer than six segments is completed with stars ("IAM ARNs", IAM user guide)."""
    pattern = "".join(text for text, _ in parts)
    if pattern == "*" and not parts[0][1]:
        return everything
    missing = _ARN_SEGMENTS - 1 - pattern.count(":")
    if missing > 0:
        parts = [*parts, (":*" * missing, False)]
    atoms = _atoms(parts)
    return _automaton(atoms) if _has_held_star(atoms) else _matcher(_held_marks(atoms))


class _Wild:
    """A wildcard in a pattern taken apart."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


_STAR = _Wild("any number of characters")
_ANY = _Wild("one character")
_NO_COLON = _Wild("one character that is no colon")
_Atom = str | _Wild


def _atoms(parts: Sequence[Part]) -> list[_Atom]:
    """Runs of plain characters, and wildcards; stars in a row are one."""
    atoms: list[_Atom] = []
    for text, is_plain in parts:
        pieces = [text] if is_plain else _WILD.split(text)
        wilds = [] if is_plain else _WILD.findall(text)
        for number, piece in enumerate(pieces):
            if piece:
                _add(atoms, piece)
            if number < len(wilds):
                _add(atoms, _STAR if wilds[number] == "*" else _ANY)
    return atoms


def _add(atoms: list[_Atom], atom: _Atom) -> None:
    last = atoms[-1] if atoms else None
    if isinstance(atom, str) and isinstance(last, str):
        atoms[-1] = last + atom
    elif atom is not _STAR or last is not _STAR:
        atoms.append(atom)


def _matcher(atoms: list[_Atom]) -> Match:
    pieces = _pieces(atoms)
    if len(pieces) == 1:
        return _whole(pieces[0])
    if all(_is_plain(piece) for piece in pieces):
        return _plain(["".join(piece) for piece in pieces])  # type: ignore[arg-type] # plain: strings only
    return _mixed(pieces)


def _pieces(atoms: list[_Atom]) -> list[list[_Atom]]:
    """What stands between the stars, what is before the first and what behind the last."""
    pieces: list[list[_Atom]] = [[]]
    for atom in atoms:
        if atom is _STAR:
            pieces.append([])
        else:
            pieces[-1].append(atom)
    return pieces


def _is_plain(piece: list[_Atom]) -> bool:
    return all(isinstance(atom, str) for atom in piece)


def _whole(piece: list[_Atom]) -> Match:
    if _is_plain(piece):
        return "".join(map(str, piece)).__eq__
    pattern = _compiled(piece)
    return lambda text: pattern.fullmatch(text) is not None


def _plain(pieces: list[str]) -> Match:
    first, *middle, last = pieces
    if not middle:
        return _ends(first, last)
    least = sum(map(len, pieces))

    def match(text: str) -> bool:
        if len(text) < least or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return match


def _ends(first: str, last: str) -> Match:
    if not first and not last:
        return everything
    if not last:
        return lambda text: text.startswith(first)
    least = len(first) + len(last)
    return lambda text: len(text) >= least and text.startswith(first) and text.endswith(last)


def _mixed(pieces: list[list[_Atom]]) -> Match:
    first, *middle, last = map(_compiled, pieces)
    last_length = _length(pieces[-1])

    def match(text: str) -> bool:
        found = first.match(text)
        end = len(text) - last_length
        if found is None or end < found.end() or last.fullmatch(text, end) is None:
            return False
        at = found.end()
        for piece in middle:
            found = piece.search(text, at, end)
            if found is None:
                return False
            at = found.end()
        return True

    return match


def _length(piece: list[_Atom]) -> int:
    return sum(len(atom) if isinstance(atom, str) else 1 for atom in piece)


def _compiled(piece: list[_Atom]) -> re.Pattern[str]:
    """A piece has no stars, so this pattern has nothing to go back over."""
    texts = {_ANY: ".", _NO_COLON: "[^:]"}
    pattern = "".join(re.escape(atom) if isinstance(atom, str) else texts[atom] for atom in piece)
    return re.compile(pattern, re.DOTALL)


def _colons_before(atoms: list[_Atom]) -> list[int]:
    """For each atom, how many colons of the pattern stand before it."""
    counts, count = [], 0
    for atom in atoms:
        counts.append(count)
        if isinstance(atom, str):
            count += atom.count(":")
    return counts


def _has_held_star(atoms: list[_Atom]) -> bool:
    """Is there a star that neither ends its segment nor lies behind the fifth colon?"""
    counts = _colons_before(atoms)
    return any(
        atom is _STAR and counts[number] < _ARN_SEGMENTS - 1 and not _ends_segment(atoms, number)
        for number, atom in enumerate(atoms)
    )


def _held_marks(atoms: list[_Atom]) -> list[_Atom]:
    """A question mark before the fifth colon is no colon."""
    counts = _colons_before(atoms)
    return [
        _NO_COLON if atom is _ANY and counts[number] < _ARN_SEGMENTS - 1 else atom
        for number, atom in enumerate(atoms)
    ]


class _Steps:
    """Which steps of a pattern a character takes, as bits."""

    def __init__(self) -> None:
        self.count = 0
        self.signs: dict[str, int] = {}
        self.any = self.any_but_colon = 0
        self.stays = self.stays_but_at_colon = 0

    def add_text(self, text: str) -> None:
        for sign in text:
            self.signs[sign] = self.signs.get(sign, 0) | 1 << self.count
            self.count += 1

    def add_any(self, *, is_front: bool) -> None:
        if is_front:
            self.any_but_colon |= 1 << self.count
        else:
            self.any |= 1 << self.count
        self.count += 1

    def add_star(self, *, is_held: bool) -> None:
        if is_held:
            self.stays_but_at_colon |= 1 << self.count
        else:
            self.stays |= 1 << self.count


def _automaton(atoms: list[_Atom]) -> Match:
    """Bit i of the state: the first i steps of the pattern have been matched. Stars stay at their bit."""
    steps = _Steps()
    counts = _colons_before(atoms)
    for number, atom in enumerate(atoms):
        is_front = counts[number] < _ARN_SEGMENTS - 1
        if isinstance(atom, str):
            steps.add_text(atom)
        elif atom is _STAR:
            steps.add_star(is_held=is_front and not _ends_segment(atoms, number))
        else:
            steps.add_any(is_front=is_front)
    accepted = 1 << steps.count

    def match(text: str) -> bool:
        state = 1
        for sign in text:
            step, stay = steps.signs.get(sign, 0) | steps.any, steps.stays
            if sign != ":":
                step, stay = step | steps.any_but_colon, stay | steps.stays_but_at_colon
            state = ((state & step) << 1) | (state & stay)
            if not state:
                return False
        return bool(state & accepted)

    return match


def _ends_segment(atoms: list[_Atom], number: int) -> bool:
    if number + 1 == len(atoms):
        return True
    following = atoms[number + 1]
    return isinstance(following, str) and following.startswith(":")

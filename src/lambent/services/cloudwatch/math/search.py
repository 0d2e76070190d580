"""The language of SEARCH ("CloudWatch search expression syntax", user guide): `{AWS/Lambda,FunctionName} Errors`.

A schema in braces asks for a namespace and exactly these dimensions; a comma may follow it. A bare term is found in any
part of a metric, by whole words; `property=term` in that one; in quotes the text has to be the whole. "Partial match
searches to match a single token are case insensitive ... To match a composite token, the search is case sensitive."
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.services.cloudwatch.math.syntax import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.cloudwatch.store import MetricKey

    Test = Callable[[MetricKey], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<schema>\{[^}]*\})\s*,?|(?P<sign>[()=])|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<word>[^\s(){}="]+))""",
    re.VERBOSE,
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def compile_search(text: str) -> Test:
    """A test of metrics.

    Raises:
        Malformed: it cannot be read.
    """
    parser = _Parser(text)
    test = parser.alternatives()
    parser.end()
    return test


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise Malformed(f"unexpected character '{text[position]}' in a search")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise Malformed(f"unexpected '{self._tokens[self._at][1]}' in a search")

    def alternatives(self) -> Test:
        tests = [self._all()]
        while self._word("OR"):
            tests.append(self._all())
        return lambda key: any(test(key) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._goes_on():
            self._word("AND")
            tests.append(self._one())
        return lambda key: all(test(key) for test in tests)

    def _goes_on(self) -> bool:
        if self._at == len(self._tokens):
            return False
        return self._tokens[self._at] not in {("sign", ")"), ("word", "OR")}

    def _one(self) -> Test:
        if self._word("NOT"):
            test = self._one()
            return lambda key: not test(key)
        kind, text = self._next()
        if kind == "schema":
            return _schema(text)
        if (kind, text) == ("sign", "("):
            test = self.alternatives()
            if self._next() != ("sign", ")"):
                raise Malformed("')' is missing in a search")
            return test
        if kind == "sign":
            raise Malformed(f"unexpected '{text}' in a search")
        if self._at < len(self._tokens) and self._tokens[self._at] == ("sign", "="):
            self._at += 1
            return self._property(text.strip('"'))
        return _anywhere(_matcher(kind, text))

    def _property(self, name: str) -> Test:
        kind, text = self._next()
        if (kind, text) == ("sign", "("):  # name=(a OR b)
            matchers = [_matcher(*self._next())]
            while self._word("OR"):
                matchers.append(_matcher(*self._next()))
            if self._next() != ("sign", ")"):
                raise Malformed("')' is missing in a search")
        else:
            matchers = [_matcher(kind, text)]
        return lambda key: any(
            matches(value) for value in _parts(key, name) for matches in matchers
        )

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise Malformed("a search ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("word", word):
            self._at += 1
            return True
        return False


def _schema(text: str) -> Test:
    names = [each.strip().strip('"') for each in text[1:-1].split(",")]
    namespace, dimensions = names[0], set(names[1:])

    def test(key: MetricKey) -> bool:
        return key.namespace == namespace and {name for name, _ in key.dimensions} == dimensions

    return test


def _matcher(kind: str, text: str) -> Callable[[str], bool]:
    if kind == "quoted":
        whole = re.sub(r"\\(.)", r"\1", text[1:-1])
        return lambda value: value == whole
    if kind != "word":
        raise Malformed(f"unexpected '{text}' in a search")
    # Words that stand together, `CustomCount`, are looked for as they are written, `custom-count` in any case.
    runs = [_WORDS.findall(run) for run in re.findall(r"[A-Za-z0-9]+", text)]
    words = [(word, len(run) > 1) for run in runs for word in run]
    return lambda value: _follow(words, _WORDS.findall(value))


def _follow(words: list[tuple[str, bool]], found: list[str]) -> bool:
    """Whether the words, some of which have to be as they are written, stand there one after the other. A text without
    words is found nowhere.
    """
    return bool(words) and any(
        all(
            _is(word, is_exact, found[at + number]) for number, (word, is_exact) in enumerate(words)
        )
        for at in range(len(found) - len(words) + 1)
    )


def _is(word: str, is_exact: bool, found: str) -> bool:
    return word == found or (not is_exact and word.lower() == found.lower())


def _anywhere(matches: Callable[[str], bool]) -> Test:
    def test(key: MetricKey) -> bool:
        parts = [key.namespace, key.name, *(part for pair in key.dimensions for part in pair)]
        return any(matches(part) for part in parts)

    return test


def _parts(key: MetricKey, name: str) -> list[str]:
    if name.lower() == "metricname":
        return [key.name]
    if name.lower() == "namespace":
        return [key.namespace]
    if name.lower() == ":aws.accountid":
        return [key.account_id]
    return [value for each, value in key.dimensions if each.lower() == name.lower()]

"""Rules of composite alarms: `ALARM("cpu") AND NOT OK(disk)` (PutCompositeAlarm, AlarmRule; "Composite alarms", user
guide, has AT_LEAST, too)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Test = Callable[[Mapping[str, str]], "Outcome"]

# "An alarm rule expression can have ... up to 100 elements".
MOST_ELEMENTS = 500
_DEEPEST = 50
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>[(),])|(?P<word>[^\s(),"']+))"""
)
_AT_LEAST = re.compile(r"(\d{1,9})(%?)")
_WANTED = ", must be: '(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA"
_STATES = {"ALARM": "ALARM", "OK": "OK", "INSUFFICIENT_DATA": "INSUFFICIENT_DATA"}


class Malformed(Exception):
    """It cannot be read. The text says why."""


class Outcome(NamedTuple):
    """Whether a rule holds, by the states of alarms. `causes`: the alarms that make it so; one of them must move before
    it turns over."""

    holds: bool
    causes: frozenset[str]


class Rule(NamedTuple):
    """`children`: the names of the alarms that it is about."""

    test: Test
    children: frozenset[str]


def compile_rule(text: str) -> Rule:
    """Raises Malformed."""
    parser = _Parser(text)
    test = parser.alternatives(0)
    parser.end()
    return Rule(test, frozenset(parser.children))


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._places: list[int] = []
        self.children: set[str] = set()
        text, position = text.rstrip(), 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise Malformed(f"unexpected character at position {position}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            self._places.append(match.start(match.lastgroup))
            position = match.end()
        if len(self._tokens) > MOST_ELEMENTS * 4:
            raise Malformed("it has too many elements")
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._unsupported(self._at)

    def alternatives(self, depth: int) -> Test:
        tests = [self._all(depth)]
        while self._word("OR"):
            tests.append(self._all(depth))
        return lambda states: _either(tests, states)

    def _all(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._word("AND"):
            tests.append(self._one(depth))
        return lambda states: _both(tests, states)

    def _one(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise Malformed("it is nested too deeply")
        if self._word("NOT"):
            return _turned(self._one(depth + 1))
        for word, value in (("TRUE", True), ("FALSE", False)):
            if self._word(word):
                return _always(value)
        kind, text = self._next()
        if (kind, text) == ("sign", "("):
            test = self.alternatives(depth + 1)
            self._expect(")")
            return test
        if (kind, text) == ("word", "AT_LEAST"):
            return self._at_least()
        state = _STATES.get(text) if kind == "word" else None
        if state is None:
            wanted = _WANTED if kind == "word" else ""
            raise self._unsupported(self._at - 1, wanted)
        return self._state(state)

    def _state(self, state: str) -> Test:
        self._expect("(")
        name = self._name()
        self._expect(")")
        return _in_state(name, state)

    def _at_least(self) -> Test:
        """`AT_LEAST(50%, NOT OK, (a, b))`"""
        self._expect("(")
        found = _AT_LEAST.fullmatch(self._next()[1].strip("\"'"))
        if found is None:
            raise self._unsupported(self._at - 1)
        self._expect(",")
        turned = self._word("NOT")
        state = _STATES.get(self._next()[1])
        if state is None:
            raise self._unsupported(self._at - 1)
        self._expect(",")
        self._expect("(")
        names = [self._name()]
        while self._sign(","):
            names.append(self._name())
        self._expect(")")
        self._expect(")")
        tests = [_in_state(name, state) for name in names]
        if turned:
            tests = [_turned(test) for test in tests]
        number = int(found[1])
        return _enough(tests, number * len(tests) / 100 if found[2] else number)

    def _name(self) -> str:
        kind, text = self._next()
        if kind == "sign":
            raise Malformed("the name of an alarm is missing")
        name = re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "quoted" else text
        if name.startswith("arn:"):
            name = name.split(":", 6)[-1]
        self.children.add(name)
        return name

    def _unsupported(self, at: int, wanted: str = "") -> Malformed:
        return Malformed(
            f"Unsupported token '{self._tokens[at][1]}' at char {self._places[at]}{wanted}"
        )

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise Malformed("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        if self._next() != ("sign", sign):
            raise Malformed(f"'{sign}' is missing")

    def _word(self, word: str) -> bool:
        return self._comes(("word", word))

    def _sign(self, sign: str) -> bool:
        return self._comes(("sign", sign))

    def _comes(self, token: tuple[str, str]) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False


def _in_state(name: str, state: str) -> Test:
    return lambda states: Outcome(states.get(name) == state, frozenset((name,)))


def _enough(tests: list[Test], number: float) -> Test:
    def enough(states: Mapping[str, str]) -> Outcome:
        outcomes = [test(states) for test in tests]
        return _joined(outcomes, sum(each.holds for each in outcomes) >= number)

    return enough


def _either(tests: list[Test], states: Mapping[str, str]) -> Outcome:
    outcomes = [test(states) for test in tests]
    return _joined(outcomes, any(each.holds for each in outcomes))


def _both(tests: list[Test], states: Mapping[str, str]) -> Outcome:
    outcomes = [test(states) for test in tests]
    return _joined(outcomes, all(each.holds for each in outcomes))


def _joined(outcomes: list[Outcome], holds: bool) -> Outcome:
    """The parts that come out as the whole does are why it does."""
    speaking = [each.causes for each in outcomes if each.holds is holds]
    return Outcome(holds, frozenset().union(*speaking))


def _turned(test: Test) -> Test:
    def turned(states: Mapping[str, str]) -> Outcome:
        holds, causes = test(states)
        return Outcome(not holds, causes)

    return turned


def _always(holds: bool) -> Test:
    return lambda _: Outcome(holds, frozenset())

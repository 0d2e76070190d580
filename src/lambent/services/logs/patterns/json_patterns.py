"""JSON patterns: `{ $.status = 500 && ($.path = "/a*" || $.user.name NOT EXISTS) }`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.logs.patterns.invalid import PatternInvalid
from lambent.services.logs.patterns.scanner import Scanner
from lambent.services.logs.patterns.values import comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Test = Callable[[Any], bool]

_BARE = re.compile(r'[^\s()&|{}"%=<>!]+')
_STEP = re.compile(
    r"""\.?(?:\[\s*(?:(?P<index>\d+)|(?P<every>\*)|['"](?P<quoted>[^'"]+)['"])\s*\])"""
    r"""|\.(?P<name>[A-Za-z0-9_@\-]+)|\.(?P<any>\*)"""
)
# "You can use up to 2 regex in a pattern" (quotas of regular expressions).
MAX_REGEXES = 2
# "One wildcard selector for each property selector ... up to three ... in compound expressions" (JSON selectors).
MAX_WILDCARDS = 3


@dataclass(frozen=True, slots=True)
class Selector:
    """`$.a.b[0]`: `steps` are names, numbers, or None for every member."""

    text: str
    steps: tuple[str | int | None, ...]

    def values(self, document: Any) -> list[Any]:
        """What it finds; nothing where the way ends."""
        found = [document]
        for step in self.steps:
            found = [inner for each in found for inner in _step(each, step)]
        return found


@dataclass(frozen=True, slots=True)
class JsonPattern:
    test: Test
    selectors: tuple[Selector, ...]
    has_regex: bool

    def matches(self, message: str) -> bool:
        document = parsed(message)
        return document is not None and self.test(document)

    def extract(self, message: str) -> Mapping[str, str] | None:
        document = parsed(message)
        if document is None or not self.test(document):
            return None
        found = {each.text: each.values(document) for each in self.selectors}
        return {name: text_of(values[0]) for name, values in found.items() if values}


def compile_json(text: str) -> JsonPattern:
    """What stands between the braces. Raises PatternInvalid."""
    scanner = Scanner(text)
    selectors: dict[str, Selector] = {}

    def one() -> Test:
        selector = read_selector(scanner)
        selectors[selector.text] = selector
        return _test(scanner, selector)

    test = scanner.disjunction(one, _join)
    if not scanner.is_at_end or scanner.regexes > MAX_REGEXES:
        raise PatternInvalid
    if sum(selector.steps.count(None) for selector in selectors.values()) > MAX_WILDCARDS:
        raise PatternInvalid
    return JsonPattern(test, tuple(selectors.values()), bool(scanner.regexes))


def read_selector(scanner: Scanner) -> Selector:
    """Raises PatternInvalid."""
    scanner.expect("$")
    text = "$"
    steps: list[str | int | None] = []
    while match := scanner.match(_STEP):
        text += match[0]
        if match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            steps.append(match["quoted"] or match["name"])
    if not steps or steps.count(None) > 1:
        raise PatternInvalid
    return Selector(text, tuple(steps))


def selector_of(text: str) -> Selector:
    """One that stands alone (`metricValue`, dimensions). Raises PatternInvalid."""
    scanner = Scanner(text)
    selector = read_selector(scanner)
    if not scanner.is_at_end:
        raise PatternInvalid
    return selector


def parsed(message: str) -> Any | None:
    """The object or array that a message is; None for any other."""
    if message.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return orjson.loads(message)
    except orjson.JSONDecodeError:
        return None


def text_of(value: Any) -> str:
    """A value of JSON as a text."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _test(scanner: Scanner, selector: Selector) -> Test:
    if scanner.word("NOT", "EXISTS"):
        return lambda document: not selector.values(document)
    if scanner.word("IS", "NULL"):
        return lambda document: any(each is None for each in selector.values(document))
    for word, wanted in (("TRUE", True), ("FALSE", False)):
        if scanner.word("IS", word):
            return lambda document, wanted=wanted: any(  # type: ignore[misc]
                each is wanted for each in selector.values(document)
            )
    operator = scanner.operator()
    if operator is None:
        raise PatternInvalid
    holds = comparison(operator, scanner.literal(_BARE)).holds
    return lambda document: any(holds(each) for each in selector.values(document))


def _join(symbol: str, tests: list[Test]) -> Test:
    every = all if symbol == "&&" else any
    return lambda document: every(test(document) for test in tests)


def _step(value: Any, step: str | int | None) -> list[Any]:
    if step is None:
        if isinstance(value, dict):
            return list(value.values())
        return value if isinstance(value, list) else []
    if isinstance(step, int):
        return [value[step]] if isinstance(value, list) and step < len(value) else []
    return [value[step]] if isinstance(value, dict) and step in value else []

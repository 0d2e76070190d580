"""Filter patterns: what they are compiled to, and which of the forms a text is in.

    ERROR -"exit code"              terms (terms.py)
    { $.status = 500 && ... }       JSON (json_patterns.py)
    [ip, user, ..., status=4*]      space-delimited (delimited.py)
    %[45]\\d\\d%                      a regular expression, alone or as a value in the others (values.py)

Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" (CloudWatch
Logs user guide). Matching is case-sensitive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lambent.services.logs.errors import InvalidParameter
from lambent.services.logs.patterns.delimited import compile_delimited
from lambent.services.logs.patterns.invalid import INVALID, PatternInvalid
from lambent.services.logs.patterns.json_patterns import compile_json
from lambent.services.logs.patterns.terms import compile_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Pattern(Protocol):
    """A compiled filter pattern. One with a regular expression may take for ever: match it where it can be killed."""

    @property
    def has_regex(self) -> bool: ...

    def matches(self, message: str) -> bool: ...

    def extract(self, message: str) -> Mapping[str, str] | None:
        """The values of the fields that the pattern names (`$.x`, `$name`); None where it does not match."""
        ...


_FORMS: tuple[tuple[str, str, Callable[[str], Pattern]], ...] = (
    ("{", "}", compile_json),
    ("[", "]", compile_delimited),
)


def compile_pattern(text: str) -> Pattern:
    """Raises InvalidParameter."""
    try:
        return _compile(text.strip())
    except PatternInvalid as problem:
        raise InvalidParameter(str(problem)) from problem
    except RecursionError as problem:
        raise InvalidParameter(INVALID) from problem


def compile_metric_pattern(text: str) -> Pattern:
    """The same, in the words of metric filters."""
    try:
        return compile_pattern(text)
    except InvalidParameter as problem:
        if str(problem) == INVALID:
            raise InvalidParameter("Invalid metric filter pattern") from None
        raise


def _compile(text: str) -> Pattern:
    for opening, closing, compile_form in _FORMS:
        if text.startswith(opening):
            if not text.endswith(closing):
                raise PatternInvalid(
                    f"If a filter pattern starts with '{opening}' it must end with '{closing}'"
                )
            return compile_form(text[1:-1])
    return compile_terms(text)

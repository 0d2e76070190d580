"""Mapping of parameters: where a value comes from, and which names it goes to.

"Request and response data mapping reference" (API Gateway developer guide).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.context_text import look_up, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.services.apigateway.data_plane.exchange import Multi


@dataclass(frozen=True, slots=True)
class Sources:
    """What expressions of one side may name.

    Attributes:
        prefix: `method.request` or `integration.response`.
        headers: by name in lower case.
    """

    prefix: str
    headers: Multi
    query: Multi
    path: Mapping[str, str]
    body: str
    context: Mapping[str, Any]
    stage_variables: Mapping[str, str]

    def values(self, expression: str) -> list[str]:
        """The values that an expression stands for; none where there is nothing."""
        if len(expression) > 1 and expression[0] == expression[-1] == "'":
            return [expression[1:-1]]
        scope, _, name = expression.partition(".")
        if scope == "context":
            found = look_up(self.context, name)
            return [] if found is None else [found]
        if scope == "stageVariables":
            value = self.stage_variables.get(name)
            return [] if value is None else [value]
        rest = expression.removeprefix(f"{self.prefix}.")
        if rest == expression:
            return []
        place, _, name = rest.partition(".")
        return self._named(place, name)

    def _named(self, place: str, name: str) -> list[str]:
        if place in {"header", "multivalueheader"}:
            values = self.headers.get(name.lower(), [])
        elif place in {"querystring", "multivaluequerystring"}:
            values = self.query.get(name, [])
        elif place == "path":
            values = [self.path[name]] if name in self.path else []
        elif place == "body":
            return self._of_body(name)
        else:
            return []
        return values if place.startswith("multivalue") else values[-1:]

    def _of_body(self, path: str) -> list[str]:
        """The body, or a member of it by the simple form of JSON path: names and numbers."""
        if not path:
            return [self.body] if self.body else []
        try:
            value: Any = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return []
        for step in path.replace("[", ".").replace("]", "").split("."):
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return []
        return [] if value is None else [text_of(value)]


def lowered(values: Multi) -> Multi:
    """Headers by lower-case name."""
    return {name.lower(): each for name, each in values.items()}

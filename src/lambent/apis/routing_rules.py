"""Routing rules of custom domain names: which API a request is for, by its headers and the beginning of its path.

"Routing rules to connect API stages to a custom domain name for REST APIs" (developer guide): the lowest priority is
asked first, all conditions of a rule must hold, and a rule without conditions takes everything. Names of headers have
no case, their values and paths have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.http import Headers


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """A rule as requests are held against it.

    Attributes:
        headers: for each condition the name, in lower case, and the pattern of each header of which one must be there.
        base_paths: for each condition the paths of which the request's must begin with one.
        strips_base_path: the API does not see that beginning.
    """

    id: str
    priority: int
    headers: tuple[tuple[tuple[str, str], ...], ...]
    base_paths: tuple[tuple[str, ...], ...]
    api_id: str
    stage: str
    strips_base_path: bool

    def match(self, path: str, headers: Headers) -> str | None:
        """The base path that the request has, "" where none is asked for; None where the rule is not for it."""
        for choices in self.headers:
            if not any(_has(headers, *choice) for choice in choices):
                return None
        found = ""
        for paths in self.base_paths:
            fitting = [each for each in paths if f"{path}/".startswith(f"/{each}/")]
            if not fitting:
                return None
            found = max(fitting, key=len)
        return found


def rule_of(document: Mapping[str, Any]) -> RoutingRule:
    """Of a rule as the API's operations answer it."""
    [action] = document["Actions"]
    target = action["InvokeApi"]
    conditions = document["Conditions"]
    return RoutingRule(
        document["RoutingRuleId"],
        document["Priority"],
        tuple(
            tuple((o["Header"].lower(), o["ValueGlob"]) for o in each["MatchHeaders"]["AnyOf"])
            for each in conditions
            if "MatchHeaders" in each
        ),
        tuple(
            tuple(path.strip("/") for path in each["MatchBasePaths"]["AnyOf"])
            for each in conditions
            if "MatchBasePaths" in each
        ),
        target["ApiId"],
        target["Stage"],
        bool(target.get("StripBasePath")),
    )


def _has(headers: Headers, name: str, pattern: str) -> bool:
    return any(_fits(value, pattern) for value in headers.getall(name))


def _fits(value: str, pattern: str) -> bool:
    """`prefix*`, `*suffix`, `*contained*`, or the whole."""
    text = pattern.strip("*")
    begins, ends = pattern.endswith("*"), pattern.startswith("*")
    if begins and ends:
        return text in value
    if begins:
        return value.startswith(text)
    return value.endswith(text) if ends else value == pattern

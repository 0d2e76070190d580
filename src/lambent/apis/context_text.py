"""Texts with `$context` and `$stageVariables` in them: formats of access logs, templates of gateway responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$!?(\{)?(context|stageVariables)\.([A-Za-z0-9_.]*[A-Za-z0-9_])(?(1)\})")


def filled(
    template: str,
    context: Mapping[str, Any],
    stage_variables: Mapping[str, str],
    missing: str = "",
) -> str:
    """A template with its variables replaced; those that mean nothing become `missing`."""

    def value(match: re.Match[str]) -> str:
        if match[2] == "context":
            found = look_up(context, match[3])
            return missing if found is None else found
        return stage_variables.get(match[3], missing)

    return _VARIABLE.sub(value, template)


def look_up(context: Any, path: str) -> str | None:
    """`identity.sourceIp` in a context, as text; None where there is nothing."""
    if path == "authorizer.claims":  # "Calling $context.authorizer.claims returns null."
        return None
    value = context
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return None if value is None else text_of(value)


def text_of(value: object) -> str:
    """A value as text: JSON but for texts themselves. What nests deeper than can be written is as good as nothing."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return ""

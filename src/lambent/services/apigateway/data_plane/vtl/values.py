"""Values of templates: Java's, as far as templates can tell.

Texts, numbers, booleans, lists and maps are Python's; what differs is how they print, which methods they have, and what
counts as true ("any other value than null and false", Velocity 1.7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.apigateway.data_plane.vtl.faults import TemplateFault

if TYPE_CHECKING:
    from collections.abc import Callable

    Method = Callable[..., Any]


class JsonArray(list[Any]):
    """A list that came out of JSON, and prints as it."""


class Overrides(dict[str, Any]):
    """What a template may set once: "An override may only be applied to each parameter once." What a template before
    it has set may be set again.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        dict.__init__(self, given)
        self._set: set[str] = set()

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._set:
            raise TemplateFault(f"{name} is overridden twice")
        if not isinstance(value, dict):
            self._set.add(name)
        dict.__setitem__(self, name, value)


class Entry:
    """One entry of a map's `entrySet()`."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value


class Native:
    """An object of ours that templates may ask: `$input`, `$util`. Only what its tables name can be reached."""

    methods: dict[str, Method]
    properties: dict[str, Any]


def of_json(value: Any) -> Any:
    """A parsed JSON document as a template sees it."""
    if isinstance(value, list):
        return JsonArray(of_json(each) for each in value)
    if isinstance(value, dict):
        return {name: of_json(each) for name, each in value.items()}
    return value


def is_true(value: Any) -> bool:
    return value is not None and value is not False


def text(value: Any) -> str:
    """A value as it prints."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (bool, JsonArray)):
        return json_text(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(k)}={text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (int, float)):
        return str(value)
    return f"{text(value.key)}={text(value.value)}" if isinstance(value, Entry) else ""


def json_text(value: Any) -> str:
    """A value as JSON."""
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=_plain).decode()
    except TypeError as error:
        raise TemplateFault(f"a value cannot be written as JSON: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return list(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, Entry):
        return {"key": value.key, "value": value.value}
    raise TypeError(type(value).__name__)


def equal(left: Any, right: Any) -> bool:
    """Values of different kinds are compared as they print."""
    if type(left) is type(right) or left is None or right is None:
        return bool(left == right)
    if isinstance(left, bool) or isinstance(right, bool):
        return text(left) == text(right)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return text(left) == text(right)

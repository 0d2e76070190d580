"""The methods of Java's String, List, Map and numbers that templates use. What is not in a table cannot be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import regex

from lambent.services.apigateway.data_plane.vtl.faults import TemplateFault
from lambent.services.apigateway.data_plane.vtl.values import Entry, JsonArray, Native, equal, text

if TYPE_CHECKING:
    from collections.abc import Callable

    Method = Callable[..., Any]

# A text or list that methods make: far over what an answer may be.
_LIMIT = 32 << 20


def method_of(value: Any, name: str) -> Method | None:
    """A method bound to its value."""
    if isinstance(value, Native):
        return value.methods.get(name)
    table = _table(value)
    found = table.get(name) or _COMMON.get(name)
    if found is None:
        return None
    return lambda *arguments: found(value, *arguments)


def property_of(value: Any, name: str) -> Any:
    """`$value.name`."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, Native):
        return value.properties.get(name)
    if isinstance(value, Entry):
        return {"key": value.key, "value": value.value}.get(name)
    return None


def item_of(value: Any, index: Any) -> Any:
    """`$value[index]`; null where there is none."""
    if isinstance(value, list):
        if isinstance(index, int) and -len(value) <= index < len(value):
            return value[index]
        return None
    if isinstance(value, dict):
        return value.get(index)
    return None


def _table(value: Any) -> dict[str, Method]:
    if isinstance(value, str):
        return _TEXT
    if isinstance(value, list):
        return _LIST
    if isinstance(value, dict):
        return _MAP
    if isinstance(value, Entry):
        return _ENTRY
    return _NUMBER if isinstance(value, (int, float)) else {}


def _pattern(pattern: str) -> Any:
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise TemplateFault(f"the pattern {pattern!r} cannot be read: {error}") from None


def _replacement(given: str) -> Callable[[Any], str]:
    """Java writes `$1` for a group, and `\\$` for a dollar sign."""

    def replaced(match: Any) -> str:
        out, at = [], 0
        while at < len(given):
            char = given[at]
            if char == "\\" and at + 1 < len(given):
                at += 1
                out.append(given[at])
            elif char == "$" and at + 1 < len(given) and given[at + 1].isdecimal():
                at += 1
                out.append(match.group(int(given[at])) or "")
            else:
                out.append(char)
            at += 1
        return "".join(out)

    return replaced


def _replace_all(self: str, pattern: str, replacement: str) -> str:
    return str(_pattern(pattern).sub(_replacement(replacement), self))


def _replace_first(self: str, pattern: str, replacement: str) -> str:
    return str(_pattern(pattern).sub(_replacement(replacement), self, count=1))


def _replace(self: str, old: str, new: str) -> str:
    if len(new) * (self.count(old) if old else len(self) + 1) > _LIMIT:
        raise TemplateFault("a text grows too large")
    return self.replace(old, new)


def _split(self: str, pattern: str, limit: int = 0) -> list[str]:
    parts = [part or "" for part in _pattern(pattern).split(self, maxsplit=max(limit - 1, 0))]
    while not limit and parts and not parts[-1]:
        parts.pop()
    return parts


def _substring(self: str, begin: int, end: int | None = None) -> str:
    end = len(self) if end is None else end
    if not 0 <= begin <= end <= len(self):
        raise TemplateFault("substring: begin and end are not within the text")
    return self[begin:end]


def _add(self: list[Any], *arguments: Any) -> bool:
    if len(arguments) == 2:
        self.insert(arguments[0], arguments[1])
    else:
        self.append(arguments[0])
    return True


def _add_all(self: list[Any], more: list[Any]) -> bool:
    if len(self) + len(more) > _LIMIT >> 4:
        raise TemplateFault("a list grows too large")
    self.extend(list(more))
    return bool(more)


def _set(self: list[Any], index: int, value: Any) -> Any:
    before, self[index] = self[index], value
    return before


def _remove(self: list[Any], what: Any) -> Any:
    if isinstance(what, int) and not isinstance(what, bool):
        return self.pop(what)
    if what in self:
        self.remove(what)
        return True
    return False


def _put(self: dict[Any, Any], key: Any, value: Any) -> Any:
    before = self.get(key)
    self[key] = value
    return before


def _put_all(self: dict[Any, Any], more: dict[Any, Any]) -> None:
    self.update(more)


_COMMON: dict[str, Method] = {
    "toString": text,
    "equals": equal,
}
_TEXT: dict[str, Method] = {
    "charAt": lambda self, at: self[at],
    "compareTo": lambda self, other: (self > other) - (self < other),
    "concat": lambda self, other: self + other,
    "contains": lambda self, other: other in self,
    "endsWith": lambda self, other: self.endswith(other),
    "equalsIgnoreCase": lambda self, other: self.lower() == text(other).lower(),
    "indexOf": lambda self, other, *at: self.find(other, *at),
    "isEmpty": lambda self: not self,
    "lastIndexOf": lambda self, other: self.rfind(other),
    "length": len,
    "matches": lambda self, pattern: _pattern(pattern).fullmatch(self) is not None,
    "replace": _replace,
    "replaceAll": _replace_all,
    "replaceFirst": _replace_first,
    "split": _split,
    "startsWith": lambda self, other: self.startswith(other),
    "substring": _substring,
    "toLowerCase": lambda self: self.lower(),
    "toUpperCase": lambda self: self.upper(),
    "trim": lambda self: self.strip(),
}
_LIST: dict[str, Method] = {
    "add": _add,
    "addAll": _add_all,
    "clear": lambda self: self.clear(),
    "contains": lambda self, value: value in self,
    "get": lambda self, index: self[index],
    "indexOf": lambda self, value: self.index(value) if value in self else -1,
    "isEmpty": lambda self: not self,
    "remove": _remove,
    "set": _set,
    "size": len,
    "subList": lambda self, begin, end: self[begin:end],
}
_MAP: dict[str, Method] = {
    "clear": lambda self: self.clear(),
    "containsKey": lambda self, key: key in self,
    "containsValue": lambda self, value: value in self.values(),
    "entrySet": lambda self: [Entry(key, value) for key, value in self.items()],
    "get": lambda self, key: self.get(key),
    "getOrDefault": lambda self, key, other: self.get(key, other),
    "isEmpty": lambda self: not self,
    "keySet": list,
    "put": _put,
    "putAll": _put_all,
    "putIfAbsent": lambda self, key, value: self.setdefault(key, value),
    "remove": lambda self, key: self.pop(key, None),
    "size": len,
    "values": lambda self: JsonArray(self.values()),
}
_ENTRY: dict[str, Method] = {
    "getKey": lambda self: self.key,
    "getValue": lambda self: self.value,
}
_NUMBER: dict[str, Method] = {
    "doubleValue": float,
    "intValue": int,
    "longValue": int,
}

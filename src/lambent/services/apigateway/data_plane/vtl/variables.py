"""`$input` and `$util` ("Mapping template and access logging variable reference", API Gateway developer guide)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote_plus

import jsonpath

from lambent.apis.json_text import parse_json
from lambent.services.apigateway.data_plane.vtl.faults import TemplateFault
from lambent.services.apigateway.data_plane.vtl.values import Native, json_text, of_json, text

if TYPE_CHECKING:
    from collections.abc import Mapping

# `$`, `$.a.b[0]['c d']`: what nearly all paths are.
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_MISSING = object()
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "'": "\\'",
    "/": "\\/",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


class Input(Native):
    """`$input`. The body is parsed when a template first asks for a part of it."""

    def __init__(self, body: str, params: Mapping[str, dict[str, str]]) -> None:
        self._body = body
        self._params = params
        self._document: Any = _MISSING
        self.methods = {
            "body": lambda: body,
            "json": self._json,
            "params": self._param,
            "path": self._path,
        }
        self.properties = {"body": body}

    def _param(self, name: str | None = None) -> Any:
        if name is None:
            return {kind: dict(values) for kind, values in self._params.items()}
        for kind in ("path", "querystring", "header"):
            if name in self._params[kind]:
                return self._params[kind][name]
        lower = name.lower()
        for header, value in self._params["header"].items():
            if header.lower() == lower:
                return value
        return ""

    def _json(self, path: str) -> str:
        return json_text(self._path(path))

    def _path(self, path: str) -> Any:
        """Nothing found is an empty text."""
        found = select(self._parsed(), path)
        return "" if found is _MISSING else found

    def _parsed(self) -> Any:
        if self._document is _MISSING:
            try:
                self._document = of_json(parse_json(self._body)) if self._body.strip() else {}
            except ValueError as error:
                raise TemplateFault(f"the body is no JSON: {error}", True) from None
        return self._document


class Util(Native):
    """`$util`."""

    def __init__(self) -> None:
        self.properties = {}
        self.methods = {
            "base64Decode": _base64_decode,
            "base64Encode": lambda value: base64.b64encode(text(value).encode()).decode(),
            "escapeJavaScript": escape_java_script,
            "parseJson": _parse_json,
            "urlDecode": lambda value: unquote_plus(text(value)),
            "urlEncode": lambda value: quote_plus(text(value), safe="*-._"),
        }


def select(document: Any, path: str) -> Any:
    """What a JSON path finds: a value, or a list where it may find several; `_MISSING` where it finds nothing."""
    value, at = document, 1
    if not path.startswith("$"):
        path = f"$.{path}"
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return _selected(document, path)
        value = _step(value, step)
        if value is _MISSING:
            return value
        at = step.end()
    return value


def _step(value: Any, step: re.Match[str]) -> Any:
    name, index, quoted, double_quoted = step.groups()
    if index is not None:
        is_there = isinstance(value, list) and int(index) < len(value)
        return value[int(index)] if is_there else _MISSING
    key = next(each for each in (name, quoted, double_quoted) if each is not None)
    return value.get(key, _MISSING) if isinstance(value, dict) else _MISSING


def _selected(document: Any, path: str) -> Any:
    try:
        query = jsonpath.compile(path)
        found = query.findall(document)
    except jsonpath.JSONPathError as error:
        raise TemplateFault(f"the JSON path {path!r} cannot be used: {error}") from None
    return of_json(list(found))


def escape_java_script(value: Any) -> str:
    """As Java's StringEscapeUtils does it: what is not ASCII becomes `\\uXXXX`."""
    out = []
    for char in text(value):
        escaped = _ESCAPES.get(char)
        if escaped is not None:
            out.append(escaped)
        elif " " <= char <= "~":
            out.append(char)
        else:
            units = char.encode("utf-16-be", "surrogatepass").hex().upper()
            out += [f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)]
    return "".join(out)


def _base64_decode(value: Any) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode(errors="replace")
    except binascii.Error:
        raise TemplateFault("base64Decode: the text is not base64") from None


def _parse_json(value: Any) -> Any:
    try:
        return of_json(parse_json(text(value)))
    except ValueError as error:
        raise TemplateFault(f"parseJson: {error}") from None

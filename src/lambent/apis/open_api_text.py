"""From bytes to an OpenAPI document: JSON or YAML, of either version.

YAML may name a part and use it many times, so that a small text becomes an endless document: what is read is copied to
plain JSON values, and counted on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from lambent.apis.errors import BadRequest
from lambent.apis.json_text import MAX_DEPTH, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

# "OpenAPI definition: 6 MB" (API Gateway quotas).
MAX_BYTES = 6 * 1024 * 1024
# A document of 6 MB in JSON has fewer values than this.
MAX_VALUES = 1_000_000


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # untyped
    """Texts that look like dates stay texts, as in JSON. Merges (`<<`) copy what they merge: they are counted, too."""

    merged = 0

    def flatten_mapping(self, node: Any) -> None:
        super().flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > MAX_VALUES:
            raise BadRequest("API definition has too many values")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_document(body: bytes) -> dict[str, Any]:
    """The document. Raises BadRequest where it is not one; takes seconds for megabytes of YAML."""
    if len(body) > MAX_BYTES:
        raise BadRequest("API definition exceeds maximum allowed size of 6291456 bytes")
    document = _parse(body)
    if not isinstance(document, dict):
        raise BadRequest("Invalid OpenAPI input.")
    version = str(document.get("swagger", document.get("openapi", "")))
    if "swagger" in document and version != "2.0":
        raise BadRequest(f"Unsupported Swagger version: {version}")
    if "swagger" not in document and not version.startswith("3.0"):
        raise BadRequest("Invalid OpenAPI input.")
    return document


def is_swagger(document: dict[str, Any]) -> bool:
    """Version 2.0, not 3.0."""
    return "swagger" in document


def _parse(body: bytes) -> Any:
    try:
        return parse_json(body)
    except ValueError:
        pass
    if body.lstrip()[:1] == b"{":
        raise BadRequest("Unable to parse API definition because of a malformed JSON document")
    try:
        # `_Loader` is a SafeLoader: it makes plain values and nothing else.
        document = yaml.load(body.decode(), Loader=_Loader)  # noqa: S506
        return _plain(document, _budget(), 0)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise BadRequest(
            "Unable to parse API definition because of a malformed YAML document"
        ) from None


def _budget() -> Iterator[None]:
    for _ in range(MAX_VALUES):
        yield
    raise BadRequest("API definition has too many values")


def _plain(value: Any, budget: Iterator[None], depth: int) -> Any:
    """A copy in which nothing is shared, with texts for keys."""
    next(budget, None)
    if depth > MAX_DEPTH:
        raise BadRequest("API definition is nested too deeply")
    if isinstance(value, dict):
        return {_key(key): _plain(each, budget, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, budget, depth + 1) for each in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _key(key: Any) -> str:
    """`200:` is a number in YAML, and a status code here."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)

"""Looks things up in OpenAPI documents, whose parts may be anything: what is not what it should be counts as absent."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

# A reference that leads to a reference, and so on.
_MAX_REFERENCES = 20


def a_map(holder: Any, *names: str) -> Document:
    """The object at a path of names, or an empty one."""
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder if isinstance(holder, dict) else {}


def a_list(holder: Any, name: str) -> list[Any]:
    """The list under a name, or an empty one."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def a_text(holder: Any, name: str) -> str:
    """The text under a name; numbers and booleans as JSON has them; otherwise ""."""
    found = holder.get(name) if isinstance(holder, dict) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else ""


def texts(mapping: Any) -> dict[str, str]:
    """The entries of a map whose values are texts."""
    return {name: a_text(mapping, name) for name in mapping} if isinstance(mapping, dict) else {}


def resolve(document: Document, part: Any) -> Document:
    """What a part, or the reference that it is, stands for; empty where it leads nowhere."""
    for _ in range(_MAX_REFERENCES):
        reference = a_text(part, "$ref")
        if not reference:
            return part if isinstance(part, dict) else {}
        if not reference.startswith("#/"):
            return {}
        part = document
        for escaped in reference[2:].split("/"):
            name = escaped.replace("~1", "/").replace("~0", "~")
            part = part.get(name) if isinstance(part, dict) else None
    return {}


def reference_name(schema: Any) -> str:
    """The name of the model that a schema is a reference to, or ""."""
    reference = a_text(schema, "$ref")
    for prefix in ("#/definitions/", "#/components/schemas/"):
        if reference.startswith(prefix):
            return reference[len(prefix) :]
    return ""

"""Bodies held against models (JSON Schema draft 4). Runs in a compute process: patterns are the user's."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from lambent.apis.json_text import parse_json

# Models of one process.
_KEPT = 256


def body_fault(name: str, models: tuple[tuple[str, str], ...], body: bytes) -> str | None:
    """What is wrong with a body; None where it fits.

    Args:
        models: name and schema text of every model of the API.

    Raises:
        ValueError: the model cannot be used.
    """
    try:
        document = parse_json(body)
    except ValueError:
        return "Invalid JSON"
    errors = [_text(error) for error in _validator(name, models).iter_errors(document)]
    return f"[{', '.join(errors)}]" if errors else None


@lru_cache(_KEPT)
def _validator(name: str, models: tuple[tuple[str, str], ...]) -> Any:
    from jsonschema import Draft4Validator  # noqa: PLC0415 - core, which only names the function, does without
    from referencing import Registry, Resource  # noqa: PLC0415
    from referencing.exceptions import NoSuchResource  # noqa: PLC0415
    from referencing.jsonschema import DRAFT4  # noqa: PLC0415

    schemas = {each: orjson.loads(text or b"{}") for each, text in models}

    def retrieve(uri: str) -> Any:
        """`https://apigateway.amazonaws.com/restapis/ID/models/NAME`."""
        named = uri.rpartition("/models/")[2]
        if named not in schemas:
            raise NoSuchResource(uri)
        return Resource.from_contents(schemas[named], default_specification=DRAFT4)

    registry: Any = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    return Draft4Validator(schemas[name], registry=registry)


def _text(error: Any) -> str:
    """As the validator words it that AWS uses."""
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        names = orjson.dumps(sorted(missing)).decode()
        return f"object has missing required properties ({names})"
    if error.validator == "type":
        allowed = error.validator_value
        names = orjson.dumps(allowed if isinstance(allowed, list) else [allowed]).decode()
        found = _TYPES.get(type(error.instance), "object")
        return (
            f"instance type ({found}) does not match any allowed primitive type (allowed: {names})"
        )
    return str(error.message)


_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    type(None): "null",
}

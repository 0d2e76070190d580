"""Bodies held against models (JSON Schema draft 4). Runs in a compute process: patterns are the user's.

What is found is worded as AWS's validator words it (fge's json-schema-validator, whose texts are in its
`validation.properties`): a keyword that fails is one error, whatever number of members it is about.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.json_text import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    # (error, the keyword's value)
    Text = Callable[[Any, Any], str]

# Models of one process.
_KEPT = 256


def body_fault(name: str, models: tuple[tuple[str, str], ...], body: bytes) -> str | None:
    """What is wrong with a body; None where it fits.

    Args:
        models: name and schema text of every model of the API.

    Raises:
        ValueError: the model cannot be used.
    """
    if not body:
        return "[Unknown error parsing request body]"
    try:
        document = parse_json(body)
    except ValueError:
        return "[Invalid JSON]"
    # One for each keyword that fails in a place: our validator tells of each missing member by itself.
    errors = {
        (tuple(error.absolute_path), error.validator, text): text
        for error in _validator(name, models).iter_errors(document)
        if (text := _text(error))
    }
    return f"[{', '.join(errors.values())}]" if errors else None


@lru_cache(_KEPT)
def _validator(name: str, models: tuple[tuple[str, str], ...]) -> Any:
    from jsonschema import Draft4Validator  # noqa: PLC0415 - core, which only names the function, does without
    from jsonschema.validators import extend  # noqa: PLC0415
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
    counting = extend(Draft4Validator, {"allOf": _all_of, "oneOf": _one_of})
    return counting(schemas[name], registry=registry)


def _all_of(validator: Any, schemas: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    fitting = _fitting(validator, schemas, instance)
    if fitting < len(schemas):
        yield _error(
            "instance failed to match all required schemas "
            f"(matched only {fitting} out of {len(schemas)})"
        )


def _one_of(validator: Any, schemas: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    fitting = _fitting(validator, schemas, instance)
    if fitting != 1:
        yield _error(
            f"instance failed to match exactly one schema (matched {fitting} out of {len(schemas)})"
        )


def _fitting(validator: Any, schemas: Any, instance: Any) -> int:
    return sum(validator.evolve(schema=each).is_valid(instance) for each in schemas)


def _error(message: str) -> Any:
    from jsonschema import ValidationError  # noqa: PLC0415

    return ValidationError(message)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _text(error: Any) -> str:
    """As the validator words it that AWS uses."""
    say = _TEXTS.get(error.validator)
    return str(error.message) if say is None else say(error, error.validator_value)


def _of_type(error: Any, value: Any) -> str:
    allowed = set(value if isinstance(value, list) else [value])
    if "number" in allowed:  # which an integer is
        allowed.add("integer")
    found = _TYPES.get(type(error.instance), "object")
    names = _json(sorted(allowed))
    return f"instance type ({found}) does not match any allowed primitive type (allowed: {names})"


def _required(error: Any, value: Any) -> str:
    missing = sorted(name for name in value if name not in error.instance)
    return f"object has missing required properties ({_json(missing)})"


def _dependencies(error: Any, value: Any) -> str:
    for name, needed in value.items():
        wanted = [needed] if isinstance(needed, str) else needed
        if name not in error.instance or not isinstance(wanted, list):
            continue
        missing = [each for each in wanted if each not in error.instance]
        if missing:
            return (
                f'property "{name}" of object has missing property dependencies '
                f"(schema requires {_json(sorted(wanted))}; missing: {_json(sorted(missing))})"
            )
    return str(error.message)


def _additional(error: Any, _value: Any) -> str:
    known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
    extra = sorted(
        name
        for name in error.instance
        if name not in known and not any(re.search(each, name) for each in patterns)
    )
    return f"object instance has properties which are not allowed by the schema: {_json(extra)}"


def _minimum(error: Any, value: Any) -> str:
    if error.instance == value:
        return f"numeric instance is not strictly greater than the required minimum {_json(value)}"
    return (
        "numeric instance is lower than the required minimum "
        f"(minimum: {_json(value)}, found: {_json(error.instance)})"
    )


def _maximum(error: Any, value: Any) -> str:
    if error.instance == value:
        return f"numeric instance is not strictly lower than the required maximum {_json(value)}"
    return (
        "numeric instance is greater than the required maximum "
        f"(maximum: {_json(value)}, found: {_json(error.instance)})"
    )


_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    type(None): "null",
}
_TEXTS: Mapping[str, Text] = {
    "additionalItems": lambda e, _: (
        f"schema only allows {len(e.schema.get('items', ()))} elements in array but instance has "
        f"{len(e.instance)} elements"
    ),
    "additionalProperties": _additional,
    "anyOf": lambda _, value: (
        f"instance failed to match at least one required schema among {len(value)}"
    ),
    "dependencies": _dependencies,
    "enum": lambda e, value: (
        f"instance value ({_json(e.instance)}) not found in enum (possible values: {_json(value)})"
    ),
    "maxItems": lambda e, value: (
        f"array is too long: must have at most {value} elements but instance has "
        f"{len(e.instance)} elements"
    ),
    "maxLength": lambda e, value: (
        f"string {_quoted(e)} is too long (length: {len(e.instance)}, maximum allowed: {value})"
    ),
    "maxProperties": lambda e, value: (
        f"object has too many properties (found {len(e.instance)} but schema requires at most {value})"
    ),
    "maximum": _maximum,
    "minItems": lambda e, value: (
        f"array is too short: must have at least {value} elements but instance has "
        f"{len(e.instance)} elements"
    ),
    "minLength": lambda e, value: (
        f"string {_quoted(e)} is too short (length: {len(e.instance)}, required minimum: {value})"
    ),
    "minProperties": lambda e, value: (
        f"object has too few properties (found {len(e.instance)} but schema requires at least {value})"
    ),
    "minimum": _minimum,
    "multipleOf": lambda e, value: (
        f"remainder of division is not zero ({_json(e.instance)} / {_json(value)})"
    ),
    "not": lambda _error, _value: "instance matched a schema which it should not have",
    "pattern": lambda e, value: (
        f'ECMA 262 regex "{value}" does not match input string {_quoted(e)}'
    ),
    "required": _required,
    "type": _of_type,
    "uniqueItems": lambda _error, _value: "array must not contain duplicate elements",
}


def _quoted(error: Any) -> str:
    return f'"{error.instance}"'

"""The one exception of everything that reads: the input is not what the service model says it is."""

from __future__ import annotations


class Unreadable(Exception):
    """Raised by readers of any format. The text is AWS's where it is known.

    `OperationCodec.parse` turns it into the error that the service gives for it.
    """


# What AWS's JSON parser calls the tokens it met. Structures and lists have sentences of their own.
_TOKENS = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


def mismatch(value: object, wanted: str) -> Unreadable:
    """The error for a JSON or CBOR value of a wrong type; `wanted` is the name of the Java class, as AWS words it."""
    if isinstance(value, dict):
        return Unreadable("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return Unreadable("Start of list found where not expected")
    if isinstance(value, bool):
        return Unreadable(f"{str(value).upper()}_VALUE cannot be converted to {wanted}")
    token = _TOKENS.get(type(value), "EMBEDDED_OBJECT_VALUE")
    return Unreadable(f"{token} cannot be converted to {wanted}")

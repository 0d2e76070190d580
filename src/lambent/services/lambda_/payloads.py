"""Is the event JSON? Asked before a sandbox is troubled with it, at a cost that is bounded.

The payload itself goes on as it came; parsing is only a check. Small events (nearly all) are parsed where they are, and
so are large ones that are texts for the most part, a file in base64 perhaps (1 ms for a megabyte).
Other large ones would hold the event loop: 6 MB take 50 ms as a rule and a second at the worst, for objects that nobody
wants. They go to a thread, where SQLite's `json_valid` reads them without Python's lock and without building anything
(40-100 ms for 6 MB, the loop held for a copy only); a compute process would want the payload copied twice more.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import sqlite3
from contextlib import closing

import orjson

from lambent.services.lambda_.errors import InvalidRequestContent
from lambent.services.lambda_.json_words import fault_words

# Measured on a busy core: 64 KiB of records 0.35 ms, of nested empty arrays (the worst) 4 ms.
INLINE_LIMIT = 65_536
# Of texts in an event that is large by them.
_MOST_TEXTS = 1024
# Finding AWS's words takes up to 3 us a byte.
WORDS_LIMIT = 2048
# "up to 3,583 bytes of base64-encoded data" (Lambda API reference, Invoke, ClientContext).
MAX_CLIENT_CONTEXT = 3583


async def check_event(payload: bytes) -> None:
    """Raises InvalidRequestContent unless `payload` is one JSON text in UTF-8."""
    if len(payload) <= INLINE_LIMIT or is_mostly_text(payload):
        fault = json_fault(payload)
    else:
        fault = await asyncio.to_thread(large_json_fault, payload)
    refuse_fault(fault)


def is_mostly_text(payload: bytes) -> bool:
    """Whether a large event can be parsed as fast as it can be read: INLINE_LIMIT bytes of it at most stand outside of
    texts, which are few, and in ASCII without escapes.
    """
    if b"\\" in payload or not payload.isascii():
        return False
    end = outside = 0
    for _ in range(_MOST_TEXTS):
        start = payload.find(b'"', end)
        if start < 0:
            return outside + len(payload) - end <= INLINE_LIMIT
        outside += start - end
        end = payload.find(b'"', start + 1) + 1
        if not end:
            return False
    return False


def refuse_fault(fault: str | None) -> None:
    """Raises InvalidRequestContent for what is wrong with an event, if anything is."""
    if fault is not None:
        raise InvalidRequestContent(
            f"Could not parse request body into json: Could not parse payload into json: {fault}"
        )


def json_fault(payload: bytes) -> str | None:
    """What is wrong with a JSON text, or None."""
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        # orjson refuses escapes of lone surrogates, which JSON allows and JavaScript writes.
        return _fault_to_the_letter(payload)
    return None


def large_json_fault(payload: bytes) -> str | None:
    """As `json_fault`, for a thread of its own and less exact about what is wrong."""
    if b"\0" in payload:  # SQLite reads text up to a null
        return "Illegal character (code 0)"
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        return _bad_utf8(error)
    with closing(sqlite3.connect(":memory:")) as connection:
        (is_valid,) = connection.execute("SELECT json_valid(?)", (text,)).fetchone()
    return None if is_valid else "Not a JSON text"


def _fault_to_the_letter(payload: bytes) -> str | None:
    try:
        json.loads(payload.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        return "Document nested too deeply"
    except ValueError as error:
        return (len(payload) <= WORDS_LIMIT and fault_words(payload)) or str(error)
    return None


def _bad_utf8(error: UnicodeDecodeError) -> str:
    return f"Invalid UTF-8 byte 0x{error.object[error.start]:x} at offset {error.start}"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"Unrecognized token '{name}'")


def client_context(encoded: str) -> str:
    """The JSON of a client context. Raises InvalidRequestContent where it is none."""
    if not encoded:
        return ""
    try:
        text = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        text = b""
    if len(encoded) > MAX_CLIENT_CONTEXT or json_fault(text) is not None:
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")
    return text.decode()

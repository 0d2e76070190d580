"""Parameter mappings: what may be in them ("Transform API requests and responses for HTTP APIs", developer guide).

A request's are `{"append|overwrite|remove:header|querystring.NAME": VALUE, "overwrite:path": VALUE}`, a response's the
same by status: `{"200": {"overwrite:header.NAME": VALUE, "overwrite:statuscode": VALUE}}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.apis.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUEST_KEY = re.compile(r"(append|overwrite|remove):(header|querystring)\.(\S+)|overwrite:path")
_RESPONSE_KEY = re.compile(r"(append|overwrite|remove):header\.(\S+)|overwrite:statuscode")
# "Reserved headers": mappings of these are refused.
_RESERVED = frozenset(
    {
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-location",
        "forwarded",
        "keep-alive",
        "origin",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "via",
    }
)
_RESERVED_PREFIXES = ("access-control-", "apigw-", "x-amz-", "x-amzn-")


def check_request_parameters(parameters: Mapping[str, str]) -> None:
    """Raises BadRequest."""
    for key, value in parameters.items():
        if not isinstance(value, str):  # of a document; the model sees to those of requests
            raise _invalid("Request", key)
        found = _REQUEST_KEY.fullmatch(key)
        if found is None:
            raise _invalid("Request", key)
        if found[2] == "header":
            _check_header(found[3])


def check_response_parameters(parameters: Mapping[str, Mapping[str, str]]) -> None:
    """Raises BadRequest."""
    for status, mappings in parameters.items():
        if not re.fullmatch(r"[2-5]\d\d", status):
            raise BadRequest(f"Status Code {status} is not valid")
        if not isinstance(mappings, dict):
            raise BadRequest("Invalid response parameters specified")
        for key, value in mappings.items():
            if not isinstance(value, str):
                raise _invalid("Response", key)
            found = _RESPONSE_KEY.fullmatch(key)
            if found is None:
                raise _invalid("Response", key)
            if found[2]:
                _check_header(found[2])


def _invalid(side: str, key: str) -> BadRequest:
    wrong = f"Invalid {side} Actioned Parameter destination specified: {key}"
    return BadRequest(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        f"[{wrong}]"
    )


def _check_header(name: str) -> None:
    lower = name.lower()
    if lower in _RESERVED or lower.startswith(_RESERVED_PREFIXES):
        raise BadRequest(f"Operations on header {name} are restricted")

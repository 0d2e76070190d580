"""What core may ask, checked field by field. Everything that names a file is a digest or a plain name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# AWS's range is 128 to 10,240 MB; the lower bound is only there to let a process start at all.
_MEMORY_MIB = range(16, 65_537)
# AWS's range of EphemeralStorage.
_TMP_MIB = range(512, 10_241)
# AWS allows five layers.
_LAYERS = 5

_SANDBOX = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z._-]{0,127}")
_RUNTIME = re.compile(r"[0-9a-z][0-9a-z.-]{0,63}")


class BadRequest(Exception):
    """Core sent what the protocol does not know."""


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_memory(value: Any) -> bool:
    return type(value) is int and value in _MEMORY_MIB


def _is_tmp(value: Any) -> bool:
    return type(value) is int and value in _TMP_MIB


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_network(value: Any) -> bool:
    return value in ("internet", "platform", "none")


def _are_layers(value: Any) -> bool:
    is_digest = _matches(_DIGEST)
    return isinstance(value, list) and len(value) <= _LAYERS and all(map(is_digest, value))


_FIELDS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "create": {
        "sandbox": _matches(_SANDBOX),
        "runtime": _matches(_RUNTIME),
        "urgent": _is_flag,
    },
    "assign": {
        "sandbox": _matches(_SANDBOX),
        "code": _matches(_DIGEST),
        "layers": _are_layers,
        "memory_mib": _is_memory,
        "tmp_mib": _is_tmp,
    },
    "throttle": {"sandbox": _matches(_SANDBOX)},
    "freeze": {"sandbox": _matches(_SANDBOX)},
    "thaw": {"sandbox": _matches(_SANDBOX)},
    "kill": {"sandbox": _matches(_SANDBOX)},
    "seal": {"ticket": _matches(_NAME), "staging": _matches(_NAME)},
    "discard": {"code": _matches(_DIGEST)},
    "describe": {"ticket": _matches(_NAME)},
}
_OPTIONAL: dict[str, dict[str, Callable[[Any], bool]]] = {
    "create": {
        "execs": _is_flag,
        "memory_mib": _is_memory,
        "preload": _is_flag,
        "template": _is_flag,
        "copy_of": _matches(_SANDBOX),
        "network": _is_network,
    }
}
_TICKET = {"ticket": _matches(_NAME)}


def parse(data: bytes) -> tuple[Mapping[str, Any], bytes]:
    """The request in `data`, with `op` and exactly the fields that belong to it (and a ticket, where one was sent).

    What follows a line feed is returned as it is: the frame that an assigned sandbox gets once its code is there.

    Raises:
        BadRequest: it is not a request.
    """
    data, _, frame = data.partition(b"\n")
    try:
        request = json.loads(data)
        checks = _FIELDS[request["op"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadRequest("not a request") from None
    checked = {"op": request["op"]}
    for name, is_right in {**_TICKET, **_OPTIONAL.get(request["op"], {}), **checks}.items():
        if name not in request and name not in checks:
            continue
        if not is_right(request.get(name)):
            raise BadRequest(f"{request['op']}: {name} is missing or malformed")
        checked[name] = request[name]
    return checked, frame

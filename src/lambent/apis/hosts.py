"""Addresses that APIs of both kinds have: `ID.execute-api...` hosts, and a path on any host."""

from __future__ import annotations

import re
from urllib.parse import unquote

HOST = re.compile(
    r"([a-z0-9]+)\.execute-api\.(?:([a-z0-9-]+)\.)?(?:amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?",
    re.IGNORECASE,
)
OWN_PATH = re.compile(r"/_aws/execute-api/([^/]+)/([^/]+)(/.*)?", re.DOTALL)


def is_host(host: str) -> bool:
    """Is it the host of an API? Asked for every request, most of which are for something else."""
    return ".execute-api." in host.lower() and HOST.fullmatch(host) is not None


def split_path(path: str) -> tuple[str, str]:
    """`/prod/a/b` is `prod` and `/a/b`."""
    first, _, rest = path.removeprefix("/").partition("/")
    return first, f"/{rest}"


def climbs(path: str) -> bool:
    """Does the path of a backend's URL lead out of where it begins? What clients send must not."""
    return any(unquote(part) == ".." for part in path.split("/"))


def name_of(host: str) -> str:
    """A host without its port, in lower case."""
    return host.partition(":")[0].lower()

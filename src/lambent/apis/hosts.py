"""Addresses that APIs of both kinds have: `ID.execute-api...` hosts, and a path on any host."""

from __future__ import annotations

import re

HOST = re.compile(
    r"([a-z0-9]+)\.execute-api\.(?:([a-z0-9-]+)\.)?(?:amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?",
    re.IGNORECASE,
)
OWN_PATH = re.compile(r"/_aws/execute-api/([^/]+)/([^/]+)(/.*)?", re.DOTALL)


def split_path(path: str) -> tuple[str, str]:
    """`/prod/a/b` is `prod` and `/a/b`."""
    first, _, rest = path.removeprefix("/").partition("/")
    return first, f"/{rest}"


def name_of(host: str) -> str:
    """A host without its port, in lower case."""
    return host.partition(":")[0].lower()

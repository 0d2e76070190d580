"""What is known about a sealed tree besides its files: marks that the spawner leaves when it seals it.

A mark is an empty file `<facts>/<digest>.<fact>`: to know costs one look, and survives restarts like the tree itself. A
tree without marks is one of which nothing is known, which only makes its functions start more slowly. Standard library
only: the spawner writes them, core reads them.
"""

from __future__ import annotations

import contextlib
import os
import re
from functools import lru_cache

# Some file imports boto3 or botocore.
IMPORTS_BOTO3 = "imports-boto3"
# The tree holds a boto3 or botocore of its own.
BRINGS_BOTO3 = "brings-boto3"
FACTS = (IMPORTS_BOTO3, BRINGS_BOTO3)

_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(?:boto3|botocore)\b", re.MULTILINE)
_OWN = (b"boto3", b"botocore")


def of_directory(name: bytes) -> str | None:
    """The fact that a directory of this name shows."""
    return BRINGS_BOTO3 if name in _OWN else None


def of_source(name: bytes, text: bytes) -> str | None:
    """The fact that a file with this (piece of) text shows."""
    return IMPORTS_BOTO3 if name.endswith(b".py") and _IMPORT.search(text) else None


@lru_cache(4096)
def has(facts_dir: str, digest: str, fact: str) -> bool:
    return os.path.exists(_mark(facts_dir, digest, fact))  # noqa: PTH110 - on a cold start's way


def note(facts_dir: str, digest: str, facts: set[str]) -> None:
    for fact in facts:
        with open(_mark(facts_dir, digest, fact), "wb"):  # noqa: PTH123
            pass


def forget(facts_dir: str, digest: str) -> None:
    for fact in FACTS:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_mark(facts_dir, digest, fact))  # noqa: PTH108


def _mark(facts_dir: str, digest: str, fact: str) -> str:
    return f"{facts_dir}/{digest}.{fact}"

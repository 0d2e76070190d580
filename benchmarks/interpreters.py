"""The interpreters that everybody uses: one Python and one Node for all contestants."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from lambent.execution.runtimes.discovery import discover


def python() -> str:
    """The interpreter itself, not the virtual environment's link to it."""
    return str(Path(sys.executable).resolve())


def python_runtime() -> str:
    """The AWS runtime id of that interpreter."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def serving(runtime: str) -> tuple[str, str]:
    """What the platform runs a runtime id on: path and version of the interpreter."""
    entry = discover()[runtime]
    return str(entry["interpreter"]), str(entry["version"])


def node() -> str | None:
    return shutil.which("node")

"""The interpreters that everybody uses: one Python and one Node for all contestants."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def python() -> str:
    """The interpreter itself, not the virtual environment's link to it."""
    return str(Path(sys.executable).resolve())


def python_runtime() -> str:
    """The AWS runtime id of that interpreter."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def node() -> str | None:
    return shutil.which("node")

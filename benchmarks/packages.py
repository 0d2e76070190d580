"""numpy and pandas from PyPI, in a folder of their own: for us as layers, for the plain interpreter as they lie."""

from __future__ import annotations

import io
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING

from benchmarks.contestants.server import PEERS_DIR, run_step

if TYPE_CHECKING:
    from pathlib import Path

HOME_DIR = PEERS_DIR / "packages"
PACKAGES = ("numpy", "pandas")
# What nobody imports. A layer may be 50 MB as it is sent.
_LEFT_OUT = {"tests", "__pycache__", "include", "bin"}


def install() -> Path:
    """The directory to import them from. Raises NotAvailable."""
    if not (HOME_DIR / "pandas").is_dir():
        shutil.rmtree(HOME_DIR, ignore_errors=True)
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(HOME_DIR)]
        run_step([*words, *PACKAGES], f"pip install {' '.join(PACKAGES)}")
    return HOME_DIR


def layers() -> dict[str, bytes]:
    """Zips of them by a name, below `python/`: each of the two, and what they need in a third."""
    archives = {}
    taken: set[str] = set()
    for layer, prefix in (("numpy", "numpy"), ("pandas", "pandas"), ("others", "")):
        names = [
            path.name
            for path in sorted(HOME_DIR.iterdir())
            if path.name.startswith(prefix) and path.name not in taken | _LEFT_OUT
        ]
        taken |= set(names)
        archives[layer] = _zip(names)
    return archives


def _zip(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in names:
            root = HOME_DIR / name
            for path in [root] if root.is_file() else sorted(root.rglob("*")):
                inner = path.relative_to(HOME_DIR)
                if path.is_file() and _LEFT_OUT.isdisjoint(inner.parts):
                    package.write(path, f"python/{inner}")
    return buffer.getvalue()

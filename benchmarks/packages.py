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

PACKAGES = ("numpy", "pandas")
# What nobody imports. A layer may be 50 MB as it is sent.
_LEFT_OUT = {"tests", "__pycache__", "include", "bin"}


def install(interpreter: str, version: str) -> Path:
    """The directory to import them from, for this interpreter. Raises NotAvailable."""
    home = PEERS_DIR / "packages" / version
    if not (home / "pandas").is_dir():
        shutil.rmtree(home, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--python", interpreter]
        words = [*pip, "install", "--quiet", "--only-binary", ":all:", "--target", str(home)]
        run_step([*words, *PACKAGES], f"pip install {' '.join(PACKAGES)}")
    return home


def layers(home: Path) -> dict[str, bytes]:
    """Zips of them by a name, below `python/`: each of the two, and what they need in a third."""
    archives = {}
    taken: set[str] = set()
    for layer, prefix in (("numpy", "numpy"), ("pandas", "pandas"), ("others", "")):
        names = [
            path.name
            for path in sorted(home.iterdir())
            if path.name.startswith(prefix) and path.name not in taken | _LEFT_OUT
        ]
        taken |= set(names)
        archives[layer] = _zip(home, names)
    return archives


def _zip(home: Path, names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in names:
            root = home / name
            for path in [root] if root.is_file() else sorted(root.rglob("*")):
                inner = path.relative_to(home)
                if path.is_file() and _LEFT_OUT.isdisjoint(inner.parts):
                    package.write(path, f"python/{inner}")
    return buffer.getvalue()

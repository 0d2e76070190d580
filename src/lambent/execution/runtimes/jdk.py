"""Finds JDKs, without starting any: each says its version in a file named `release`.

One serves if it has a compiler, because our bootstrap is compiled with it, and if Jackson and JNA are there. Standard
library only: launcher and spawner read this file too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from lambent.execution.runtimes.commands import JARS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What our bootstrap is written in.
OLDEST_JAVA = 17
_USUAL = Path("/usr/lib/jvm")
_VERSION = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)([\d._]*)', re.MULTILINE)


def homes(directories: Sequence[str] | None = None) -> list[Path]:
    """The Java installations of this host, once each: /usr/lib/jvm and what `java` on the PATH leads to.

    Args:
        directories: where to look for `java`, instead.
    """
    found = [Path(os.path.realpath(binary)).parents[1] for binary in _binaries(directories)]
    return [home for home in dict.fromkeys(found) if version(home)]


def find(directories: Sequence[str] | None = None) -> list[Path]:
    """Those that serve, one for each major version."""
    chosen: dict[int, Path] = {}
    for home in homes(directories):
        if not lack(home):
            chosen.setdefault(_major(home), home)
    return list(chosen.values())


def lack(home: Path) -> str:
    """Why it does not serve; "" if it does."""
    if _major(home) < OLDEST_JAVA:
        return f"Java {version(home)} is older than {OLDEST_JAVA}"
    if not os.access(home / "bin/javac", os.X_OK):
        return "a runtime environment only, without javac: the JDK is needed"
    if not all(map(os.path.exists, JARS)):
        return "Jackson or JNA is missing (libjackson2-databind-java, libjna-java)"
    return ""


def version(home: Path) -> str:
    """`17.0.15`; "" where there is no Java."""
    try:
        match = _VERSION.search((home / "release").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return match[1] + match[2] if match else ""


def trees(home: Path) -> Iterator[str]:
    """What it needs outside its home: Debian keeps the configuration in /etc."""
    for name in ("lib/jvm.cfg", "conf/net.properties"):
        real = Path(os.path.realpath(home / name)).parent
        if real.is_relative_to("/etc") and len(real.parts) > 2:
            yield str(real)
            return


def _binaries(directories: Sequence[str] | None) -> Iterator[Path]:
    if directories is None:
        yield from sorted(_USUAL.glob("*/bin/java"))
    for directory in directories or os.get_exec_path():
        binary = Path(directory, "java")
        if os.access(binary, os.X_OK):
            yield binary


def _major(home: Path) -> int:
    return int(version(home).partition(".")[0])

"""The Java function and the program that runs it once, compiled by the JDK that serves Java functions here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.build import BUILD_DIR, BuildFailed
from benchmarks.contestants.server import FUNCTIONS_DIR
from lambent.execution.runtimes.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE_DIR = FUNCTIONS_DIR / "java"
RUNTIME = "java17"
HANDLER = "bench.Hello::handle"


def java() -> str | None:
    """The `java` that serves `RUNTIME`, or None."""
    found = discover().get(RUNTIME)
    return str(found["interpreter"]) if found else None


def classes() -> Path:
    """The directory with all classes, compiled if they are older than their sources. Raises BuildFailed."""
    program = java()
    if program is None:
        raise BuildFailed(f"nothing serves {RUNTIME} here (`lambent doctor` says what is missing)")
    sources = sorted(SOURCE_DIR.rglob("*.java"))
    directory = BUILD_DIR / "java"
    if _is_newer(directory.rglob("*.class"), sources):
        return directory
    unfinished = BUILD_DIR / f"java.{os.getpid()}"
    command = [str(Path(program).with_name("javac")), "-proc:none", "-d", str(unfinished)]
    command += map(str, sources)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"the Java function does not compile: {done.stderr.strip()}")
    shutil.rmtree(directory, ignore_errors=True)
    unfinished.rename(directory)
    return directory


def package() -> dict[str, bytes]:
    """The files of the function's package: its one class. Raises BuildFailed."""
    name = "bench/Hello.class"
    return {name: (classes() / name).read_bytes()}


def _is_newer(built: Iterable[Path], sources: Iterable[Path]) -> bool:
    oldest = min((path.stat().st_mtime for path in built), default=0.0)
    return oldest >= max(path.stat().st_mtime for path in sources)

"""Our Java sources, compiled once for each JDK with its own javac, into a directory of the code store.

Standard library only: the privileged processes use it. What is compiled is what this package brings; the directory's
name is a digest of it and of the JDK, so that a new version of either compiles again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from lambent.execution.runtimes.commands import JARS

_SOURCES = Path(__file__).resolve().parent
_COMPILE_LIMIT_S = 120
# C1 only: javac lives for two seconds.
_SHORT_LIVED = ("-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1", "-J-Xshare:auto")
_OF_THE_API = ("com", "lambent/boot")
_OWN = "lambent/runtime"


def directory(parent: str, java: str) -> str:
    """Where the classes for the JDK of this `java` lie: `api` and `own` in a directory of `parent`."""
    digest = hashlib.sha256(java.encode())
    for path in _files():
        digest.update(str(path.relative_to(_SOURCES)).encode() + b"\0" + path.read_bytes())
    release = Path(java).parents[1] / "release"
    if release.exists():
        digest.update(release.read_bytes())
    return f"{parent}/{digest.hexdigest()[:32]}"


def ensure(java: str, target: str) -> None:
    """Compile into `target` (of `directory`), if nobody has yet.

    Raises:
        OSError: it cannot be compiled or kept. The text says why.
    """
    if Path(target).is_dir():
        return
    scratch = Path(f"{target}.{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    umask = os.umask(0o022)  # sandboxes read it under uids of their own
    try:
        (scratch / "all").mkdir(parents=True)
        _compile(java, scratch / "all")
        for package in _OF_THE_API:
            _move(scratch / "all" / package, scratch / "api" / package)
        _move(scratch / "all" / _OWN, scratch / "own" / _OWN)
        shutil.rmtree(scratch / "all")
        if not Path(target).is_dir():
            scratch.rename(target)
    finally:
        os.umask(umask)
        shutil.rmtree(scratch, ignore_errors=True)


def _files() -> list[Path]:
    return sorted(_SOURCES.rglob("*.java"))


def _compile(java: str, target: Path) -> None:
    compiler = str(Path(java).with_name("javac"))
    command = [compiler, *_SHORT_LIVED, "-proc:none", "-nowarn", "-encoding", "UTF-8"]
    command += ["-cp", ":".join(JARS), "-d", str(target), *map(str, _files())]
    try:
        subprocess.run(
            command,
            check=True,
            timeout=_COMPILE_LIMIT_S,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except subprocess.SubprocessError as error:
        raise OSError(f"the Java runtime cannot be compiled: {error}"[:1000]) from error


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)

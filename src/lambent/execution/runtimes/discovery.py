"""Finds the interpreters of this host and says which runtime id each one serves.

Looked at: /usr/local/bin, /usr/bin, the directories of PATH, and the Python that runs us; for JDKs see `jdk.py`. A
directory of shims (pyenv, nodenv) stands for the versions beside it; any other script is asked who it really is. Of the
candidates for one version the first is asked, and the next only where that one does not answer; all versions at the
same time. A `provided` runtime needs no interpreter: its version is this host's, whose libraries the bootstrap finds.
Standard library only: launcher and spawner read this file too.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent.execution.runtimes import jdk
from lambent.execution.runtimes.libraries import libraries
from lambent.execution.runtimes.table import RUNTIME_IDS, SERVED_LANGUAGES, RuntimeId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# An interpreter answers in 20-60 ms; a shim that looks through version files takes up to half a second.
ANSWER_LIMIT_S = 5.0
USUAL_DIRS = ("/usr/local/bin", "/usr/bin")
# What our bootstraps are written for.
OLDEST = {"python": (3, 9), "node": (12,), "ruby": (2, 7)}

_NAMES = {
    "python": re.compile(r"python3(?:\.(\d+))?"),
    "node": re.compile(r"node(?:js)?"),
    "ruby": re.compile(r"ruby(?:\d+\.\d+)?"),
}
_FIRST_LETTERS = ("python3", "node", "ruby")
# Prints version, binary and prefix; fails where the standard library has been cut down (Debian's python3-minimal).
_ASK_PYTHON = """
import os, sys
library = os.path.dirname(os.__file__)
for package in ("asyncio", "ctypes", "json"):
    os.stat(os.path.join(library, package))
binary = getattr(sys, "_base_executable", None) or sys.executable
print("%d.%d.%d" % sys.version_info[:3], os.path.realpath(binary), os.path.realpath(sys.base_prefix), sep="\\n")
"""
# Prints version, binary, prefix, and where gems of all users are; fails without the standard library.
_ASK_RUBY = """
require "json"
gems = (Gem.default_path - [Gem.user_dir]).select { |each| Dir.exist?(each) }
puts RUBY_VERSION, File.realpath(RbConfig.ruby), File.realpath(RbConfig::CONFIG["prefix"]), gems
"""
_ASK_NODE = (
    "console.log(process.versions.node + '\\n' + require('fs').realpathSync(process.execPath))"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path that may be an interpreter. Candidates of one `version_hint` are asked in turn."""

    language: str
    path: Path
    version_hint: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One interpreter: its real binary, full version, and the directory tree it needs (its prefix)."""

    language: str
    binary: str
    version: str
    prefix: str
    further: tuple[str, ...] = ()  # directories elsewhere that it reads

    @property
    def key(self) -> tuple[int, ...]:
        """The version as far as runtime ids tell versions apart."""
        parts = tuple(int(part) for part in self.version.split(".")[:2])
        return parts if self.language in ("python", "ruby") else parts[:1]

    def prefixes(self) -> list[str]:
        """The directories that a sandbox must show besides /usr."""
        own = [] if Path(self.prefix).is_relative_to("/usr") else [self.prefix]
        return [*own, *self.further]


def discover(directories: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """Runtime id -> `{"language", "interpreter", "version", "exact", "prefixes", "libraries"}`, ready for JSON.

    Ids that nothing here can serve are absent. Of two interpreters of one version the first directory's wins.

    Args:
        directories: where to look, instead of the usual directories, PATH and our own Python.
    """
    found = find_interpreters(directories)
    interpreted = {
        known.name: _entry(known, chosen)
        for known in RUNTIME_IDS.values()
        if known.language in SERVED_LANGUAGES and (chosen := _nearest(known, found))
    }
    return interpreted | _provided()


def java_lacks(directories: Sequence[str] | None = None) -> list[str]:
    """Why a JVM of this host serves nothing, a line each; [] where there is none, or one that serves."""
    homes = jdk.homes(directories)
    if not homes or jdk.find(directories):
        return []
    return [f"{home}: {jdk.lack(home)}" for home in homes]


def find_interpreters(directories: Sequence[str] | None = None) -> list[Interpreter]:
    """Every usable interpreter, once per language and version."""
    queues: dict[str, list[Candidate]] = {}
    for candidate in _candidates(directories):
        queues.setdefault(candidate.version_hint, []).append(candidate)
    found: dict[tuple[str, tuple[int, ...]], Interpreter] = {}
    while queues:
        asked = [(hint, queue[0], _ask(queue.pop(0))) for hint, queue in queues.items()]
        for hint, candidate, process in asked:
            interpreter = _answer(candidate, process)
            if interpreter and interpreter.key >= OLDEST[interpreter.language]:
                found.setdefault((interpreter.language, interpreter.key), interpreter)
            if interpreter or not queues[hint]:
                del queues[hint]
    return [*found.values(), *(_jdk(home) for home in jdk.find(directories))]


def _jdk(home: Path) -> Interpreter:
    prefixes = tuple(jdk.trees(home))
    return Interpreter("java", str(home / "bin/java"), jdk.version(home), str(home), prefixes)


def _candidates(directories: Sequence[str] | None) -> Iterator[Candidate]:
    """Whatever may be an interpreter, in order of preference, names of one binary once."""
    seen: set[str] = set()
    for path in _paths(directories):
        for language, name in _NAMES.items():
            match = name.fullmatch(path.name)
            real = Path(os.path.realpath(path))
            # Shims share one script under many names, and the name tells them apart.
            identity = str(path if _is_script(real) else real)
            if match is None or identity in seen or not os.access(path, os.X_OK):
                continue
            seen.add(identity)
            if not _is_too_old(real):
                yield Candidate(language, path, str(path) if language == "node" else real.name)


def _is_too_old(binary: Path) -> bool:
    match = _NAMES["python"].fullmatch(binary.name)
    return match is not None and bool(match[1]) and (3, int(match[1])) < OLDEST["python"]


def _paths(directories: Sequence[str] | None) -> Iterator[Path]:
    for directory in _directories(directories or (*USUAL_DIRS, *os.get_exec_path())):
        try:
            names = sorted(os.listdir(directory), key=len, reverse=True)  # noqa: PTH208 - names only
        except OSError:
            continue
        yield from (directory / name for name in names if name.startswith(_FIRST_LETTERS))
    own = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    if directories is None and own.exists():
        yield own


def _directories(wanted: Iterable[str]) -> Iterator[Path]:
    looked: set[str] = set()
    for directory in wanted:
        real = Path(os.path.realpath(directory))
        versions = real.parent / "versions"
        is_shims = real.name == "shims" and versions.is_dir()
        for each in sorted(versions.glob("*/bin"), reverse=True) if is_shims else [real]:
            if str(each) not in looked:
                looked.add(str(each))
                yield each


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _ask(candidate: Candidate) -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(
            [str(candidate.path), *_question(candidate)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd="/",
        )
    except OSError:
        return None


def _question(candidate: Candidate) -> tuple[str, ...]:
    if candidate.language == "python":
        return ("-I", "-S", "-c", _ASK_PYTHON)
    if candidate.language == "ruby":
        return ("--disable=rubyopt", "-e", _ASK_RUBY)
    # A real binary need not start its engine to tell its version: 10 ms instead of 50.
    return ("-e", _ASK_NODE) if _is_script(candidate.path) else ("--version",)


def _answer(candidate: Candidate, process: subprocess.Popen[str] | None) -> Interpreter | None:
    if process is None:
        return None
    with process:
        try:
            text, _ = process.communicate(timeout=ANSWER_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    version, *where = text.splitlines() or [""]
    if process.returncode != 0 or not version:
        return None
    binary = where[0] if where else os.path.realpath(candidate.path)
    # Node has no prefix of its own: the directory above bin holds what was installed with it.
    prefix = where[1] if len(where) > 1 else str(Path(binary).parents[1])
    gems = tuple(_outside(where[2:], prefix))
    return Interpreter(candidate.language, binary, version.removeprefix("v"), prefix, gems)


def _outside(directories: Sequence[str], prefix: str) -> Iterator[str]:
    """Those that neither /usr nor the prefix shows."""
    for each in directories:
        if not any(Path(each).is_relative_to(shown) for shown in ("/usr", prefix)):
            yield each


def _nearest(known: RuntimeId, found: Iterable[Interpreter]) -> Interpreter | None:
    """The same version, else the next newer one, else the newest older one."""
    same = sorted((each for each in found if each.language == known.language), key=lambda i: i.key)
    newer = [each for each in same if each.key >= known.version]
    if newer:
        return newer[0]
    return same[-1] if same else None


def _provided() -> dict[str, dict[str, Any]]:
    """The ids that run whatever the function brings."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    distribution, version = release.get("ID", "linux"), release.get("VERSION_ID", "")
    amazon = tuple(map(int, re.findall(r"\d+", version))) if distribution == "amzn" else ()
    return {
        known.name: {
            "language": known.language,
            "interpreter": "bootstrap",
            "version": f"{distribution}{version}",
            "exact": known.version == amazon,
            "prefixes": [],
        }
        for known in RUNTIME_IDS.values()
        if known.language == "provided"
    }


def _entry(known: RuntimeId, chosen: Interpreter) -> dict[str, Any]:
    return {
        "language": known.language,
        "interpreter": chosen.binary,
        "version": chosen.version,
        "exact": chosen.key == known.version,
        "prefixes": chosen.prefixes(),
        "libraries": libraries(chosen.language, chosen.version),
    }

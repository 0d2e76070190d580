"""Builds the C programs: the floor, the load generator, a bootstrap for provided runtimes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
BUILD_DIR = HERE / "build"
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")
# What is deployed counts on no library of the host.
STATIC = frozenset({"bootstrap"})


class BuildFailed(Exception):
    """A program could not be built; the text says why."""


def build(name: str) -> Path:
    """Compile benchmarks/<name>/*.c to benchmarks/build/<name>, if that is older than its sources."""
    sources = sorted((HERE / name).glob("*.[ch]"))
    program = BUILD_DIR / name
    if program.exists() and program.stat().st_mtime >= max(s.stat().st_mtime for s in sources):
        return program
    compiler = shutil.which("gcc")
    if compiler is None:
        raise BuildFailed("gcc is not installed")
    BUILD_DIR.mkdir(exist_ok=True)
    units = [str(source) for source in sources if source.suffix == ".c"]
    # Of two that build at once, neither executes half a program, or the other's.
    unfinished = program.with_suffix(f".{os.getpid()}")
    flags = [*FLAGS, "-static"] if name in STATIC else FLAGS
    command = [compiler, *flags, "-o", str(unfinished), *units]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"{name} does not compile: {done.stderr.strip()}")
    unfinished.replace(program)
    return program

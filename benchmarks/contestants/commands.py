"""Starting an interpreter per invocation: the plain way, and the same inside bubblewrap."""

from __future__ import annotations

import os
import shutil
import time
from abc import ABC, abstractmethod
from pathlib import Path

from benchmarks import java
from benchmarks.build import BuildFailed
from benchmarks.contestants.server import FUNCTIONS_DIR, NotAvailable, run_step
from benchmarks.interpreters import node, python

RUN_ONCE = FUNCTIONS_DIR / "run_once.py"
EVENT = b'{"name": "lambent", "token": "call-000001"}'


class Command(ABC):
    """A contestant that is one process per invocation: event on its input, answer on its output."""

    name: str

    @abstractmethod
    def install(self) -> None:
        """Raises NotAvailable."""

    @abstractmethod
    def words(self) -> list[str]:
        """The command line."""

    def invoke(self) -> float:
        """Run it once; milliseconds from just before the process is made until its answer has been read."""
        words = self.words()
        event_out, event_in = os.pipe()
        answer_out, answer_in = os.pipe()
        os.write(event_in, EVENT)
        os.close(event_in)
        moves = [(os.POSIX_SPAWN_DUP2, event_out, 0), (os.POSIX_SPAWN_DUP2, answer_in, 1)]
        begun = time.perf_counter_ns()
        pid = os.posix_spawn(words[0], words, {}, file_actions=moves)
        os.close(answer_in)
        answer = os.read(answer_out, 65536)
        ms = (time.perf_counter_ns() - begun) / 1e6
        os.close(answer_out)
        os.close(event_out)
        os.waitpid(pid, 0)
        if b"call-000001" not in answer:
            raise NotAvailable(f"{self.name} answered {answer[:200]!r}")
        return ms


class PlainPython(Command):
    name = "plain python"

    def install(self) -> None:
        """Nothing to do."""

    def words(self) -> list[str]:
        return [python(), "-I", "-S", str(RUN_ONCE), str(FUNCTIONS_DIR), "hello.handler"]


class PlainNode(Command):
    name = "plain node"

    def install(self) -> None:
        if node() is None:
            raise NotAvailable("node is not installed")

    def words(self) -> list[str]:
        script = str(FUNCTIONS_DIR / "run_once.js")
        return [str(node()), script, str(FUNCTIONS_DIR), "hello.handler"]


class PlainJava(Command):
    name = "plain java"

    def install(self) -> None:
        try:
            java.classes()
        except BuildFailed as problem:
            raise NotAvailable(str(problem)) from problem

    def words(self) -> list[str]:
        return [str(java.java()), "-cp", str(java.classes()), "bench.RunOnce"]


class Bubblewrap(Command):
    name = "bubblewrap + python"

    def install(self) -> None:
        if shutil.which("bwrap"):
            return
        if os.geteuid() or not shutil.which("apt-get"):
            raise NotAvailable("bwrap is not installed (Debian package bubblewrap)")
        run_step(["apt-get", "install", "-y", "-qq", "bubblewrap"], "apt-get install bubblewrap")

    def words(self) -> list[str]:
        program = shutil.which("bwrap")
        assert program is not None
        return [program, *sandbox_options(), *PlainPython().words()]


def sandbox_options() -> list[str]:
    """Namespaces of its own and a read-only root with no more than the interpreter and the function in it."""
    prefix = Path(python()).parent.parent
    shown = ["/usr", *([] if prefix == Path("/usr") else [str(prefix)]), str(FUNCTIONS_DIR)]
    binds = [word for path in shown for word in ("--ro-bind", path, path)]
    links = [
        word
        for name in ("lib", "lib64", "bin")
        for word in ("--symlink", f"usr/{name}", f"/{name}")
    ]
    places = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    return ["--unshare-all", "--die-with-parent", *binds, *links, *places]

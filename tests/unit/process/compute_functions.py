"""What tests ask compute processes to do: found there by module and name, so it cannot live in the test file."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path


class Refused(Exception):
    """An error with two arguments, as CodeRejected."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind


class Stubborn(Exception):
    """An error that does not survive pickling: it cannot be made from its own arguments."""

    def __init__(self, *, only_by_name: str) -> None:
        super().__init__()
        self.only_by_name = only_by_name


def add(left: int, right: int) -> int:
    return left + right


def pid() -> int:
    return os.getpid()


def refuse() -> None:
    raise Refused("why", "because")


def be_stubborn() -> None:
    raise Stubborn(only_by_name="yes")


def answer_with_a_lock() -> object:
    return threading.Lock()


def loop_for_ever() -> None:
    while True:
        pass


def signal_then_wait(path: str) -> None:
    """Says its process id in a named pipe, then waits for ever."""
    Path(path).write_text(f"{os.getpid()}")
    threading.Event().wait()


def start_a_child_then_wait(path: str) -> None:
    """As signal_then_wait, with the id of a process of its own."""
    child = subprocess.Popen(["sleep", "600"])
    Path(path).write_text(f"{child.pid}")
    threading.Event().wait()


def die() -> None:
    os._exit(3)


def allocate(size: int) -> int:
    return len(bytearray(size))


def fill_the_memory() -> None:
    """In small pieces, so that nothing is left for saying so."""
    kept: list[object] = []
    while True:
        kept.append([None] * 10)


def echo(data: bytes) -> bytes:
    return data


def modules() -> list[str]:
    return sorted(sys.modules)


def limits() -> tuple[int, int, int]:
    return (
        resource.getrlimit(resource.RLIMIT_AS)[0],
        resource.getrlimit(resource.RLIMIT_CORE)[0],
        os.nice(0),
    )

"""The life of a small function, gone through before the real one comes: the pages that this touches are ours by then.

What is rehearsed is what comes: the frames of `live`, as many variables as a function has, code that is compiled.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import shutil
import socket
import sys
from typing import Any

from lambent.execution.runtimes.python import compiler, surroundings, wire
from lambent.execution.runtimes.python.output import Output
from lambent.execution.runtimes.python.runtime import live

_REHEARSALS = 12
_STREAMS = ("stdin", "stdout", "stderr")
_SOURCE = b"def handler(event, context):\n    return {'echo': event}\n"
_EVENT = b'{"name": "warm", "list": [1, 2.5, "up", null]}'
# As many as a function has.
_VARIABLES = 20


def rehearse() -> None:
    """In the zygote: warm up so often that the interpreter has rewritten the code that every fork runs.

    Each fork would rewrite it for itself, and own 14 % more memory (PEP 659: code that has run a few times is
    specialised in place, and every run until then is counted in it). Changes the environment.
    """
    streams = {name: value for name, value in vars(sys).items() if name.strip("_") in _STREAMS}
    output = Output()
    try:
        with contextlib.suppress(OSError):  # a host whose /tmp takes nothing
            for _ in range(_REHEARSALS):
                go_through(output)
    finally:
        vars(sys).update(streams)


def go_through(output: Output) -> None:
    """From ASSIGN to the end of the channel. Clears the environment.

    Raises:
        OSError: /tmp takes nothing.
    """
    directory = f"/tmp/.warm-{os.getpid()}-{os.urandom(6).hex()}"  # noqa: S108 - the sandbox's own /tmp
    path = sys.path[:]
    name = "warm_" + os.path.basename(directory)[6:].replace("-", "_")  # noqa: PTH119
    try:
        _write_code(directory, name)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            core = wire.Wire(theirs)
            core.send(wire.ASSIGN, payload=json.dumps(_assignment(directory, name)).encode())
            core.send(wire.BOUND)
            core.send(wire.INVOKE, payload=_call())
            theirs.shutdown(socket.SHUT_WR)
            live(wire.Wire(ours), output)
    finally:
        os.chdir("/")
        sys.path[:] = path
        sys.modules.pop(name, None)
        output.request_id = ""
        surroundings.clear_environment()
        surroundings.forget_finders()
        shutil.rmtree(directory, ignore_errors=True)


def _write_code(directory: str, name: str) -> None:
    cached = importlib.util.cache_from_source(f"{directory}/{name}.py")
    os.makedirs(os.path.dirname(cached), 0o700)  # noqa: PTH103, PTH120 - pathlib would be one more import
    for path, content in ((f"{directory}/{name}.py", _SOURCE), (cached, _pyc())):
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(content)


@functools.cache
def _pyc() -> bytes:
    """Made in the zygote, for all of its forks."""
    return compiler.pyc(_SOURCE, "warm_up.py")


def _assignment(directory: str, name: str) -> dict[str, Any]:
    variables = {"LAMBDA_TASK_ROOT": directory, "TZ": ":UTC", "LANG": "en_US.UTF-8"}
    for number in range(_VARIABLES):
        variables[f"WARM_UP_{number}"] = "a value of usual length"
    texts = ("function_version", "function_arn", "log_group", "log_stream")
    return {
        **dict.fromkeys(texts, "a text"),
        "function_name": name,
        "handler": f"{name}.handler",
        "environment": variables,
        "memory_mib": 128,
        "timeout_s": 3,
        "task_root": directory,
    }


def _call() -> bytes:
    metadata = json.dumps({"invoked_function_arn": "arn", "trace_id": "Root=1-0-0"}).encode()
    return len(metadata).to_bytes(2, "little") + metadata + _EVENT

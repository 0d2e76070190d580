"""The Python runtime of a sandbox: warmed up, then one function (runtime.py), then the end of the process.

Runs in a fork of the zygote, already locked in, or alone behind a wrapper (exec_start.py).
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import traceback
from typing import NoReturn

from lambent.execution.runtimes.python import surroundings, warm_up, wire
from lambent.execution.runtimes.python.output import Output, flush_streams
from lambent.execution.runtimes.python.runtime import live


def run(descriptor: int, *, is_assigned: bool = False, copies: int = -1) -> NoReturn:
    """Be the runtime of this sandbox on the frame socket `descriptor`. Never returns into the zygote's code.

    Args:
        is_assigned: ASSIGN lies in the socket, and the variables are set, by a wrapper perhaps otherwise than it says.
        copies: the socket of the keeper, where this is a SnapStart template.
    """
    status = 1
    try:
        _serve(socket.socket(fileno=descriptor), is_assigned=is_assigned, copies=copies)
        status = 0
    except SystemExit as end:
        status = _exit_status(end)
    except (
        BaseException
    ):  # the boundary: KeyboardInterrupt and the like end a Python program with their trace
        traceback.print_exc()
    finally:
        _leave(status)


def _serve(sock: socket.socket, *, is_assigned: bool, copies: int) -> None:
    output = Output()
    output.take_over_logging()
    if is_assigned:
        surroundings.forget_ourselves()  # in a fork the zygote has
    else:
        warm_up.go_through(output)
    surroundings.watch_children()
    channel = wire.Wire(sock)
    if not is_assigned:
        channel.send(wire.READY)
    live(channel, output, is_assigned=is_assigned, copies=copies)


def _exit_status(end: SystemExit) -> int:
    """As the interpreter does it: no code is 0, a number is itself, anything else is printed and is 1."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    sys.stderr.write(f"{end.code}\n")
    return 1


def _leave(status: int) -> NoReturn:
    try:
        atexit._run_exitfuncs()
        flush_streams()
    finally:
        os._exit(status)

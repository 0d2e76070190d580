"""The child's side of compute.py. It imports little, because its start is waited for.

A frame is a u64 (little-endian) length and a pickle. Request: (seconds, function, arguments); the function is named by
module and name. Answer: (True, result) or (False, exception). Both ends are ours, and under one uid.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import socket
import struct
import traceback
from typing import TYPE_CHECKING, Any

from lambent.core import plain_log
from lambent.process import priority

if TYPE_CHECKING:
    from typing import BinaryIO

LENGTH = struct.Struct("<Q")
# The parent kills us at the limit; if it is gone itself, nobody does but the alarm.
_ALARM_GRACE_S = 5.0


def pack(value: object) -> bytes:
    """The value as a frame."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def main(descriptor: int, memory_bytes: int, niceness: int, log_style: tuple[str, str]) -> None:
    """Answer requests on the socket until the parent closes it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    priority.set_niceness(niceness)
    priority.set_oom_score(priority.EXPENDABLE)
    plain_log.start(plain_log.LogStyle(*log_style), "compute")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    os.set_inheritable(descriptor, False)
    with socket.socket(fileno=descriptor) as connection, connection.makefile("rwb") as stream:
        while True:
            head = stream.read(LENGTH.size)
            if len(head) < LENGTH.size:
                return
            request = stream.read(LENGTH.unpack(head)[0])
            if not _reply(stream, _answer(request)):
                return


def _answer(request: bytes) -> bytes:
    try:
        seconds, fn, args = pickle.loads(request)  # noqa: S301 - from our own parent
        signal.setitimer(signal.ITIMER_REAL, seconds + _ALARM_GRACE_S)
        return pack((True, fn(*args)))
    except MemoryError:
        pass  # its traceback holds what filled the memory: let go of it before anything else is made
    except Exception as error:  # noqa: BLE001 - the boundary: whatever went wrong is the caller's to know
        return _failure(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return pack((False, MemoryError("the memory limit of compute processes")))


def _failure(error: Exception) -> bytes:
    error.add_note("In the compute process:\n" + traceback.format_exc())
    try:
        frame = pack((False, error))
        pickle.loads(frame[LENGTH.size :])  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - an exception of somebody's own making may refuse to travel
        return pack((False, RuntimeError("".join(traceback.format_exception(error)))))
    return frame


def _reply(stream: BinaryIO | Any, frame: bytes) -> bool:
    try:
        stream.write(frame)
        stream.flush()
    except BrokenPipeError:
        return False
    return True

"""A process that makes system calls on our order (ptrace(2)), none of its own instructions in between.

SnapStart needs it: a copy of a template has to move into its own namespaces, which takes privileges, and its memory is
the function's. So it never holds them while it runs by itself: stopped, it is made to do each step by us, its filter
suspended meanwhile, and it is let go when it has nothing left to misuse.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import struct
from typing import NamedTuple

from lambent.execution.sandbox import libc

_PTRACE_POKEDATA = 5
_PTRACE_CONT = 7
_PTRACE_SINGLESTEP = 9
_PTRACE_DETACH = 17
_PTRACE_GETREGSET = 0x4204
_PTRACE_SETREGSET = 0x4205
_PTRACE_SEIZE = 0x4206
_PTRACE_INTERRUPT = 0x4207
_PTRACE_PEEKTEXT = 1
_SUSPEND_SECCOMP = 1 << 21  # PTRACE_O_SUSPEND_SECCOMP
_NT_PRSTATUS = 1
_WALL = 0x40000000  # __WALL: tracees that are nobody's children, too
# What a system call that was interrupted, and is to be made again, leaves for the kernel's own eyes.
_RESTART = frozenset({-512, -513, -514})
# Below what the interrupted function may use without moving its stack pointer.
_SCRATCH = 1024
# It has said that it is going to wait; how often to look whether it does, a millisecond apart.
_LOOKS = 1000
_WORD = (1 << 64) - 1


class _Machine(NamedTuple):
    """Where things are in NT_PRSTATUS. Indices of 64-bit words.

    `restart`: of the number of the call that was interrupted; None where the kernel itself prepares the restart.
    """

    words: int
    number: int
    arguments: tuple[int, ...]
    result: int
    counter: int
    stack: int
    restart: int | None
    instruction: bytes
    calls: dict[str, int]


_X86_64 = _Machine(
    words=27,
    number=10,
    arguments=(14, 13, 12, 7, 9, 8),
    result=10,
    counter=16,
    stack=19,
    restart=15,
    instruction=b"\x0f\x05",
    calls={
        "close": 3,
        "setresuid": 117,
        "setresgid": 119,
        "setgroups": 116,
        "capset": 126,
        "prctl": 157,
        "unshare": 272,
        "setns": 308,
        "pidfd_open": 434,
    },
)
_AARCH64 = _Machine(
    words=34,
    number=8,
    arguments=(0, 1, 2, 3, 4, 5),
    result=0,
    counter=32,
    stack=31,
    restart=None,
    instruction=b"\x01\x00\x00\xd4",
    calls={
        "close": 57,
        "capset": 91,
        "setresuid": 147,
        "setresgid": 149,
        "setgroups": 159,
        "prctl": 167,
        "unshare": 97,
        "setns": 268,
        "pidfd_open": 434,
    },
)
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


def is_possible() -> bool:
    """Whether this architecture is known here."""
    return os.uname().machine in _MACHINES


class TraceFailed(OSError):
    """The process did not do what it was told to."""


class Tracee:
    """A process under our control from here to `release`.

    It must be about to wait in a system call, in its only thread.

    Raises:
        OSError: it cannot be traced, or not without its filter.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._machine = _MACHINES[os.uname().machine]
        _ptrace(_PTRACE_SEIZE, pid, 0, _SUSPEND_SECCOMP)
        self._saved: list[int] = []
        self._door = 0
        for _ in range(_LOOKS):
            _ptrace(_PTRACE_INTERRUPT, pid, 0, 0)
            self._wait()
            self._saved = self._registers()
            self._door = self._find_door()
            if self._door:
                return
            _ptrace(_PTRACE_CONT, pid, 0, 0)
            select.poll().poll(1)
        raise TraceFailed(errno.EPROTO, "the process does not wait in a system call")

    def _find_door(self) -> int:
        """Where the instruction is that makes system calls: behind us, or, where a restart is prepared, ahead."""
        instruction = self._machine.instruction
        counter = self._saved[self._machine.counter]
        for address in (counter - len(instruction), counter):
            if struct.pack("<Q", _peek(self._pid, address)).startswith(instruction):
                return address
        return 0

    def call(self, name: str, *arguments: int) -> int:
        """Have it make the system call `name`.

        Raises:
            OSError: the call failed.
        """
        machine, registers = self._machine, list(self._saved)
        registers[machine.counter] = self._door
        if machine.restart is not None:
            registers[machine.restart] = _WORD  # nothing to be made again
        registers[machine.number] = machine.calls[name]
        for place, value in zip(machine.arguments, arguments, strict=False):
            registers[place] = value & _WORD
        self._set_registers(registers)
        _ptrace(_PTRACE_SINGLESTEP, self._pid, 0, 0)
        self._wait()
        result = _signed(self._registers()[machine.result])
        if -4096 < result < 0:
            raise OSError(-result, f"{name}: {os.strerror(-result)}")
        return result

    def put(self, data: bytes) -> int:
        """Write `data` below its stack, for a call; returns where."""
        address = (self._saved[self._machine.stack] - _SCRATCH) & ~15
        for start in range(0, len(data), 8):
            (word,) = struct.unpack("<Q", data[start : start + 8].ljust(8, b"\0"))
            _ptrace(_PTRACE_POKEDATA, self._pid, address + start, word)
        return address

    def release(self) -> None:
        """Let it go on where it was stopped."""
        machine, registers = self._machine, list(self._saved)
        if machine.restart is not None:
            interrupted, registers[machine.restart] = registers[machine.restart], _WORD
            if interrupted != _WORD and _signed(registers[machine.result]) in _RESTART:
                registers[machine.counter] = self._door
                registers[machine.number] = interrupted
        self._set_registers(registers)
        _ptrace(_PTRACE_DETACH, self._pid, 0, 0)

    def _wait(self) -> None:
        _, status = os.waitpid(self._pid, _WALL)
        is_stop = os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP
        if not is_stop:
            raise TraceFailed(errno.EPROTO, f"the process stopped otherwise ({status:#x})")

    def _registers(self) -> list[int]:
        count = self._machine.words
        buffer = (ctypes.c_uint64 * count)()
        vector = _Vector(ctypes.addressof(buffer), ctypes.sizeof(buffer))
        _ptrace(_PTRACE_GETREGSET, self._pid, _NT_PRSTATUS, ctypes.addressof(vector))
        return list(buffer)

    def _set_registers(self, values: list[int]) -> None:
        buffer = (ctypes.c_uint64 * len(values))(*values)
        vector = _Vector(ctypes.addressof(buffer), ctypes.sizeof(buffer))
        _ptrace(_PTRACE_SETREGSET, self._pid, _NT_PRSTATUS, ctypes.addressof(vector))


class _Vector(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


def _ptrace(request: int, pid: int, address: int, data: int) -> None:
    values = (ctypes.c_long(request), ctypes.c_long(pid))
    libc.call("ptrace", *values, ctypes.c_void_p(address), ctypes.c_void_p(data))


def _peek(pid: int, address: int) -> int:
    function = libc.library().ptrace
    function.restype = ctypes.c_long
    ctypes.set_errno(0)
    value = function(
        ctypes.c_long(_PTRACE_PEEKTEXT), ctypes.c_long(pid), ctypes.c_void_p(address), None
    )
    function.restype = ctypes.c_int
    if value == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), "ptrace: cannot read the process")
    return int(value) & _WORD

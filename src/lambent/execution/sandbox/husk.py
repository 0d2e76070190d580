"""A process that only has to be there, reduced to the pages that it waits in.

As an idle interpreter the first process of a sandbox's pid namespace would cost 2 MB, a third of the sandbox. That of a
copy (shell.py) reaps, which the kernel does for it, and ends with a kill; that of any other sandbox takes in orphans
until its runtime ends, and says how that was.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import struct
from typing import TYPE_CHECKING, NoReturn

from lambent.execution.sandbox import libc

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE = mmap.PAGESIZE
# The end of what a process may map on x86_64 with four levels of page tables.
_END = 0x7FFFFFFFF000
_SYS_RSEQ = 334
_RSEQ_UNREGISTER = 1
_RSEQ_SIGNATURE = 0x53053053
_SYS_ARCH_PRCTL = 158
_ARCH_GET_FS = 0x1003


# What `reap` writes: this, then the status of wait4(2), in the machine's byte order.
MARK = b"="


def wait_for_ever() -> NoReturn:
    """Give all memory back and wait to be killed. No signal may have a handler."""
    if _can_shrink():
        _shrink(_waiting)
    while True:
        signal.pause()


def reap(child: int, status_in: int) -> None:
    """Give all memory back, wait for children until `child` ends, write `MARK` and its status to `status_in`, and end.

    No signal may have a handler. Returns only where that cannot be done, with nothing changed.
    """
    if _can_shrink():
        _shrink(_reaping(child, status_in))


def _can_shrink() -> bool:
    return os.uname().machine == "x86_64" and _leave_restartable_sequences()


def _leave_restartable_sequences() -> bool:
    """The kernel writes to memory of ours whenever it moves us to another CPU, until it is told not to."""
    try:
        offset = ctypes.c_ssize_t.in_dll(libc.library(), "__rseq_offset").value
        size = ctypes.c_uint.in_dll(libc.library(), "__rseq_size").value
    except ValueError:  # a C library that does not know of them
        return True
    if size == 0:
        return True
    base = ctypes.c_uint64()
    libc.syscall("arch_prctl", _SYS_ARCH_PRCTL, _ARCH_GET_FS, ctypes.byref(base))
    # It is registered with at least this length, whatever part of it is in use.
    for length in (max(size, 32), size):
        arguments = (base.value + offset, length, _RSEQ_UNREGISTER, _RSEQ_SIGNATURE)
        try:
            libc.syscall("rseq", _SYS_RSEQ, *arguments)
        except OSError:
            continue
        return True
    return False


def _shrink(work: Callable[[int], bytes]) -> NoReturn:
    """Keep a page of code and one of data, whose address `work` gets, and go on with `work`."""
    pages = mmap.mmap(-1, 2 * _PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    program = _give_back(address, address + 2 * _PAGE) + work(address + _PAGE)
    pages[:_PAGE] = program.ljust(_PAGE, b"\xcc")
    protection = mmap.PROT_READ | mmap.PROT_EXEC
    size = ctypes.c_size_t(_PAGE)
    libc.call("mprotect", ctypes.c_void_p(address), size, protection)
    ctypes.CFUNCTYPE(None)(address)()
    raise AssertionError("there is nothing to come back to")


def _give_back(first: int, behind: int) -> bytes:
    """munmap(0, first); munmap(behind, all that is left);"""
    return b"".join(
        (
            b"\x31\xff",  # xor edi, edi
            b"\x48\xbe" + struct.pack("<Q", first),  # mov rsi, first
            b"\xb8\x0b\x00\x00\x00\x0f\x05",  # mov eax, SYS_munmap; syscall
            b"\x48\xbf" + struct.pack("<Q", behind),  # mov rdi, behind
            b"\x48\xbe" + struct.pack("<Q", _END - behind),  # mov rsi, length
            b"\xb8\x0b\x00\x00\x00\x0f\x05",  # mov eax, SYS_munmap; syscall
        )
    )


def _waiting(_data: int) -> bytes:
    """for (;;) pause();"""
    return b"\xb8\x22\x00\x00\x00\x0f\x05\xeb\xf7"  # mov eax, SYS_pause; syscall; jmp -9


def _reaping(child: int, status_in: int) -> Callable[[int], bytes]:
    """do pid = wait4(-1, &status, 0, NULL); while (pid != child); write(status_in, ...); exit_group(0);"""

    def program(data: int) -> bytes:
        status = data + len(MARK)
        wait = b"".join(
            (
                b"\xbf\xff\xff\xff\xff",  # mov edi, -1
                b"\x48\xbe" + struct.pack("<Q", status),  # mov rsi, &status
                b"\x31\xd2\x4d\x31\xd2",  # xor edx, edx; xor r10, r10
                b"\xb8\x3d\x00\x00\x00\x0f\x05",  # mov eax, SYS_wait4; syscall
                b"\x3d" + struct.pack("<i", child),  # cmp eax, child
            )
        )
        again = b"\x75" + struct.pack("b", -len(wait) - 2)  # jne wait
        return b"".join(
            (
                b"\x48\xb8" + struct.pack("<Q", data),  # mov rax, data
                b"\xc6\x00" + MARK,  # mov byte [rax], MARK
                wait,
                again,
                b"\xbf" + struct.pack("<i", status_in),  # mov edi, status_in
                b"\x48\xbe" + struct.pack("<Q", data),  # mov rsi, data
                b"\xba\x05\x00\x00\x00",  # mov edx, 5
                b"\xb8\x01\x00\x00\x00\x0f\x05",  # mov eax, SYS_write; syscall
                b"\x31\xff\xb8\xe7\x00\x00\x00\x0f\x05",  # xor edi, edi; mov eax, SYS_exit_group; syscall
            )
        )

    return program

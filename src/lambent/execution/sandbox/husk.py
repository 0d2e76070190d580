"""A process that only has to be there, reduced to the page that it waits in.

The first process of a copy's pid namespace (shell.py) reaps, which the kernel does for it, and ends with a kill. As an
idle interpreter it would cost 2 MB, as much as the copy itself.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import struct
from typing import NoReturn

from lambent.execution.sandbox import libc

_PAGE = mmap.PAGESIZE
# The end of what a process may map on x86_64 with four levels of page tables.
_END = 0x7FFFFFFFF000
_SYS_RSEQ = 334
_RSEQ_UNREGISTER = 1
_RSEQ_SIGNATURE = 0x53053053
_SYS_ARCH_PRCTL = 158
_ARCH_GET_FS = 0x1003


def wait_for_ever() -> NoReturn:
    """Give all memory back and wait to be killed. No signal may have a handler."""
    if os.uname().machine == "x86_64" and _leave_restartable_sequences():
        _shrink()
    while True:
        signal.pause()


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


def _shrink() -> NoReturn:
    page = mmap.mmap(-1, _PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    page[:] = _program(address).ljust(_PAGE, b"\xcc")
    protection = mmap.PROT_READ | mmap.PROT_EXEC
    size = ctypes.c_size_t(_PAGE)
    libc.call("mprotect", ctypes.c_void_p(address), size, protection)
    ctypes.CFUNCTYPE(None)(address)()
    raise AssertionError("there is nothing to come back to")


def _program(address: int) -> bytes:
    """munmap(0, address); munmap(address + page, ...); for (;;) pause();"""
    behind = address + _PAGE
    return b"".join(
        (
            b"\x31\xff",  # xor edi, edi
            b"\x48\xbe" + struct.pack("<Q", address),  # mov rsi, address
            b"\xb8\x0b\x00\x00\x00\x0f\x05",  # mov eax, SYS_munmap; syscall
            b"\x48\xbf" + struct.pack("<Q", behind),  # mov rdi, behind
            b"\x48\xbe" + struct.pack("<Q", _END - behind),  # mov rsi, length
            b"\xb8\x0b\x00\x00\x00\x0f\x05",  # mov eax, SYS_munmap; syscall
            b"\xb8\x22\x00\x00\x00\x0f\x05",  # wait: mov eax, SYS_pause; syscall
            b"\xeb\xf7",  # jmp wait
        )
    )

"""The system call filter: assembled here as classic BPF, loaded with prctl(2).

A deny list: functions may run any program, so what is closed are the doors to more kernel (new namespaces, mounts,
tracing, bpf, keys, io_uring, ...), not the daily calls. Denied calls answer EPERM. clone3 answers ENOSYS: its flags lie
in memory where a filter cannot look, and libc falls back to clone, whose flags it can see. So does io_setup: the
whole host has one pot of such contexts (fs.aio-max-nr), which one function could empty; POSIX AIO uses threads.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from lambent.execution.sandbox import libc, namespaces
from lambent.execution.sandbox.syscalls import AUDIT_ARCH, NUMBERS

# struct seccomp_data: nr, arch, instruction pointer, six 64-bit arguments (the low half first: little-endian).
_NR, _ARCH, _ARGUMENT_0, _ARGUMENT_1, _ARGUMENT_2 = 0, 4, 16, 24, 32
_HIGH_HALF = 4
_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_NOT_BELOW = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_JUMP_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_MODE_FILTER = 2
_X32_BIT = 0x40000000  # calls of the x32 ABI, under the same AUDIT_ARCH as x86_64
# A list of what is allowed, because asking for any other family makes the kernel load a module for it, and some (vsock,
# alg, the netlink of device events) reach past the network namespace.
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE = 0
# The default of the type, ICMP, TCP, UDP, ICMPv6, MPTCP.
_INTERNET_PROTOCOLS = (0, 1, 6, 17, 58, 262)
# The limit of core files stays as it is (rlimits.py says why). Who sets it to 0 has what he wants already, and some
# programs give up when they cannot: the call seems to work.
_RLIMIT_CORE = 4
_SEEMS_DONE = 0
_QUERY_PERSONALITY = 0xFFFFFFFF
# Handled one by one below, because their arguments decide.
_BY_ARGUMENT = frozenset(
    {"clone", "unshare", "clone3", "personality", "socket", "socketpair", "io_setup"}
    | {"setrlimit", "prlimit64"}
)


def build(machine: str | None = None) -> bytes:
    """The filter for `machine` (as uname has it), as an array of struct sock_filter.

    Raises:
        KeyError: there is no table for this architecture.
    """
    machine = machine or os.uname().machine
    numbers = NUMBERS[machine]
    code = [_op(_LOAD, _ARCH), *_unless_equal(AUDIT_ARCH[machine], errno.EPERM), _op(_LOAD, _NR)]
    if machine == "x86_64":
        code += [_op(_JUMP_NOT_BELOW, _X32_BIT, 0, 1), _refuse(errno.EPERM)]
    code += _when(numbers["clone"], _refused_flags(namespaces.ANY_NEW))
    code += _when(numbers["unshare"], _refused_flags(namespaces.ANY_NEW | namespaces.NEWTIME))
    code += _when(numbers["personality"], _only_values((0, _QUERY_PERSONALITY)))
    for name in ("socket", "socketpair"):
        code += _when(numbers[name], _known_sockets())
    code += _when(numbers["setrlimit"], _unless_core_limit([]))
    # Not a question only: the third argument points to the new limit.
    code += _when(
        numbers["prlimit64"], _unless_core_limit(_return_if_null(_ARGUMENT_2), _ARGUMENT_1)
    )
    for name in ("clone3", "io_setup"):
        code += _when(numbers[name], [_refuse(errno.ENOSYS)])
    for name in sorted(set(numbers) - _BY_ARGUMENT):
        code += _when(numbers[name], [_refuse(errno.EPERM)])
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def load(program: bytes) -> None:
    """Put this process and all its descendants under `program`, for good. Needs no_new_privs."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = _Program(len(program) // 8, ctypes.addressof(buffer))
    libc.prctl(libc.PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(code: int) -> bytes:
    return _op(_RETURN, _ERRNO | code)


def _unless_equal(value: int, code: int) -> list[bytes]:
    return [_op(_JUMP_EQUAL, value, 1, 0), _refuse(code)]


def _when(number: int, body: list[bytes]) -> list[bytes]:
    """`body` if the accumulator is `number`; a body ends in a return, so the accumulator is unchanged after it."""
    return [_op(_JUMP_EQUAL, number, 0, len(body)), *body]


def _refused_flags(flags: int) -> list[bytes]:
    return [
        _op(_LOAD, _ARGUMENT_0),
        _op(_JUMP_ANY_BIT, flags, 0, 1),
        _refuse(errno.EPERM),
        _op(_RETURN, _ALLOW),
    ]


def _only_values(
    values: tuple[int, ...], argument: int = _ARGUMENT_0, code: int = errno.EPERM
) -> list[bytes]:
    body = [_op(_LOAD, argument)]
    for value in values:
        body += [_op(_JUMP_EQUAL, value, 0, 1), _op(_RETURN, _ALLOW)]
    return [*body, _refuse(code)]


def _known_sockets() -> list[bytes]:
    body = [
        _op(_LOAD, _ARGUMENT_0),
        _op(_JUMP_EQUAL, _AF_UNIX, 0, 1),
        _op(_RETURN, _ALLOW),
    ]
    for families, protocols in (
        ((_AF_NETLINK,), (_NETLINK_ROUTE,)),
        ((_AF_INET, _AF_INET6), _INTERNET_PROTOCOLS),
    ):
        of_these = _only_values(protocols, _ARGUMENT_2, errno.EPROTONOSUPPORT)
        for family in families:
            body += _when(family, of_these)
    return [*body, _refuse(errno.EAFNOSUPPORT)]


def _unless_core_limit(exception: list[bytes], argument: int = _ARGUMENT_0) -> list[bytes]:
    return [
        _op(_LOAD, argument),
        _op(_JUMP_EQUAL, _RLIMIT_CORE, 1, 0),
        _op(_RETURN, _ALLOW),
        *exception,
        _refuse(_SEEMS_DONE),
    ]


def _return_if_null(argument: int) -> list[bytes]:
    """Allow the call if a pointer is null, both halves of it."""
    return [
        _op(_LOAD, argument),
        _op(_JUMP_EQUAL, 0, 0, 3),
        _op(_LOAD, argument + _HIGH_HALF),
        _op(_JUMP_EQUAL, 0, 0, 1),
        _op(_RETURN, _ALLOW),
    ]

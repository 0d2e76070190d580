"""The filter program, run by an interpreter of classic BPF; no kernel needed, so both architectures are checked."""

from __future__ import annotations

import errno
import os
import re
import struct
from pathlib import Path

import pytest

from lambent.execution.sandbox import seccomp
from lambent.execution.sandbox.syscalls import AUDIT_ARCH, NUMBERS

_ALLOW = 0x7FFF0000
_SEEMS_DONE = -1


def _decide(
    program: bytes, number: int, arch: int, argument: int = 0, second: int = 0, third: int = 0
) -> int:
    """What the kernel would answer: the errno, 0 for allow, -1 for a success without the call."""
    arguments = (argument, second, third, 0, 0, 0)
    data = struct.pack("=IIQ6Q", number, arch, 0, *arguments)
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator = counter = 0
    while True:
        operation, if_true, if_false, value = code[counter]
        counter += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif operation == 0x06:
            assert value == _ALLOW or value >> 16 == 5
            return 0 if value == _ALLOW else (value & 0xFFFF or _SEEMS_DONE)
        else:
            holds = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }[operation]
            counter += if_true if holds else if_false


@pytest.fixture(params=sorted(NUMBERS))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_listed_call_is_denied(machine: str) -> None:
    program = seccomp.build(machine)
    by_argument = {
        "clone",
        "unshare",
        "personality",
        "socket",
        "socketpair",
        "setrlimit",
        "prlimit64",
    }
    for name, number in NUMBERS[machine].items():
        if name in by_argument:
            continue
        expected = errno.ENOSYS if name in {"clone3", "io_setup"} else errno.EPERM
        assert _decide(program, number, AUDIT_ARCH[machine]) == expected, name


def test_no_other_call_is_denied(machine: str) -> None:
    program = seccomp.build(machine)
    listed = set(NUMBERS[machine].values())
    denied = [
        number
        for number in range(600)
        if number not in listed and _decide(program, number, AUDIT_ARCH[machine])
    ]
    assert denied == []


@pytest.mark.parametrize("bit", range(7, 32))
def test_namespace_flags(machine: str, bit: int) -> None:
    program, numbers, arch = seccomp.build(machine), NUMBERS[machine], AUDIT_ARCH[machine]
    of_clone = {17, 25, 26, 27, 28, 29, 30}
    clone = _decide(program, numbers["clone"], arch, 1 << bit)
    unshare = _decide(program, numbers["unshare"], arch, 1 << bit)
    assert clone == (errno.EPERM if bit in of_clone else 0)
    assert unshare == (errno.EPERM if bit in of_clone | {7} else 0)


def test_threads_and_forks_pass(machine: str) -> None:
    program, arch = seccomp.build(machine), AUDIT_ARCH[machine]
    for flags in (0x3D0F00, 17, 0x01200011):  # pthread_create, SIGCHLD, fork of glibc
        assert _decide(program, NUMBERS[machine]["clone"], arch, flags) == 0


def test_arguments_that_decide(machine: str) -> None:
    program, numbers, arch = seccomp.build(machine), NUMBERS[machine], AUDIT_ARCH[machine]
    values = (0, 0xFFFFFFFF, 0x0040000, 8)
    assert [_decide(program, numbers["personality"], arch, v) for v in values] == [0, 0, 1, 1]


@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_sockets_of_few_families_and_protocols(machine: str, call: str) -> None:
    program, number, arch = seccomp.build(machine), NUMBERS[machine][call], AUDIT_ARCH[machine]
    families = {family for family in range(64) if not _decide(program, number, arch, family)}
    assert families == {1, 2, 10, 16}
    assert _decide(program, number, arch, 38) == errno.EAFNOSUPPORT
    protocols = {
        family: {each for each in range(300) if not _decide(program, number, arch, family, 0, each)}
        for family in (2, 10, 16)
    }
    internet = {0, 1, 6, 17, 58, 262}
    assert protocols == {2: internet, 10: internet, 16: {0}}
    assert _decide(program, number, arch, 16, 0, 15) == errno.EPROTONOSUPPORT


def test_the_limit_of_core_files_stays(machine: str) -> None:
    program, numbers, arch = seccomp.build(machine), NUMBERS[machine], AUDIT_ARCH[machine]
    for which in range(16):
        answer = _decide(program, numbers["setrlimit"], arch, which)
        assert answer == (_SEEMS_DONE if which == 4 else 0)
        assert _decide(program, numbers["prlimit64"], arch, 4, which) == 0  # asks
        for pointer in (1, 1 << 32, 0x7FFF_FFFF_F000):
            answer = _decide(program, numbers["prlimit64"], arch, 0, which, pointer)
            assert answer == (_SEEMS_DONE if which == 4 else 0)


def test_foreign_architectures(machine: str) -> None:
    program = seccomp.build(machine)
    for arch in (0x40000003, 0x40000028, *AUDIT_ARCH.values()):  # i386, arm
        expected = 0 if arch == AUDIT_ARCH[machine] else errno.EPERM
        assert _decide(program, NUMBERS[machine]["clone"], arch) == expected


def test_x32() -> None:
    program = seccomp.build("x86_64")
    assert _decide(program, 0x40000000, AUDIT_ARCH["x86_64"]) == errno.EPERM
    assert _decide(program, 0xFFFFFFFF, AUDIT_ARCH["x86_64"]) == errno.EPERM


def test_an_unknown_architecture_has_no_filter() -> None:
    with pytest.raises(KeyError):
        seccomp.build("riscv64")


@pytest.mark.parametrize(
    ("machine", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_numbers_agree_with_the_kernels_headers(machine: str, header: str) -> None:
    if not Path(header).exists():
        pytest.skip(f"{os.path.basename(header)} is not installed")  # noqa: PTH119
    found = dict(re.findall(r"#define __NR_(\w+)\s+(\d+)", Path(header).read_text()))
    # Newer calls are missing from older headers.
    known = {name: number for name, number in NUMBERS[machine].items() if name in found}
    assert len(known) > 50
    assert {name: int(found[name]) for name in known} == known

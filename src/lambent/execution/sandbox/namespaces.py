"""Namespaces: what a process sees of mounts, processes, IPC, host name, cgroups, network and users."""

from __future__ import annotations

import os

from lambent.execution.sandbox import libc

NEWTIME = 0x00000080
NEWNS = 0x00020000
NEWCGROUP = 0x02000000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000
# All that clone(2) knows; NEWTIME lies in clone's signal byte and is for unshare(2) and clone3(2) only.
ANY_NEW = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET

# What a sandbox leaves behind besides its pid namespace, which its zygote makes for it.
OF_A_SANDBOX = NEWNS | NEWIPC | NEWUTS | NEWCGROUP | NEWNET


def unshare(flags: int) -> None:
    """Leave the namespaces in `flags` for fresh ones. NEWPID acts on the next child, not on us."""
    libc.call("unshare", flags)


def enter(descriptor: int, flags: int) -> None:
    """Join the namespaces in `flags` of a pidfd, or the one behind a /proc/.../ns descriptor."""
    libc.call("setns", descriptor, flags)


def open_own(name: str) -> int:
    """A descriptor of our own namespace `name` ("mnt", "pid"), to come back to."""
    return os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)


def identity(pid: int, name: str) -> int:
    """The inode that stands for the namespace `name` of process `pid`."""
    return os.stat(f"/proc/{pid}/ns/{name}").st_ino  # noqa: PTH116 - one call, no object


def set_hostname(name: str) -> None:
    encoded = name.encode()
    libc.call("sethostname", encoded, len(encoded))


def become_namespace_root() -> None:
    """Without root: a user and a mount namespace of our own, in which our uid is 0.

    Raises:
        OSError: the kernel or its security module forbids user namespaces.
    """
    uid, gid = os.geteuid(), os.getegid()
    unshare(NEWUSER | NEWNS)
    _write(
        "/proc/self/setgroups", "deny"
    )  # the kernel's condition for writing gid_map without privilege
    _write("/proc/self/uid_map", f"0 {uid} 1")
    _write("/proc/self/gid_map", f"0 {gid} 1")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)

"""Mounts: file systems made, trees cloned read-only, the root changed."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

from lambent.execution.sandbox import libc

if TYPE_CHECKING:
    from collections.abc import Mapping

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
_MNT_DETACH = 0x2

_ATTR_RDONLY = 0x1
_ATTR_NOSUID = 0x2
_ATTR_NODEV = 0x4
_FSCONFIG_SET_STRING = 1
_FSCONFIG_CMD_CREATE = 6
_OPEN_TREE_CLONE = 0x1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_MOVE_MOUNT_F_EMPTY_PATH = 0x4


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2). `kind` is the file system's name, `options` its own comma-separated options."""
    encoded = (source.encode(), os.fsencode(target), kind.encode())
    try:
        libc.call("mount", *encoded, ctypes.c_ulong(flags), options.encode())
    except OSError as error:
        raise OSError(
            error.errno, f"mount {kind or source} at {target}: {error.strerror}"
        ) from None


def make(kind: str, options: Mapping[str, str]) -> int:
    """A detached mount of a file system of `kind`, without set-uid programs and devices; returns its descriptor."""
    context = libc.fsopen(kind)
    try:
        for name, value in options.items():
            libc.fsconfig(context, _FSCONFIG_SET_STRING, name.encode(), value.encode())
        libc.fsconfig(context, _FSCONFIG_CMD_CREATE, None, None)
        return libc.fsmount(context, _ATTR_NOSUID | _ATTR_NODEV)
    finally:
        os.close(context)


def make_private() -> None:
    """Nothing we mount shows up elsewhere, and nothing from elsewhere here."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)


def clone(path: str) -> int:
    """A detached copy of the tree at `path` with all below it, as writable as it is; returns its descriptor."""
    return libc.open_tree(path, _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE)


def make_all_readonly() -> None:
    """Every mount of this mount namespace becomes read-only."""
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        attributes = libc.MountAttributes(attr_set=_ATTR_RDONLY)
        libc.mount_setattr(root, _AT_EMPTY_PATH | _AT_RECURSIVE, attributes)
    finally:
        os.close(root)


def clone_readonly(path: str) -> int:
    """A detached copy that nobody can write to, without set-uid programs and devices; returns its descriptor."""
    descriptor = clone(path)
    attributes = libc.MountAttributes(
        attr_set=_ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, propagation=MS_PRIVATE
    )
    try:
        libc.mount_setattr(descriptor, _AT_EMPTY_PATH | _AT_RECURSIVE, attributes)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def clone_writable_alone(path: str) -> int:
    """A detached copy of the tree at `path` in which nobody can write to what is mounted below it; its descriptor."""
    descriptor = clone(path)
    try:
        readonly = libc.MountAttributes(attr_set=_ATTR_RDONLY)
        libc.mount_setattr(descriptor, _AT_EMPTY_PATH | _AT_RECURSIVE, readonly)
        libc.mount_setattr(descriptor, _AT_EMPTY_PATH, libc.MountAttributes(attr_clr=_ATTR_RDONLY))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def attach(descriptor: int, target: str) -> None:
    """Put a detached tree at `target` of the current mount namespace, and close its descriptor."""
    try:
        libc.move_mount(descriptor, target, _MOVE_MOUNT_F_EMPTY_PATH)
    finally:
        os.close(descriptor)


def bind_readonly(source: str, target: str) -> None:
    attach(clone_readonly(source), target)


def remount_readonly(target: str) -> None:
    mount("none", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID)


def detach(target: str) -> None:
    libc.call("umount2", os.fsencode(target), _MNT_DETACH)


def pivot_into(new_root: str) -> None:
    """Make `new_root` the root of this mount namespace and drop the old one from it."""
    os.chdir(new_root)
    # Both arguments the same: the old root lands on top of the new one and is taken off at once (pivot_root(2)).
    libc.pivot_root(".", ".")
    detach(".")
    os.chdir("/")

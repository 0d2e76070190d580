"""Copies what core unpacked into the store of sealed trees, where nobody can change it any more.

Core's staging directory is not trusted: nothing is followed, only plain files and directories are taken, and the digest
is of what was written, not of what was there. Runs in a child of the spawner, which may take its time.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import stat
from dataclasses import dataclass, field

from lambent.execution import code_facts
from lambent.execution.sandbox import libc

# The checks of the deploy allow 250 MB and less; these bound a core that has gone wrong.
_MOST_BYTES = 1_073_741_824
_MOST_ENTRIES = 200_000
_DEEPEST = 64
_CHUNK = 1_048_576
# Above this many files one sync of the file system is cheaper than one per file.
_SYNC_EACH = 64

_FOLLOW_NOTHING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class CannotSeal(Exception):
    """The staged tree is not acceptable. The text says what of it."""


@dataclass
class _Progress:
    """What was copied: a line of the digest for each file; and what it shows (`code_facts`)."""

    lines: list[tuple[bytes, bytes]] = field(default_factory=list)
    entries: int = 0
    size: int = 0
    facts: set[str] = field(default_factory=set)

    def note(self, fact: str | None) -> None:
        if fact is not None:
            self.facts.add(fact)


def seal(staging: str, name: str, sealing: str, sealed: str, facts: str) -> str:
    """Copy `staging/name` to `sealed/<digest>` by way of `sealing`, a directory on the same file system.

    What the tree shows is noted in the directory `facts`.

    Raises:
        CannotSeal, OSError
    """
    temporary = os.path.join(sealing, name)  # noqa: PTH118
    os.mkdir(temporary, 0o700)  # noqa: PTH102
    try:
        progress = _Progress()
        digest = _copy_all(staging, name, temporary, progress)
        code_facts.note(facts, digest, progress.facts)
        target = os.path.join(sealed, digest)  # noqa: PTH118
        if not os.path.isdir(target):  # noqa: PTH112
            os.chmod(temporary, 0o700)  # noqa: PTH101 - renaming a directory needs to write to it
            os.rename(temporary, target)  # noqa: PTH104
        os.chmod(target, 0o555)  # noqa: PTH101, S103 - sandboxes of any uid read it
        _sync_directory(sealed)
        return digest
    finally:
        remove_tree(temporary)


def _copy_all(staging: str, name: str, temporary: str, progress: _Progress) -> str:
    base = os.open(staging, _FOLLOW_NOTHING | os.O_DIRECTORY)
    source = os.open(name, _FOLLOW_NOTHING | os.O_DIRECTORY, dir_fd=base)
    target = os.open(temporary, _FOLLOW_NOTHING | os.O_DIRECTORY)
    try:
        _copy_directory(source, target, b"", progress, 0)
        if len(progress.lines) > _SYNC_EACH:
            libc.call("syncfs", ctypes.c_int(target))
    finally:
        for descriptor in (base, source, target):
            os.close(descriptor)
    digest = hashlib.sha256()
    for _, line in sorted(progress.lines):
        digest.update(line)
    return digest.hexdigest()


def _copy_directory(source: int, target: int, path: bytes, progress: _Progress, depth: int) -> None:
    if depth > _DEEPEST:
        raise CannotSeal("directories are nested too deep")
    for name in sorted(os.listdir(source)):
        progress.entries += 1
        if progress.entries > _MOST_ENTRIES:
            raise CannotSeal("too many files")
        below = os.path.join(path, os.fsencode(name))  # noqa: PTH118
        kind = os.stat(name, dir_fd=source, follow_symlinks=False).st_mode
        if stat.S_ISDIR(kind):
            _copy_subdirectory(source, target, name, below, progress, depth)
        elif stat.S_ISREG(kind):
            progress.lines.append((below, _copy_file(source, target, name, below, progress)))
        else:
            raise CannotSeal(f"{below!r} is neither a file nor a directory")
    os.fchmod(target, 0o555)
    if len(progress.lines) <= _SYNC_EACH:
        os.fsync(target)


def _copy_subdirectory(
    source: int, target: int, name: str, path: bytes, progress: _Progress, depth: int
) -> None:
    progress.note(code_facts.of_directory(os.fsencode(name)))
    os.mkdir(name, 0o700, dir_fd=target)
    inner_source = os.open(name, _FOLLOW_NOTHING | os.O_DIRECTORY, dir_fd=source)
    inner_target = os.open(name, _FOLLOW_NOTHING | os.O_DIRECTORY, dir_fd=target)
    try:
        _copy_directory(inner_source, inner_target, path, progress, depth + 1)
    finally:
        os.close(inner_source)
        os.close(inner_target)


def _copy_file(source: int, target: int, name: str, path: bytes, progress: _Progress) -> bytes:
    """Copy one file; returns its line of the digest."""
    # O_NONBLOCK: should it have become a pipe since we looked, the open must not wait for a writer.
    reading = os.open(name, _FOLLOW_NOTHING | os.O_NONBLOCK, dir_fd=source)
    writing = os.open(
        name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target
    )
    try:
        mode = os.fstat(reading).st_mode
        if not stat.S_ISREG(mode):
            raise CannotSeal(f"{path!r} is not a file")
        content = hashlib.sha256()
        while chunk := os.read(reading, _CHUNK):
            progress.size += len(chunk)
            if progress.size > _MOST_BYTES:
                raise CannotSeal("the tree is too large")
            content.update(chunk)
            progress.note(code_facts.of_source(path, chunk))
            _write_all(writing, chunk)
        executable = bool(mode & 0o100)
        os.fchmod(writing, 0o555 if executable else 0o444)
        if len(progress.lines) < _SYNC_EACH:
            os.fsync(writing)
    finally:
        os.close(reading)
        os.close(writing)
    flag = b"x" if executable else b"-"
    return b"\0".join((path, flag, content.hexdigest().encode())) + b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def discard(name: str, sealing: str, sealed: str, facts: str) -> None:
    """Remove a sealed tree: out of the store first, at once, then file by file."""
    code_facts.forget(facts, name)
    grave = os.path.join(sealing, f"discarded-{name}-{os.getpid()}")  # noqa: PTH118
    with contextlib.suppress(FileNotFoundError):
        path = os.path.join(sealed, name)  # noqa: PTH118
        os.chmod(path, 0o700)  # noqa: PTH101 - renaming a directory needs to write to it
        os.rename(path, grave)  # noqa: PTH104
    remove_tree(grave)


def remove_tree(path: str) -> None:
    """Remove all of `path`, which may lack write bits; a tree that is not there is fine."""
    for directory, _, files in os.walk(path):
        os.chmod(directory, 0o700)  # noqa: PTH101
        for name in files:
            os.unlink(os.path.join(directory, name))  # noqa: PTH108, PTH118
    for directory, _, _ in os.walk(path, topdown=False):
        os.rmdir(directory)  # noqa: PTH106


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, _FOLLOW_NOTHING | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Files that are on the disk when we say so: written beside their place, fsynced, renamed, the directory fsynced."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lambent.core import ids

if TYPE_CHECKING:
    from pathlib import Path


def write_file(
    path: Path, data: bytes, *, mode: int = 0o600, temporary_dir: Path | None = None
) -> None:
    """Put `data` at `path`, whole or not at all, even over a power cut; what was there is replaced.

    Args:
        temporary_dir: where it is written first, on the same file system; the directory of `path` when not given.
    """
    temporary = (temporary_dir or path.parent) / f".{ids.hex_id(16)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def make_directory(path: Path, mode: int) -> None:
    """Make a directory with exactly this mode, whatever the umask; one that is there is left as it is."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if path.is_dir():
            return
        raise
    path.chmod(mode)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable (fsync(2): a file's fsync does not do that for its name)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""From a deployment package to a directory of code, ready to be sealed.

`unpack` is a plain function for a compute process: it may take seconds, and what it is given comes from strangers. It
leaves a whole directory or none.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.storage.code_archive import (
    MAX_UNZIPPED_BYTES,
    TOO_LARGE,
    CodeRejected,
    Contents,
    Kind,
    Member,
    check,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CodeRejected", "Kind", "Unpacked", "unpack"]

_CHUNK_BYTES = 1 << 20
# How zipfile and zlib say that bytes make no sense; which of them depends on where the damage is.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    struct.error,
    ValueError,
    OverflowError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a package held."""

    files: int
    bytes: int


def unpack(archive: Path | bytes, staging_dir: Path) -> Unpacked:
    """Unpack a zip into `staging_dir`, which must not be there yet.

    All files become readable for everyone and keep their execute permission; nothing else of what the zip says about
    them is taken over.

    Raises:
        CodeRejected: the package cannot be used.
        OSError: we could not write; the sender is not to blame.
    """
    staging_dir.mkdir()
    try:
        staging_dir.chmod(0o755)
        files, size = _extract_all(archive, staging_dir)
    except BaseException:
        shutil.rmtree(staging_dir, ignore_errors=True)
        raise
    return Unpacked(files, size)


def _extract_all(archive: Path | bytes, staging_dir: Path) -> tuple[int, int]:
    # A table of contents of a million entries fills a compute process. Its error is let go of before anything is said
    # about it: its traceback holds the table.
    with contextlib.suppress(MemoryError):
        return _extract_undamaged(archive, staging_dir)
    raise CodeRejected("too-many-files")


def _extract_undamaged(archive: Path | bytes, staging_dir: Path) -> tuple[int, int]:
    source = io.BytesIO(archive) if isinstance(archive, bytes) else archive
    try:
        with zipfile.ZipFile(source) as opened:
            contents = check(opened.infolist())
            return len(contents.files), _extract(opened, contents, staging_dir)
    except _DAMAGE as problem:
        raise CodeRejected("not-a-zip") from problem
    except OSError as problem:
        if problem.errno == errno.EINVAL:  # zipfile seeks to where damaged offsets point
            raise CodeRejected("not-a-zip") from problem
        raise


def _extract(opened: zipfile.ZipFile, contents: Contents, staging_dir: Path) -> int:
    """Write everything; returns the number of bytes."""
    for parts in contents.directories:
        directory = staging_dir.joinpath(*parts)
        directory.mkdir()
        directory.chmod(0o755)
    most = MAX_UNZIPPED_BYTES - 1
    left = most
    for member in contents.files:
        left -= _extract_file(opened, member, staging_dir, left)
    return most - left


def _extract_file(opened: zipfile.ZipFile, member: Member, staging_dir: Path, limit: int) -> int:
    path = staging_dir.joinpath(*member.parts)
    mode = 0o755 if member.is_executable else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    written = 0
    with opened.open(member.info) as source, os.fdopen(os.open(path, flags, mode), "wb") as target:
        while chunk := source.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > limit:
                raise CodeRejected("too-large", TOO_LARGE)
            target.write(chunk)
        os.fchmod(target.fileno(), mode)  # whatever the umask
    return written

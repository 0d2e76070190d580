"""Content-addressed files: a blob is named by the SHA-256 of its bytes, and is on the disk, whole, or not there.

`<dir>/ab/cdef...` holds a blob; `<dir>/incoming` what is being written, and after a crash what never arrived.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING

from lambent.storage.durable import make_directory, sync_directory, write_file

if TYPE_CHECKING:
    from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """The blobs under one directory, made when the first comes. All file work happens outside the event loop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._incoming = directory / "incoming"
        self._swept = asyncio.Lock()
        self._is_swept = False

    async def put(self, data: bytes) -> str:
        """Store `data`, durable when this returns; returns its SHA-256 in hex digits."""
        await self._sweep_once()
        return await asyncio.to_thread(self._put, data)

    async def get(self, digest: str) -> bytes:
        """The bytes. Raises FileNotFoundError."""
        return await asyncio.to_thread(self.path(digest).read_bytes)

    async def delete(self, digest: str) -> None:
        """Remove a blob; one that is not there is no error."""
        await asyncio.to_thread(self.path(digest).unlink, missing_ok=True)

    async def digests(self) -> list[str]:
        """The names of all blobs there are."""
        return await asyncio.to_thread(self._digests)

    def path(self, digest: str) -> Path:
        """Where the blob lies if it is there. Raises ValueError for what is no SHA-256 in hex digits."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"not a digest: {digest!r}")
        return self._directory / digest[:2] / digest[2:]

    def _put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        make_directory(path.parent, 0o700)
        if path.exists():
            # Somebody else may have renamed it this moment and not yet come to this.
            sync_directory(path.parent)
        else:
            write_file(path, data, temporary_dir=self._incoming)
        return digest

    def _digests(self) -> list[str]:
        names = (path.parent.name + path.name for path in self._directory.glob("??/*"))
        return sorted(name for name in names if _DIGEST.fullmatch(name))

    async def _sweep_once(self) -> None:
        """Before the first blob: what a crash left half written goes. The data directory's lock keeps others out."""
        async with self._swept:
            if not self._is_swept:
                await asyncio.to_thread(self._sweep)
                self._is_swept = True

    def _sweep(self) -> None:
        make_directory(self._directory, 0o700)
        make_directory(self._incoming, 0o700)
        for leftover in self._incoming.iterdir():
            leftover.unlink()

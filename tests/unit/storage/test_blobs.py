"""Blobs: found by their digest, whole or not at all, and nothing left behind."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from lambent.storage.blobs import Blobs

if TYPE_CHECKING:
    from pathlib import Path


def files(directory: Path) -> list[str]:
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def test_a_blob_is_found_by_its_digest(tmp_path: Path) -> None:
    async def run() -> None:
        blobs = Blobs(tmp_path)
        digest = await blobs.put(b"some code")
        assert digest == hashlib.sha256(b"some code").hexdigest()
        assert await blobs.get(digest) == blobs.path(digest).read_bytes() == b"some code"
        assert await Blobs(tmp_path).digests() == [digest]

    asyncio.run(run())


def test_the_same_bytes_are_kept_once_however_many_put_them(tmp_path: Path) -> None:
    async def run() -> None:
        blobs = Blobs(tmp_path)
        digests = set(await asyncio.gather(*(blobs.put(b"same") for _ in range(16))))
        assert len(digests) == 1
        digest = digests.pop()
        assert files(tmp_path) == [f"{digest[:2]}/{digest[2:]}"]

    asyncio.run(run())


def test_deleting_is_final_and_may_be_repeated(tmp_path: Path) -> None:
    async def run() -> None:
        blobs = Blobs(tmp_path)
        digest = await blobs.put(b"gone soon")
        await blobs.delete(digest)
        await blobs.delete(digest)
        with pytest.raises(FileNotFoundError):
            await blobs.get(digest)
        assert await blobs.digests() == []
        assert await blobs.put(b"gone soon") == digest
        assert await blobs.get(digest) == b"gone soon"

    asyncio.run(run())


def test_what_is_no_digest_is_not_made_a_path(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    for name in ("", "../" * 20 + "etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"):
        with pytest.raises(ValueError, match="not a digest"):
            blobs.path(name)


def test_what_a_crash_left_half_written_is_swept(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "half").write_bytes(b"ha")

    async def run() -> None:
        blobs = Blobs(tmp_path)
        assert await blobs.digests() == []
        digest = await blobs.put(b"whole")
        assert files(tmp_path) == [f"{digest[:2]}/{digest[2:]}"]

    asyncio.run(run())


def test_a_failed_put_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    async def run() -> None:
        blobs = Blobs(tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fails)
            with pytest.raises(OSError, match="No space"):
                await blobs.put(b"too much")
        assert files(tmp_path) == []
        await blobs.put(b"fits now")

    asyncio.run(run())

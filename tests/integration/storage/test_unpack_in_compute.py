"""Deployment packages unpacked where the platform unpacks them: in a compute process with its limits."""

from __future__ import annotations

import asyncio
import io
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from lambent.process.compute import Compute
from lambent.storage.code_store import CodeRejected, unpack

if TYPE_CHECKING:
    from pathlib import Path


def zip_of_entries(number: int) -> bytes:
    """A zip whose table of contents claims so many files: 54 bytes each."""
    entries = b"".join(
        struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, *([0] * 7), 8, *([0] * 6))
        + f"{n:08}".encode()
        for n in range(number)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(entries), 0, 0)
    return entries + end


def test_code_is_unpacked(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): return event")
    (tmp_path / "code.zip").write_bytes(data.getvalue())

    async def run() -> None:
        compute = Compute()
        try:
            staging = tmp_path / "code"
            unpacked = await compute.run(unpack, tmp_path / "code.zip", staging, timeout_s=60)
            assert unpacked.files == 1
        finally:
            await compute.close()

    asyncio.run(run())
    assert [path.name for path in (tmp_path / "code").iterdir()] == ["handler.py"]


@pytest.mark.slow
def test_a_table_of_contents_that_fills_the_memory_is_the_senders_fault(tmp_path: Path) -> None:
    (tmp_path / "code.zip").write_bytes(zip_of_entries(95_000))

    async def kind(memory_mib: int) -> str:
        compute = Compute(memory_mib=memory_mib)
        try:
            with pytest.raises(CodeRejected) as rejected:
                await compute.run(unpack, tmp_path / "code.zip", tmp_path / "code", timeout_s=60)
        finally:
            await compute.close()
        return rejected.value.kind

    assert asyncio.run(kind(64)) == "too-many-files"
    # With room for the table it comes out that there are no files behind it.
    assert asyncio.run(kind(1024)) == "not-a-zip"
    assert not (tmp_path / "code").exists()


@pytest.mark.slow
def test_too_many_entries_are_refused_where_memory_allows_them(tmp_path: Path) -> None:
    with pytest.raises(CodeRejected) as rejected:
        unpack(zip_of_entries(99_001), tmp_path / "code")
    assert rejected.value.kind == "too-many-files"
    assert list(tmp_path.iterdir()) == []

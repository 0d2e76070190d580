"""Files are whole or not there, and fsynced before they get their name."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from lambent.storage.durable import make_directory, write_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_synced_before_it_is_named_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    seen: list[tuple[str, bool]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        kind = "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        seen.append((kind, path.exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_file(path, b"data", mode=0o600)
    assert seen == [("file", False), ("directory", True)]
    assert path.read_bytes() == b"data"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_replaced_as_a_whole_or_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")

    def fails(_descriptor: int) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="the disk is gone"):
            write_file(path, b"new")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("file", b"old")]
    write_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_directory_has_the_mode_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_directory(tmp_path / "open", 0o711)
        make_directory(tmp_path / "open", 0o700)  # it is there: left as it is
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o711
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        make_directory(tmp_path / "file", 0o700)

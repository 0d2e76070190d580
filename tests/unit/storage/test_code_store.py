"""Deployment packages: what is unpacked, how, and what is refused, with nothing left behind."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from lambent.storage import code_archive, code_store
from lambent.storage.code_store import CodeRejected, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HANDLER = "def handler(event, context):\n    return event\n"


def make_zip(entries: Mapping[str, bytes | str], modes: dict[str, int] | None = None) -> bytes:
    """A zip of these names and contents; names as they are, modes (st_mode) where given."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(name, 0) << 16
            archive.writestr(info, content)
    return data.getvalue()


def tree(directory: Path) -> dict[str, str]:
    """Every path below, with its mode."""
    return {
        str(path.relative_to(directory)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in sorted(directory.rglob("*"))
    }


def rejection(archive: bytes, tmp_path: Path) -> tuple[str, str]:
    """Kind and message of a package that must be refused, leaving nothing."""
    with pytest.raises(CodeRejected) as rejected:
        unpack(archive, tmp_path / "code")
    assert list(tmp_path.iterdir()) == []
    return rejected.value.kind, str(rejected.value)


def test_files_are_unpacked_with_modes_of_our_own(tmp_path: Path) -> None:
    archive = make_zip(
        {"index.js": "1", "bin/run": "#!/bin/sh", "private": "p", "a/b/c.txt": "deep"},
        {
            "bin/run": stat.S_IFREG | 0o4700,
            "private": stat.S_IFREG | 0o600,
            "index.js": stat.S_IFREG | 0o666,
        },
    )
    before = os.umask(0o077)
    try:
        unpacked = unpack(archive, tmp_path / "code")
    finally:
        os.umask(before)
    assert (unpacked.files, unpacked.bytes) == (4, 15)
    assert tree(tmp_path) == {
        "code": "0o755",
        "code/a": "0o755",
        "code/a/b": "0o755",
        "code/a/b/c.txt": "0o644",
        "code/bin": "0o755",
        "code/bin/run": "0o755",
        "code/index.js": "0o644",
        "code/private": "0o644",
    }
    assert (tmp_path / "code" / "a" / "b" / "c.txt").read_text() == "deep"


def test_names_are_taken_as_unzip_takes_them(tmp_path: Path) -> None:
    archive = make_zip({"./a//b.txt": "1", "lib/": "", "lib/c d.txt": "2", "ä/ö.txt": "3"})
    unpack(archive, tmp_path / "code")
    names = {name for name, mode in tree(tmp_path / "code").items() if mode == "0o644"}
    assert names == {"a/b.txt", "lib/c d.txt", "ä/ö.txt"}


def test_an_archive_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "code.zip").write_bytes(make_zip({"a": "1"}))
    assert unpack(tmp_path / "code.zip", tmp_path / "code").files == 1


@pytest.mark.clients
def test_zips_of_info_zip_are_unpacked(tmp_path: Path) -> None:
    if shutil.which("zip") is None:
        pytest.skip("zip is not installed")
    (tmp_path / "source" / "sub").mkdir(parents=True)
    (tmp_path / "source" / "handler.py").write_text(HANDLER)
    (tmp_path / "source" / "sub" / "tool").write_text("#!/bin/sh")
    (tmp_path / "source" / "sub" / "tool").chmod(0o700)
    subprocess.run(["zip", "-q", "-r", "../code.zip", "."], cwd=tmp_path / "source", check=True)
    unpack(tmp_path / "code.zip", tmp_path / "code")
    assert tree(tmp_path / "code") == {
        "handler.py": "0o644",
        "sub": "0o755",
        "sub/tool": "0o755",
    }


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        ({"../evil.py": "x"}, "traversal"),
        ({"a/../../evil.py": "x"}, "traversal"),
        ({"a/..": "x"}, "traversal"),
        ({"../": ""}, "traversal"),
        ({"/etc/cron.d/evil": "x"}, "absolute"),
        ({"//evil": "x"}, "absolute"),
        ({"..\\evil.py": "x"}, "backslash"),
        ({"lib\\handler.py": "x"}, "backslash"),
        ({"a": "1", "./a": "2"}, "duplicate"),
        ({"a": "1", "a/b": "2"}, "duplicate"),
        ({"a/b/c": "1", "a/b": "2"}, "duplicate"),
        ({"n" * 256: "x"}, "bad-name"),
        ({"ä" * 128: "x"}, "bad-name"),
        ({"d/" * 60 + "x": "x"}, "bad-name"),
        ({("n" * 200 + "/") * 20 + "x": "x"}, "bad-name"),
        ({".": "x"}, "bad-name"),
    ],
)
def test_dangerous_names_are_refused(
    tmp_path: Path, entries: dict[str, bytes | str], kind: str
) -> None:
    archive = make_zip({"fine.py": "fine", **entries})
    assert rejection(archive, tmp_path) == (kind, code_archive.NOT_UNZIPPED)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (stat.S_IFLNK | 0o777, "link"),
        (stat.S_IFIFO | 0o644, "special-file"),
        (stat.S_IFCHR | 0o644, "special-file"),
        (stat.S_IFSOCK | 0o644, "special-file"),
    ],
)
def test_only_plain_files_are_unpacked(tmp_path: Path, mode: int, kind: str) -> None:
    archive = make_zip({"a": "/etc/passwd"}, {"a": mode})
    assert rejection(archive, tmp_path) == (kind, code_archive.NOT_UNZIPPED)


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    archive = make_zip({"handler.pyXevil": "x"}).replace(b".pyXevil", b".py\0evil")
    assert rejection(archive, tmp_path)[0] == "bad-name"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a", "first")
        archive.writestr("a", "second")
    assert rejection(data.getvalue(), tmp_path)[0] == "duplicate"


def test_encrypted_entries_are_refused(tmp_path: Path) -> None:
    archive = bytearray(make_zip({"a": "secret"}))
    central = archive.index(b"PK\x01\x02")
    archive[central + 8] |= 1  # general purpose flag, bit 0
    assert rejection(bytes(archive), tmp_path)[0] == "encrypted"


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", "x")
    assert rejection(data.getvalue(), tmp_path)[0] == "compression"


@pytest.mark.parametrize(
    "archive",
    [b"", b"PK", b"this is not a zip at all", b"\0" * 100, b"PK\x03\x04" + b"\xff" * 60],
)
def test_what_is_no_zip_is_refused(tmp_path: Path, archive: bytes) -> None:
    assert rejection(archive, tmp_path) == ("not-a-zip", code_archive.NOT_UNZIPPED)


@pytest.mark.parametrize("entries", [{}, {"only/": "", "directories/": ""}])
def test_an_empty_zip_is_refused(tmp_path: Path, entries: dict[str, bytes | str]) -> None:
    expected = ("empty", "Uploaded file must be a non-empty zip")
    assert rejection(make_zip(entries), tmp_path) == expected


def test_damage_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    """Every single byte of a small zip turned round: it is refused, or it unpacks, and nothing else happens."""
    whole = make_zip({"handler.py": HANDLER, "lib/data.bin": bytes(range(64))})
    refused = 0
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        try:
            unpack(bytes(damaged), tmp_path / "code")
            shutil.rmtree(tmp_path / "code")
        except CodeRejected:
            refused += 1
        assert list(tmp_path.iterdir()) == []
    assert refused > len(whole) / 3
    for length in range(len(whole)):
        assert rejection(whole[:length], tmp_path)[0] == "not-a-zip"


def test_sizes_are_counted_and_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_store, "MAX_UNZIPPED_BYTES", 3_000_000)
    fits = make_zip({"a": bytes(2_999_999)})
    assert unpack(fits, tmp_path / "code").bytes == 2_999_999
    shutil.rmtree(tmp_path / "code")
    expected = ("too-large", "Unzipped size must be smaller than 262144000 bytes")
    assert rejection(make_zip({"a": bytes(3_000_000)}), tmp_path) == expected
    spread = {str(n): bytes(500_000) for n in range(7)}
    assert rejection(make_zip(spread), tmp_path) == expected
    # One that claims to hold a single byte: what comes out is cut there, and does not match its checksum.
    bomb = bytearray(make_zip({"a": bytes(20_000_000)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", bomb, bomb.index(signature) + offset, 1)
    assert rejection(bytes(bomb), tmp_path)[0] == "not-a-zip"


@pytest.mark.slow
def test_a_real_bomb_is_stopped_at_the_limit(tmp_path: Path) -> None:
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("zeros", "w") as zeros,
    ):
        for _ in range(270):
            zeros.write(bytes(1_000_000))
    assert rejection(data.getvalue(), tmp_path) == ("too-large", code_archive.TOO_LARGE)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_archive, "MAX_ENTRIES", 10)
    assert rejection(make_zip({str(n): "" for n in range(11)}), tmp_path)[0] == "too-many-files"
    assert rejection(make_zip({"a/b/c/d/e/f/g/h/i/j/k": ""}), tmp_path)[0] == "too-many-files"
    assert unpack(make_zip({str(n): "" for n in range(10)}), tmp_path / "code").files == 10


def test_our_own_failures_are_not_the_senders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int, _mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", no_space)
    with pytest.raises(OSError, match="No space"):
        unpack(make_zip({"a": "1"}), tmp_path / "code")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "other").write_text("kept")
    with pytest.raises(FileExistsError):
        unpack(make_zip({"a": "1"}), tmp_path / "code")
    assert (tmp_path / "code" / "other").read_text() == "kept"

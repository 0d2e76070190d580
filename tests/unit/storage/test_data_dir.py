"""The data directory: made, claimed by one platform at a time, refused in one line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lambent.storage.data_dir import DataDir
from lambent.storage.errors import DataDirForeign, DataDirLocked, DataDirNewer, StorageUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
SOMEBODY = 64_321


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory to which everyone can pass; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(path: Path) -> str:
    with pytest.raises(StorageUnusable) as refused:
        DataDir(path).claim()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_new_directory_is_made_with_everything_in_it(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "some" / "where" / "data")
    before = os.umask(0o022)
    try:
        data_dir.claim()
    finally:
        os.umask(before)
    data_dir.release()
    for private in (data_dir.state_dir, data_dir.blobs_dir, data_dir.logs_dir):
        assert mode(private) == 0o700
    assert mode(data_dir.staging_dir) == mode(data_dir.temporary_dir) == 0o700
    others = 0o711 if os.geteuid() == 0 else 0o700
    assert mode(data_dir.path) == mode(data_dir.code_dir) == others
    assert (data_dir.state_dir / "format").read_text() == "1\n"


def test_a_running_platform_keeps_others_out_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data"
    first = DataDir(path)
    first.claim()
    assert refusal(path) == f"{path} is in use by a running Lambent (process {os.getpid()})"
    with pytest.raises(DataDirLocked):
        DataDir(path).claim()
    first.release()
    first.release()
    second = DataDir(path)
    second.claim()
    second.release()


def test_a_killed_platform_keeps_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "data"
    holds = f"""
import sys; sys.path[:] = {sys.path!r}
from lambent.storage.data_dir import DataDir
held = DataDir({str(path)!r}); held.claim(); print("held", flush=True); sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert f"(process {process.pid})" in refusal(path)
        process.kill()
    again = DataDir(path)
    again.claim()
    again.release()


def test_the_lock_is_not_handed_to_children(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.claim()
    with subprocess.Popen(["sleep", "600"], close_fds=False) as child:
        data_dir.release()
        again = DataDir(tmp_path / "data")
        again.claim()
        again.release()
        child.kill()


def test_a_directory_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DataDirForeign):
        DataDir(tmp_path).claim()
    assert refusal(tmp_path) == (
        f"{tmp_path} is not empty and no data directory of Lambent (it holds thesis.tex)"
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_directory_and_a_half_made_one_are_taken(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    data_dir = DataDir(tmp_path)
    data_dir.claim()
    data_dir.release()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    data_dir.claim()
    data_dir.release()
    (data_dir.state_dir / "format").write_text("2\n")
    with pytest.raises(DataDirNewer, match="newer version of Lambent"):
        data_dir.claim()
    (data_dir.state_dir / "format").write_text("not a number")
    assert "is damaged" in refusal(tmp_path)
    (data_dir.state_dir / "format").write_text("1\n")
    data_dir.claim()  # a refusal lets go of the lock
    data_dir.release()


def test_a_path_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "data cannot be used: " in refusal(tmp_path / "file" / "data")
    assert "file cannot be used: " in refusal(tmp_path / "file")


def test_what_an_earlier_run_left_half_done_is_swept(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    data_dir.claim()
    (data_dir.staging_dir / "half" / "unpacked").mkdir(parents=True)
    (data_dir.temporary_dir / "upload").write_text("half")
    (data_dir.temporary_dir / "link").symlink_to(data_dir.state_dir)
    data_dir.release()
    data_dir.claim()
    assert list(data_dir.staging_dir.iterdir()) == []
    assert list(data_dir.temporary_dir.iterdir()) == []
    assert data_dir.state_dir.is_dir()
    data_dir.release()


@needs_root
def test_root_prepares_it_for_the_core(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare(SOMEBODY)
    data_dir.prepare(SOMEBODY)
    owners = {
        path.name: path.stat().st_uid
        for path in (data_dir.path, data_dir.code_dir, data_dir.state_dir, data_dir.staging_dir)
    }
    assert owners == {"data": 0, "code": 0, "state": SOMEBODY, "staging": SOMEBODY}


@needs_root
def test_the_core_claims_what_root_prepared(open_path: Path) -> None:
    data_dir = DataDir(open_path / "data")
    data_dir.prepare(SOMEBODY)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
            os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
            data_dir.claim()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert (data_dir.state_dir / "format").stat().st_uid == SOMEBODY


@needs_root
def test_another_users_directory_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    DataDir(theirs).prepare(SOMEBODY)
    os.chown(theirs, SOMEBODY, SOMEBODY)
    assert "belongs to another user (uid 64321" in refusal(theirs)
    state_only = tmp_path / "state-only"
    DataDir(state_only).prepare(SOMEBODY)
    assert f"{state_only}/state belongs to another user (uid 64321" in refusal(state_only)

"""The data directory: its layout, whose it is, and that only one platform uses it.

    <data>/              root's (or the user's), others may pass but not look
      state/             core's alone: database, blobs, logs, lock, root keys, temporary files
      code/              root's: sealed/ is made by the spawner, so that core cannot put other code in its place
        staging/         core's: unpacked packages that wait to be sealed

Started by root, the launcher prepares it and core, under a uid of its own, claims it; otherwise both are the same user.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from lambent.storage.durable import make_directory, write_file
from lambent.storage.errors import DataDirForeign, DataDirLocked, DataDirNewer, StorageUnusable

# Raised when the layout changes in a way that an older version would misread; tables have revisions of their own.
FORMAT = 1
# What we make at the top: anything else in a directory without our format file is not ours.
_OURS = {"state", "code"}


class DataDir:
    """The places in a data directory, and the lock on it."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.state_dir = self.path / "state"
        self.database_path = self.state_dir / "lambent.db"
        self.blobs_dir = self.state_dir / "blobs"
        self.logs_dir = self.state_dir / "logs"
        self.usage_dir = self.state_dir / "usage"
        self.temporary_dir = self.state_dir / "tmp"
        self.root_key_path = self.state_dir / "root-key"
        self.root_keys_dir = self.state_dir / "root-keys"
        self.code_dir = self.path / "code"
        self.staging_dir = self.code_dir / "staging"
        self._lock: int | None = None

    def prepare(self, owner_uid: int) -> None:
        """Make what is missing, `owner_uid` being who core runs as; only root can give to another than itself.

        Raises:
            DataDirForeign: it is somebody else's, or no data directory.
            StorageUnusable: it cannot be made.
        """
        try:
            self._check_contents()
            # Core, and sandboxes that have no mount namespace, pass through under uids of their own.
            mode = 0o711 if os.geteuid() == 0 else 0o700
            self.path.parent.mkdir(parents=True, exist_ok=True)
            make_directory(self.path, mode)
            self._check_owner(self.path, {0, owner_uid})
            make_directory(self.code_dir, mode)
            own = (self.blobs_dir, self.logs_dir, self.temporary_dir, self.staging_dir)
            for directory in (self.state_dir, *own):
                self._make_own(directory, owner_uid)
        except OSError as problem:
            raise StorageUnusable(f"{self.path} cannot be used: {problem.strerror}") from problem

    def claim(self) -> None:
        """Prepare for the calling user, and take the lock, which is held until `release` or the end of the process.

        Raises:
            DataDirForeign: it is somebody else's, or no data directory.
            DataDirLocked: a running platform holds the lock.
            DataDirNewer: a newer version of Lambent made it.
            StorageUnusable: it cannot be made or read.
        """
        self.prepare(os.geteuid())
        try:
            self._take_lock()
            self._check_format()
            self._sweep()
        except OSError as problem:
            self.release()
            raise StorageUnusable(f"{self.path} cannot be used: {problem.strerror}") from problem
        except StorageUnusable:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back. Releasing twice does no harm."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _check_contents(self) -> None:
        """A directory full of something else is left alone: a mistyped --data-dir must not spoil it."""
        if self._format_path.exists() or not self.path.exists():
            return
        try:
            others = sorted({entry.name for entry in self.path.iterdir()} - _OURS)
        except (
            PermissionError
        ):  # root's, who looked when it was prepared; otherwise the owner's check refuses it
            return
        if others:
            raise DataDirForeign(
                f"{self.path} is not empty and no data directory of Lambent (it holds {others[0]})"
            )

    def _make_own(self, directory: Path, owner_uid: int) -> None:
        is_new = not directory.exists()
        make_directory(directory, 0o700)
        if is_new and owner_uid != os.geteuid():
            os.chown(directory, owner_uid, owner_uid)
        self._check_owner(directory, {owner_uid})

    def _check_owner(self, directory: Path, allowed: set[int]) -> None:
        owner = directory.stat().st_uid
        if owner not in allowed:
            raise DataDirForeign(
                f"{directory} belongs to another user (uid {owner}, not {max(allowed)}); "
                "choose another data directory, or give this one away with chown -R"
            )

    def _take_lock(self) -> None:
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise DataDirLocked(
                f"{self.path} is in use by a running Lambent (process {holder or 'unknown'})"
            ) from None
        self._lock = descriptor
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def _check_format(self) -> None:
        if not self._format_path.exists():
            write_file(self._format_path, f"{FORMAT}\n".encode())
            return
        text = self._format_path.read_text(errors="replace").strip()
        if not text.isdecimal():
            raise StorageUnusable(f"{self._format_path} is damaged: it should hold a number")
        if int(text) > FORMAT:
            raise DataDirNewer(
                f"{self.path} was made by a newer version of Lambent "
                f"(format {text}, this version knows up to {FORMAT})"
            )

    def _sweep(self) -> None:
        """What an earlier run was about to do and did not finish goes."""
        for directory in (self.staging_dir, self.temporary_dir):
            for leftover in directory.iterdir():
                if leftover.is_dir() and not leftover.is_symlink():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()

    @property
    def _format_path(self) -> Path:
        return self.state_dir / "format"

    @property
    def _lock_path(self) -> Path:
        return self.state_dir / "lock"

"""All log groups under one directory, and how much room they take together. Used from the thread of log_segments.py."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from typing import TYPE_CHECKING

from lambent.storage.log_group import SEGMENT_BYTES, LogGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeVar

    from lambent.storage.log_buffer import GroupKey
    from lambent.storage.log_pending import Batch
    from lambent.storage.log_segments import LogKey

    T = TypeVar("T")

# Log groups keep their events for ever unless told otherwise, and one busy function writes 10 GB in ten minutes.
GROUP_LIMIT_BYTES = 10 << 30

_log = logging.getLogger(__name__)


class LogGroups:
    """Args: `max_bytes` is how much room they may take; the oldest segments go when it is passed."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._groups: dict[GroupKey, LogGroup] = {}
        self._until_weighed = 0

    def write(self, waiting: Mapping[GroupKey, Sequence[Batch]]) -> dict[GroupKey, int]:
        """Returns how many events could not be written, by group."""
        lost: dict[GroupKey, int] = {}
        size = 0
        for key, batches in waiting.items():
            try:
                size += self._group(key).append(batches)
            except OSError as problem:
                _log.error("log group %s: %s", key[-1], problem)
                lost[key] = sum(len(batch.events) for batch in batches)
        self._make_room(size)
        return lost

    def look(self, key: GroupKey, call: Callable[[LogGroup], T], absent: T) -> T:
        """`call` with the group; `absent` where it has no directory. Raises what `call` raises."""
        if key not in self._groups and not self._path(key).is_dir():
            return absent
        return call(self._group(key))

    def stored_bytes(self, keys: Sequence[GroupKey]) -> list[int]:
        return [self.look(key, lambda group: group.stored_bytes, 0) for key in keys]

    def create_stream(self, key: LogKey, now_ms: int) -> bool:
        return self._group(key[:3]).create_stream(key[3], now_ms)

    def delete(self, key: GroupKey) -> None:
        """Raises OSError."""
        self._groups.pop(key, None)
        if (path := self._path(key)).is_dir():
            # Renamed first: a deletion that a crash cuts short leaves no half of a group.
            doomed = path.with_name(path.name + ".deleted")
            shutil.rmtree(doomed, ignore_errors=True)
            path.rename(doomed)
            shutil.rmtree(doomed)

    def delete_all(self) -> None:
        """Raises OSError."""
        self._groups.clear()
        for path in self._directory.glob("??"):
            shutil.rmtree(path)

    def expire(self, cutoffs: Mapping[GroupKey, int]) -> int:
        """Returns how many bytes went."""
        freed = 0
        for key, before_ms in cutoffs.items():
            try:
                freed += self.look(key, lambda group: group.expire(before_ms), 0)  # noqa: B023 - called at once
            except OSError as problem:
                _log.error("log group %s: what is too old stays: %s", key[-1], problem)
        return freed

    def known(self) -> list[GroupKey]:
        """Every group that has a directory. What was left of deleted ones goes."""
        found: list[GroupKey] = []
        for path in self._directory.glob("??/*"):
            if path.suffix == ".deleted":
                shutil.rmtree(path, ignore_errors=True)
                continue
            try:
                found.append(_owner(path))
            except (OSError, ValueError, KeyError) as problem:
                _log.warning("%s is no log group: %s", path, problem)
        return found

    def _make_room(self, written: int) -> None:
        """Weigh all groups when so much has been written that it may matter; delete what is oldest."""
        self._until_weighed -= written
        if self._until_weighed > 0:
            return
        segments = self._finished_segments()
        total = sum(size for _, size, _ in segments)
        for _, size, directory in sorted(segments):
            if total <= self._max_bytes:
                break
            total -= size
            self._drop_oldest(directory)
        self._until_weighed = max((self._max_bytes - total) // 2, SEGMENT_BYTES)

    def _finished_segments(self) -> list[tuple[float, int, Path]]:
        """When each was last written to, its size and its group's directory: by the files, groups need not be read."""
        found = []
        for directory in self._directory.glob("??/*"):
            for path in sorted(directory.glob("*.seg"))[:-1]:
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, directory))
        return found

    def _drop_oldest(self, directory: Path) -> None:
        try:
            key = _owner(directory)
            events = self._group(key).drop_oldest()
        except (OSError, ValueError, LookupError) as problem:
            _log.error("%s: its oldest events stay: %s", directory, problem)
            return
        _log.error(
            "all logs together take more than %d MiB: the %d oldest events of %s are deleted",
            *(self._max_bytes >> 20, events, key[-1]),
        )

    def _group(self, key: GroupKey) -> LogGroup:
        if (group := self._groups.get(key)) is None:
            directory = self._path(key)
            who = directory / "group.json"
            if not who.exists():
                account_id, region, name = key
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                document = {"account_id": account_id, "region": region, "group": name}
                who.write_text(json.dumps(document))
            group = self._groups[key] = LogGroup(directory)
        return group

    def _path(self, key: GroupKey) -> Path:
        """A name that is safe whatever the three hold; group.json says what it stands for."""
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()
        return self._directory / digest[:2] / digest[2:32]


def _owner(directory: Path) -> GroupKey:
    """Raises OSError, ValueError or KeyError for what is no log group."""
    who = json.loads((directory / "group.json").read_text())
    return who["account_id"], who["region"], who["group"]

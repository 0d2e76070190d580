"""Users: a uid of its own for every sandbox, from a range that belongs to nobody else."""

from __future__ import annotations

import hashlib
import os

# 0x70000000 and above is what systemd's UIDS-GIDS page leaves free; a platform takes one block of it by its data
# directory, so that two platforms on a host do not meet.
_FREE_FROM = 0x70000000
_BLOCK = 65_536
_BLOCKS = 4_000


class UidRange:
    """Hands out uids in turn; one that is in use is passed over. `first` and `count` describe the range."""

    def __init__(self, first: int, count: int) -> None:
        self.first = first
        self.count = count
        self._next = 0
        self._used: set[int] = set()

    def take(self) -> int:
        """A uid that no living sandbox has; the one given back longest ago.

        Raises:
            OSError: all are in use.
        """
        for _ in range(self.count):
            uid = self.first + self._next
            self._next = (self._next + 1) % self.count
            if uid not in self._used:
                self._used.add(uid)
                return uid
        raise OSError("every uid of the range is in use")

    def give_back(self, uid: int) -> None:
        self._used.discard(uid)


def choose_range(data_dir: str, uid_map: str) -> UidRange:
    """The range for the platform at `data_dir`. `uid_map` is the text of /proc/self/uid_map.

    Inside a user namespace (a rootless container) only the mapped ids exist: the upper half of the largest mapped
    stretch is taken then.
    """
    block = int.from_bytes(hashlib.sha256(os.fsencode(data_dir)).digest()[:4], "big") % _BLOCKS
    wanted = _FREE_FROM + block * _BLOCK
    mapped = [[int(each) for each in line.split()] for line in uid_map.splitlines()]
    if any(first <= wanted and wanted + _BLOCK <= first + size for first, _, size in mapped):
        return UidRange(wanted, _BLOCK)
    first, _, size = max(mapped, key=lambda entry: entry[2])
    half = size // 2
    return UidRange(first + half, min(half, _BLOCK)) if half else UidRange(first, 1)


def become(uid: int) -> None:
    """Give up root for `uid`, user and group, saved ids and supplementary groups included."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)

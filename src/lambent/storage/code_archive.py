"""What may be in a deployment package: refuses zips whose table of contents cannot be unpacked safely.

Sizes are not looked at here: what the zip says about them is not believed, they are counted while inflating
(code_store.py).
"""

from __future__ import annotations

import stat
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

# "250 MB: the maximum size of a deployment package, unzipped" (Lambda quotas).
MAX_UNZIPPED_BYTES = 262_144_000
# Files and directories; AWS states no number. With compiled files and their directories it doubles at most, and the
# spawner seals 200,000 entries. The largest node_modules trees that fit into 250 MB hold about half of this.
MAX_ENTRIES = 99_000
# The spawner seals 64 levels; compiled files lie one deeper than their sources.
_MAX_DEPTH = 60
# NAME_MAX and PATH_MAX of Linux; the store's own path comes in front.
_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 3_500

NOT_UNZIPPED = "Could not unzip uploaded file. Please check your file, then try to upload again."
TOO_LARGE = f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes"
EMPTY = "Uploaded file must be a non-empty zip"

Kind = Literal[
    "not-a-zip",
    "empty",
    "damaged",
    "too-large",
    "too-many-files",
    "traversal",
    "absolute",
    "backslash",
    "bad-name",
    "link",
    "special-file",
    "duplicate",
    "encrypted",
    "compression",
]


class CodeRejected(Exception):
    """The package cannot be used and its sender is to blame.

    Args:
        kind: what is wrong with it, for logs and tests.
        message: the sentence with which AWS answers (InvalidParameterValueException).
    """

    def __init__(self, kind: Kind, message: str = NOT_UNZIPPED) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the package: where it goes, and whether it may be executed."""

    info: zipfile.ZipInfo
    parts: tuple[str, ...]
    is_executable: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """The directories and files of a package; every parent of a file is among the directories, parents first."""

    directories: list[tuple[str, ...]]
    files: list[Member]


def check(infos: Iterable[zipfile.ZipInfo]) -> Contents:
    """Sort the entries of a zip into directories and files.

    Raises:
        CodeRejected: an entry may not be unpacked, or there are no files or too many.
    """
    directories: set[tuple[str, ...]] = set()
    files: dict[tuple[str, ...], Member] = {}
    for info in infos:
        parts = _parts(info)
        if _is_directory(info):
            directories.add(parts)
            continue
        if not parts or parts in files:
            raise CodeRejected("duplicate" if parts else "bad-name")
        files[parts] = _file(info, parts)
        if len(files) > MAX_ENTRIES:
            raise CodeRejected("too-many-files")
    if not files:
        raise CodeRejected("empty", EMPTY)
    return Contents(_with_parents(directories, files), list(files.values()))


def _with_parents(
    directories: set[tuple[str, ...]], files: dict[tuple[str, ...], Member]
) -> list[tuple[str, ...]]:
    needed: set[tuple[str, ...]] = set()
    for parts in (*directories, *(path[:-1] for path in files)):
        for depth in range(len(parts), 0, -1):
            if parts[:depth] in needed:
                break
            needed.add(parts[:depth])
    if not needed.isdisjoint(files):  # one name for a file and a directory
        raise CodeRejected("duplicate")
    if len(needed) + len(files) > MAX_ENTRIES:
        raise CodeRejected("too-many-files")
    return sorted(needed, key=len)


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    """The name of an entry as path components; "./a//b" is "a/b", as unzip has it."""
    name = info.orig_filename  # `filename` ends silently at a NUL
    if "\\" in name:
        raise CodeRejected("backslash")
    if name.startswith("/"):
        raise CodeRejected("absolute")
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if ".." in parts:
        raise CodeRejected("traversal")
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    too_long = any(len(part) > _MAX_NAME_BYTES for part in encoded) or (
        sum(map(len, encoded)) + len(parts) > _MAX_PATH_BYTES
    )
    if "\0" in name or too_long or len(parts) > _MAX_DEPTH:
        raise CodeRejected("bad-name")
    return parts


def _is_directory(info: zipfile.ZipInfo) -> bool:
    mode = info.external_attr >> 16
    return info.orig_filename.endswith("/") or stat.S_ISDIR(mode)


def _file(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> Member:
    mode = info.external_attr >> 16  # 0 from systems that know no modes
    if stat.S_ISLNK(mode):
        raise CodeRejected("link")
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        raise CodeRejected("special-file")
    if info.flag_bits & 0x1:  # APPNOTE.TXT 4.4.4, bit 0
        raise CodeRejected("encrypted")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise CodeRejected("compression")
    return Member(info, parts, bool(mode & 0o111))

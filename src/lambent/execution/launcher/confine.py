"""What core may see and do when root starts it: everything read-only but the data directory, private homes hidden.

Core parses what strangers send. It runs under a uid of its own without any capability, in a mount namespace in which
the data directory is the only place that can be written, and in which the homes of people are empty but for the
interpreter, the virtual environment and the package, where these lie in a home. In /proc it writes what is about its
own processes: how much they leave to others.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import lambent
from lambent.execution.sandbox import capabilities, identity, libc, mounts, namespaces

_HOMES = (Path("/root"), Path("/home"))


def enter(data_dir: Path, uid: int, prefixes: list[str]) -> None:
    """Confine the calling process and give up root for `uid`.

    Args:
        prefixes: directories of further interpreters that core starts.

    Raises:
        OSError: the kernel refused a step; nothing may be started then.
    """
    namespaces.unshare(namespaces.NEWNS)
    mounts.make_private()
    needed = _needed(prefixes)
    hidden = _hidden_places([*needed, data_dir])
    kept = [(path, mounts.clone(str(path))) for path in needed if _is_under(path, hidden)]
    data, proc = mounts.clone(str(data_dir)), mounts.clone_writable_alone("/proc")
    for place in hidden:
        mounts.mount("tmpfs", str(place), "tmpfs", mounts.MS_NOSUID | mounts.MS_NODEV, "mode=755")
    for path, descriptor in kept:
        path.mkdir(parents=True, exist_ok=True)
        mounts.attach(descriptor, str(path))
    data_dir.mkdir(parents=True, exist_ok=True)
    mounts.make_all_readonly()
    mounts.attach(data, str(data_dir))
    mounts.attach(proc, "/proc")
    _give_up_root(uid)


def _give_up_root(uid: int) -> None:
    capabilities.drop_bounding()
    identity.become(uid)
    capabilities.drop_all()
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)


def _needed(prefixes: list[str]) -> list[Path]:
    """What core reads besides the system: interpreters, virtual environment, package; none inside another."""
    executable = Path(sys.executable)
    paths = {
        Path(sys.base_prefix),
        executable.parent.parent,
        executable.resolve().parent.parent,
        Path(lambent.__file__).resolve().parent.parent,
        *map(Path, prefixes),
    }
    return sorted(path for path in paths if not any(path != p and _is_in(path, p) for p in paths))


def _hidden_places(needed: list[Path]) -> list[Path]:
    """The homes, and whatever else core's uid could not pass on its way to what it needs."""
    closed = {
        ancestor
        for path in needed
        for ancestor in path.parents
        if not os.stat(ancestor).st_mode & 0o001  # noqa: PTH116 - the mode is all that is wanted
    }
    places = {home for home in _HOMES if home.is_dir()} | closed
    return sorted(
        place for place in places if not any(p != place and _is_in(place, p) for p in places)
    )


def _is_under(path: Path, places: list[Path]) -> bool:
    return any(_is_in(path, place) for place in places)


def _is_in(path: Path, place: Path) -> bool:
    return path.is_relative_to(place)

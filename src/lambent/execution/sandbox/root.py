"""The root that every sandbox of one interpreter sees: small, read-only, made once by the zygote.

The code store is not in it; code is bound to /var/task from outside when a sandbox is assigned.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lambent.execution.sandbox import mounts, users

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEVICES = ("null", "zero", "full", "random", "urandom")
_EMPTY = (
    *("var/task", "var/runtime", "opt", "tmp", "var/tmp", "proc", "dev/shm", "sys"),
    users.DIRECTORY.lstrip("/"),
)
_TOP_LEVEL = ("bin", "sbin", "lib", "lib32", "lib64")
# Certificates and what the dynamic linker and Debian's alternatives need; no secrets, no host configuration.
_FROM_ETC = (
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/tls/certs",
    "pki/ca-trust",
    "alternatives",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
)
HOSTNAME = "sandbox"
_ETC = {
    "hosts": f"127.0.0.1 localhost {HOSTNAME} {HOSTNAME}.localdomain\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
NO_RESOLVER = "# No name server: a sandbox has no network.\n"


@dataclass(frozen=True)
class RootPlan:
    """What goes into a root. `trees` are shown read-only at their own paths; `hidden` never shows, wherever it lies.

    `runtime` is shown at /var/runtime, `libraries` are (path on the host, path in the root). `host_proc`: keep a /proc
    below the sandbox's own, which the kernel asks for inside a user namespace.
    """

    scaffold: str
    trees: Sequence[str]
    hidden: str
    runtime: str | None = None
    libraries: Sequence[tuple[str, str]] = ()
    host_proc: bool = False
    resolv_conf: str = NO_RESOLVER


def enter(plan: RootPlan) -> None:
    """Build the root at `plan.scaffold` (an empty directory) and make it ours. Needs a mount namespace of our own."""
    mounts.make_private()
    mounts.mount("none", plan.scaffold, "tmpfs", mounts.MS_NOSUID, "size=1m,mode=755")
    base = Path(plan.scaffold)
    for name in _EMPTY:
        (base / name).mkdir(parents=True)
    _show_devices(base)
    _show_trees(base, plan)
    _fill_etc(base, plan.resolv_conf)
    if plan.runtime:
        mounts.bind_readonly(plan.runtime, str(base / "var/runtime"))
    for source, target in plan.libraries:
        _show(Path(source), base / target.lstrip("/"))
    if plan.host_proc:
        mounts.mount("/proc", str(base / "proc"), "", mounts.MS_BIND | mounts.MS_REC)
    mounts.pivot_into(plan.scaffold)
    mounts.remount_readonly("/")


def _show_devices(base: Path) -> None:
    for name in _DEVICES:
        node = base / "dev" / name
        node.touch()
        # A bind of the host's node: making one needs a privilege that user namespaces do not have.
        mounts.mount(f"/dev/{name}", str(node), "", mounts.MS_BIND)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        (base / "dev" / name).symlink_to(f"/proc/self/fd{target}")


def _show_trees(base: Path, plan: RootPlan) -> None:
    trees = ["/usr", *(tree for tree in plan.trees if not _is_below(tree, "/usr"))]
    for name in _TOP_LEVEL:
        path = Path("/", name)
        if path.is_symlink():
            (base / name).symlink_to(os.readlink(path))  # noqa: PTH115 - the text of the link, unresolved
        elif path.is_dir():
            trees.append(str(path))
    for tree in trees:
        target = base / tree.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        mounts.bind_readonly(tree, str(target))
        if _is_below(plan.hidden, tree):
            covered = str(base / plan.hidden.lstrip("/"))
            mounts.mount("none", covered, "tmpfs", mounts.MS_RDONLY, "size=4k,mode=000")


def _fill_etc(base: Path, resolv_conf: str) -> None:
    etc = base / "etc"
    etc.mkdir(exist_ok=True)  # a JDK of Debian has its configuration there
    for name, text in {**_ETC, "resolv.conf": resolv_conf}.items():
        (etc / name).write_text(text, "ascii")
    # Who it is differs from sandbox to sandbox.
    for name in ("passwd", "group"):
        (etc / name).symlink_to(f"{users.DIRECTORY}/{name}")
    (etc / "localtime").symlink_to("/usr/share/zoneinfo/UTC")
    for name in _FROM_ETC:
        source = Path("/etc", name)
        if not source.exists():
            continue
        _show(source.resolve(), etc / name)


def _show(source: Path, target: Path) -> None:
    """A directory or a file, read-only."""
    if source.is_dir():
        target.mkdir(parents=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mounts.bind_readonly(str(source), str(target))


def _is_below(path: str, tree: str) -> bool:
    return Path(path).is_relative_to(tree)

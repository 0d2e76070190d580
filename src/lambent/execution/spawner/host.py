"""What this host lets us do, tried out rather than guessed, and what follows from it for `--isolation`."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent.execution.sandbox import (
    cgroup,
    copying,
    disk,
    identity,
    libc,
    mounts,
    namespaces,
    network,
    seccomp,
)
from lambent.execution.spawner.network import NONE as NO_NETWORK
from lambent.execution.spawner.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.execution.sandbox.cgroup import Hierarchy
    from lambent.execution.sandbox.identity import UidRange

AUTO, REQUIRE, NONE = "auto", "require", "none"


class CannotIsolate(Exception):
    """`--isolation require` on a host that lacks something. The text names all of it."""


@dataclass
class Host:
    """How sandboxes are made here.

    `isolated`: with namespaces and filter. `refusal`: why none may be made at all. `missing`: what is weaker than it
    should be, a line each. `has_disks`: /tmp is a disk of its own. `uids` None: sandboxes keep our uid. `no_copies`:
    why SnapStart cannot make copies of a template.
    """

    mode: str
    isolated: bool
    uids: UidRange | None
    cgroups: Hierarchy | None
    in_user_namespace: bool = False
    refusal: str = ""
    has_disks: bool = False
    no_copies: str = "SnapStart needs isolation, and Lambent to run as root"
    missing: list[str] = field(default_factory=list)
    network: Network = field(default_factory=lambda: Network(NO_NETWORK))

    def describe(self) -> dict[str, Any]:
        """For `describe` and doctor."""
        groups, uids = self.cgroups, self.uids
        return {
            "isolation": self.mode,
            "namespaces": self.isolated,
            "seccomp": self.isolated,
            "user_namespace": self.in_user_namespace,
            "cgroup_version": groups.version if groups else 0,
            "cgroup_controllers": groups.controllers if groups else [],
            "uid_range": [uids.first, uids.first + uids.count - 1] if uids else [],
            "tmp": ("disk" if self.has_disks else "memory") if self.isolated else "host",
            "network": self.network.describe(),
            "snap_start": self.no_copies or "on",
            "missing": self.missing,
            "refusal": self.refusal,
        }


def examine(isolation: str, data_dir: str) -> Host:
    """Decide how to isolate.

    Raises:
        CannotIsolate: `require`, and something is missing.
    """
    cgroups = cgroup.find(data_dir)
    host = _without(cgroups, data_dir) if isolation == NONE else _with(cgroups, data_dir)
    if isolation == REQUIRE and (host.missing or host.refusal):
        raise CannotIsolate(
            "; ".join([host.refusal, *host.missing] if host.refusal else host.missing)
        )
    return host


def _without(cgroups: Hierarchy | None, data_dir: str) -> Host:
    uids = _uid_range(data_dir) if os.geteuid() == 0 else None
    missing = ["isolation is off: functions see the host, its processes and its network"]
    return Host(NONE, isolated=False, uids=uids, cgroups=cgroups, missing=missing)


def _with(cgroups: Hierarchy | None, data_dir: str) -> Host:
    is_root = os.geteuid() == 0
    host = Host(
        mode="root" if is_root else "user-namespace",
        isolated=True,
        uids=_uid_range(data_dir) if is_root else None,
        cgroups=cgroups,
        in_user_namespace=not is_root,
        has_disks=is_root and not disk.problem(),
    )
    if is_root:
        host.no_copies = copying.problem()
    if not is_root:
        host.missing.append("not root: all functions share one uid, the one Lambent runs as")
    if cgroups is None:
        host.missing.append("no cgroup memory controller: memory limits are not enforced")
    elif "pids" not in cgroups.controllers:
        host.missing.append("no cgroup pids controller: only a resource limit bounds processes")
    problem = _first_problem(in_user_namespace=not is_root)
    if problem:
        host.isolated = False
        host.refusal = (
            f"this host cannot isolate functions ({problem}); --isolation none runs them without"
        )
    return host


def _uid_range(data_dir: str) -> UidRange:
    return identity.choose_range(data_dir, Path("/proc/self/uid_map").read_text("ascii"))


def _first_problem(*, in_user_namespace: bool) -> str:
    """Go through the steps of a sandbox in a child of ours; the text of the first that fails, "" if none does."""
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("a pid namespace", lambda: namespaces.unshare(namespaces.NEWPID)),
        ("namespaces", lambda: namespaces.unshare(namespaces.OF_A_SANDBOX)),
        ("a network of its own", network.raise_loopback),
        ("private mounts", mounts.make_private),
        ("read-only mounts", lambda: mounts.bind_readonly("/usr", "/usr")),
        ("no_new_privs", lambda: libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)),
        ("seccomp", lambda: seccomp.load(seccomp.build())),
        ("a filter that works", _expect_refusal),
    ]
    if in_user_namespace:
        steps.insert(0, ("a user namespace", namespaces.become_namespace_root))
    problem_out, problem_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(problem_in, _try_all(steps).encode())
        os._exit(0)
    os.close(problem_in)
    os.waitpid(child, 0)
    with os.fdopen(problem_out, "rb") as file:
        said = file.read().decode("utf-8", "replace")
    return said.removeprefix("ok") if said.startswith("ok") else said or "the trial died"


def _try_all(steps: list[tuple[str, Callable[[], Any]]]) -> str:
    for name, step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - the boundary of a forked child
            return f"{name}: {error}"
    return "ok"


def _expect_refusal() -> None:
    try:
        namespaces.unshare(namespaces.NEWUTS)
    except OSError as error:
        if error.errno == errno.EPERM:
            return
    raise OSError("a denied call went through")

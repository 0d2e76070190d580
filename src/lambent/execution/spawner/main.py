"""The spawner's entry: what it does before its loop, in order."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import resource
import signal
import socket
import sys

from lambent.core import plain_log
from lambent.core.clock import SystemClock
from lambent.execution.sandbox import cgroup, libc, mounts, namespaces
from lambent.execution.spawner import host as hosts
from lambent.execution.spawner import network as networks
from lambent.execution.spawner import seal
from lambent.execution.spawner.loop import Loop
from lambent.execution.spawner.spawner import Spawner, Store
from lambent.process import priority

_CANNOT_BE_SO = 78  # EX_CONFIG
_NETWORKS = (networks.AUTO, networks.INTERNET, networks.PLATFORM, networks.NONE)


def main() -> None:
    """Run until core's end of the socket is closed."""
    arguments = _arguments()
    plain_log.start(plain_log.LogStyle(arguments.log_format, arguments.log_level), "spawner")
    signal.pthread_sigmask(signal.SIG_SETMASK, set())  # the launcher waits with its signals blocked
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    libc.become_subreaper()
    # A cold start waits for it. Sandboxes are sessions of their own.
    priority.set_session_niceness(priority.AHEAD)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        host = hosts.examine(arguments.isolation, arguments.data_dir)
    except hosts.CannotIsolate as reason:
        sys.stderr.write(f"lambent: --isolation require: {reason}\n")
        sys.exit(_CANNOT_BE_SO)
    store = Store(arguments.data_dir)
    _prepare_store(store, arguments.core_uid)
    if host.cgroups is not None:
        cgroup.sweep(host.cgroups)
    _connect(host, arguments)
    router = host.network.router
    try:
        _serve(host, store, arguments)
    finally:
        if router is not None:
            router.close()


def _serve(host: hosts.Host, store: Store, arguments: argparse.Namespace) -> None:
    """Do what core asks for until it is gone."""
    if host.isolated:
        _leave_host_mounts(host)
    elif host.uids is not None:
        _open_the_way(store, host)
    core = socket.socket(fileno=arguments.socket_fd)
    core.set_inheritable(False)
    loop = Loop(SystemClock())
    if host.network.router is not None:
        host.network.router.watch(loop)
    spawner = Spawner(core, store, host, json.loads(arguments.runtimes), loop)
    try:
        loop.run()
    except (BrokenPipeError, ConnectionResetError):
        pass  # core is gone
    finally:
        spawner.stop()


def _connect(host: hosts.Host, arguments: argparse.Namespace) -> None:
    """Let functions out, where that is wanted and can be."""
    try:
        host.network = networks.connect(
            arguments.network,
            isolated=host.isolated,
            is_root=os.geteuid() == 0,
            data_dir=arguments.data_dir,
            deny=arguments.network_deny,
        )
    except networks.NetworkUnavailable as reason:
        sys.stderr.write(f"lambent: --network {arguments.network}: {reason}\n")
        sys.exit(_CANNOT_BE_SO)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("lambent-spawner")
    parser.add_argument("--socket-fd", type=int, required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument(
        "--isolation", choices=[hosts.AUTO, hosts.REQUIRE, hosts.NONE], required=True
    )
    parser.add_argument("--network", choices=_NETWORKS, required=True)
    parser.add_argument("--network-deny", required=True, help="CIDRs, separated by commas")
    parser.add_argument("--core-uid", type=int, required=True)
    parser.add_argument("--log-format", required=True)
    parser.add_argument("--log-level", required=True)
    parser.add_argument("--runtimes", required=True, help="JSON of runtimes/discovery.py")
    return parser.parse_args()


def _prepare_store(store: Store, core_uid: int) -> None:
    """Core may write to staging only; what is half sealed from an earlier run goes."""
    os.makedirs(store.scratch, mode=0o700, exist_ok=True)  # noqa: PTH103
    for path in (store.staging, store.sealed, store.sealing, store.facts, store.scaffold):
        os.makedirs(path, mode=0o755, exist_ok=True)  # noqa: PTH103
    if os.geteuid() == 0:
        os.chown(store.staging, core_uid, core_uid)
        for path in (store.sealed, store.sealing, store.facts, store.scaffold, store.scratch):
            os.chown(path, 0, 0)
    for name in os.listdir(store.sealing):  # noqa: PTH208
        seal.remove_tree(f"{store.sealing}/{name}")


def _open_the_way(store: Store, host: hosts.Host) -> None:
    """Without isolation functions read their code where it lies, under uids of their own: they must get there."""
    for path in (store.data_dir, f"{store.data_dir}/code", store.sealed):
        mode = os.stat(path).st_mode & 0o777  # noqa: PTH116
        os.chmod(path, mode | 0o011)  # noqa: PTH101, S103 - search, not list
    for ancestor in pathlib.PurePath(store.data_dir).parents:
        if not os.stat(ancestor).st_mode & 0o001:  # noqa: PTH116
            host.refusal = f"functions cannot reach their code: others may not pass {ancestor}"


def _leave_host_mounts(host: hosts.Host) -> None:
    """What we mount for layers is nobody else's business."""
    if host.in_user_namespace:
        namespaces.become_namespace_root()
    else:
        namespaces.unshare(namespaces.NEWNS)
    mounts.make_private()

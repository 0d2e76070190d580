"""Starts the spawner as a child process. Standard library only: the launcher uses it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lambent.core.plain_log import LogStyle

if TYPE_CHECKING:
    from collections.abc import Mapping

_SOURCE = str(Path(__file__).resolve().parents[3])
_PROGRAM = (
    "import sys; sys.path.insert(0, {source!r}); "
    "from lambent.execution.spawner.main import main; main()"
)


class Outside(NamedTuple):
    """What functions may reach: auto, internet, platform or none; but never `deny` (CIDRs, separated by commas)."""

    network: str = "none"
    deny: str = ""


NOTHING = Outside()


class Started(NamedTuple):
    """The process, and core's end of the socket to it."""

    process: subprocess.Popen[bytes]
    socket: socket.socket


def start_spawner(
    data_dir: str,
    isolation: str,
    core_uid: int,
    runtimes: Mapping[str, Any],
    outside: Outside = NOTHING,
    log_style: LogStyle = LogStyle(),  # noqa: B008 - a tuple of two texts
) -> Started:
    """Start a spawner for the platform at `data_dir`.

    It leaves when the socket is closed. With `isolation` "require" or `outside` "internet" on a host that cannot, it
    says why on stderr and ends with status 78.

    Args:
        isolation: auto, require or none.
        core_uid: who owns what core writes below `data_dir`.
        runtimes: what `runtimes/discovery.py` found.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", _PROGRAM.format(source=_SOURCE)),
                *("--socket-fd", str(theirs.fileno())),
                *("--data-dir", str(Path(data_dir).absolute())),
                *("--isolation", isolation),
                *("--network", outside.network, "--network-deny", outside.deny),
                *("--core-uid", str(core_uid)),
                *("--log-format", log_style.format, "--log-level", log_style.level),
                *("--runtimes", json.dumps(dict(runtimes))),
            ],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
            start_new_session=True,  # Ctrl-C is for the launcher to understand
        )
    return Started(process, ours)

"""Whether this host lets us move copies of a template into sandboxes of their own (shell.py), tried out."""

from __future__ import annotations

import os
import signal
import socket

from lambent.execution.sandbox import capabilities, libc, namespaces, seccomp, tracee


def problem() -> str:
    """What is against it, "" when nothing is. Needs root."""
    if not tracee.is_possible():
        return f"SnapStart is not made for {os.uname().machine}"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = os.fork()
        if child == 0:
            _wait_under_filter(ours, theirs)
        theirs.close()
        try:
            return _try(child, ours)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _try(child: int, sock: socket.socket) -> str:
    if not sock.recv(1):
        return "SnapStart: the trial died"
    try:
        traced = tracee.Tracee(child)
        # What the filter refuses, and with it what the kernel would refuse without privileges.
        traced.call("unshare", namespaces.NEWUSER)
        traced.release()
    except OSError as error:
        return f"SnapStart: this host does not let copies move ({error})"
    return ""


def _wait_under_filter(ours: socket.socket, theirs: socket.socket) -> None:
    try:
        ours.close()
        capabilities.drop_all()
        libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.load(seccomp.build())
        theirs.send(b"r")
        theirs.recv(1)
    finally:
        os._exit(0)

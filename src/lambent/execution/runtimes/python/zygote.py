"""The fork server of one interpreter: it holds what every sandbox needs in memory, and forks them.

Started by the spawner as `INTERPRETER -I -S -c ... PLAN`, PLAN being JSON: `socket` (descriptor), `language`,
`interpreter`, `execs`, `preload`, `isolated`, `source`, `scaffold`, `trees`, `libraries`, `hidden`, `runtime`,
`host_proc`, `network` (null, or what spawner/network.py plans).
Single-threaded for ever: a fork copies one thread only. Messages on its SEQPACKET socket, JSON:
 in:  `{"op": "fork", "sandbox", "uid", "memory_mib", "urgent", "network", "template"}` with frame socket, log pipe and
      cgroup doors; between pipe and doors the socket of its keeper, if it is to be a template
 out: `{"event": "ready"}`, `{"event": "unable", "reason"}`, `{"event": "forked", "sandbox", "pid"}` with a pidfd,
      `{"event": "exited", "sandbox", "status", "reason"}`
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

from lambent.execution.runtimes import starter
from lambent.execution.runtimes.commands import Bootstrap
from lambent.execution.runtimes.java import classes
from lambent.execution.runtimes.python import bootstrap, keeper, surroundings, warm_up
from lambent.execution.sandbox import (
    descriptors,
    endpoint,
    husk,
    libc,
    namespaces,
    root,
    seccomp,
    spawn,
)

_MESSAGE_LIMIT = 4096
# Where the frame socket lives in a Python sandbox: out of the way of what a function opens, below its limit of 1,024.
_FRAME_DESCRIPTOR = 1000
_SETUP_FAILED = 70  # EX_SOFTWARE
_CANNOT_EXEC = 126


class Zygote:
    """Args: the socket to the spawner, and the plan."""

    def __init__(self, sock: socket.socket, plan: dict[str, Any]) -> None:
        self._sock = sock
        self._language: str = plan["language"]
        self._execs: bool = plan["execs"]
        self._isolated: bool = plan["isolated"]
        runtime_dir = "/var/runtime" if self._isolated else plan["runtime"] or ""
        self._bootstrap = Bootstrap(self._language, plan["interpreter"], runtime_dir)
        self._filter = seccomp.build() if self._isolated else None
        self._network: dict[str, Any] | None = plan["network"]
        # In a sandbox: what its function will have, where that is known before.
        self._memory_mib = 0
        self._has_endpoint = False
        self._poll = select.poll()
        # pidfd -> sandbox, pid, reading end of the status pipe
        self._sandboxes: dict[int, tuple[str, int, int]] = {}

    def run(self) -> None:
        """Serve until the spawner's end is closed. Our death ends every sandbox (parent-death signal)."""
        self._poll.register(self._sock, select.POLLIN)
        self._tell({"event": "ready"})
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != self._sock.fileno():
                    self._reap(descriptor)
                elif not self._serve():
                    return

    def _serve(self) -> bool:
        data, given = keeper.receive(self._sock)
        if not data:
            return False
        request = json.loads(data)
        try:
            self._fork(request, given)
        except OSError as error:
            self._tell({"event": "exited", "sandbox": request["sandbox"], "reason": str(error)})
        finally:
            for descriptor in given:
                os.close(descriptor)
        return True

    def _fork(self, request: dict[str, Any], given: list[int]) -> None:
        sandbox = request["sandbox"]
        status_out, status_in = os.pipe()
        # A flag of the fork, not unshare before it: that would leave us attached to the namespace of the last sandbox,
        # where every fork fails with ENOMEM once its first process is dead, and needs setns, which a user namespace
        # does not allow into the host's pid namespace.
        home = os.pidfd_open(os.getpid()) if request["template"] else -1
        pid = libc.fork_with(namespaces.NEWPID if self._isolated else 0)
        if pid == 0:
            uid = request["uid"]
            frames, log, *others = given
            control = others.pop(0) if request["template"] else -1
            cable = keeper.cable_of(request, self._network)
            walls = spawn.Walls(self._isolated, uid, self._filter, others, request["urgent"], cable)
            self._memory_mib = request["memory_mib"]
            self._has_endpoint = keeper.has_endpoint(request)
            if request["template"]:
                means = keeper.Means(control, home, walls, self._network)
                self._become_keeper(means, frames, log, status_in)
            self._become_sandbox(walls, frames, log, status_in)
        os.close(status_in)
        if home >= 0:
            os.close(home)
        pidfd = os.pidfd_open(pid)
        self._sandboxes[pidfd] = (sandbox, pid, status_out)
        self._poll.register(pidfd, select.POLLIN)
        self._tell({"event": "forked", "sandbox": sandbox, "pid": pid}, [pidfd])

    def _reap(self, pidfd: int) -> None:
        sandbox, pid, status_out = self._sandboxes.pop(pidfd)
        self._poll.unregister(pidfd)
        _, status = os.waitpid(pid, 0)
        said = os.read(status_out, _MESSAGE_LIMIT)
        os.close(status_out)
        os.close(pidfd)
        event = {"event": "exited", "sandbox": sandbox, **_verdict(status, said)}
        self._tell(event)

    def _tell(self, event: dict[str, Any], given: list[int] | None = None) -> None:
        try:
            keeper.tell(self._sock, event, given)
        except (BrokenPipeError, ConnectionResetError):
            sys.exit(0)  # the spawner is gone, and we are about to follow it

    def _become_sandbox(
        self, walls: spawn.Walls, frames: int, log: int, status_in: int
    ) -> NoReturn:
        """In the child, the first process of its pid namespace: lock, then start the runtime as its own child."""
        try:
            # As the first process we must not be stopped by what a function sends us.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            spawn.lock(walls, log, [frames, status_in])
            if self._has_endpoint:
                endpoint.hand_out(frames)
            if _has_no_reader(status_in):  # the zygote died before we asked to die with it
                os._exit(_SETUP_FAILED)
            runtime = os.fork()
            if runtime == 0:
                os.close(status_in)
                self._become_runtime(frames)
            descriptors.keep_only([status_in])
            for standard in (0, 1, 2):
                os.close(standard)
            if self._isolated:
                husk.reap(runtime, status_in)
            _wait_for(runtime, status_in)
        except BaseException as error:  # noqa: BLE001 - the boundary of a forked child: it must not return
            os.write(status_in, b"!" + f"{type(error).__name__}: {error}".encode()[:1000])
        finally:
            os._exit(_SETUP_FAILED)

    def _become_keeper(
        self, means: keeper.Means, frames: int, log: int, status_in: int
    ) -> NoReturn:
        """In the child: surround it, then start the template, which locks itself in, as its own child."""

        def become_template(asked: int) -> NoReturn:
            try:
                spawn.settle(means.walls, log, [frames, status_in, asked])
                os.close(status_in)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                bootstrap.run(descriptors.move_up(frames, _FRAME_DESCRIPTOR), copies=asked)
            except BaseException as error:  # noqa: BLE001 - the boundary of a forked child: it must not return
                os.write(status_in, b"!" + f"{type(error).__name__}: {error}".encode()[:1000])
            finally:
                os._exit(_SETUP_FAILED)

        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            libc.die_with_parent(signal.SIGKILL)
            spawn.surround(means.walls)
            if self._has_endpoint:
                endpoint.hand_out(frames)
            if _has_no_reader(status_in):  # the zygote died before we asked to die with it
                os._exit(_SETUP_FAILED)
            keeper.keep(means, become_template, status_in)
        except BaseException as error:  # noqa: BLE001 - the boundary of a forked child: it must not return
            os.write(status_in, b"!" + f"{type(error).__name__}: {error}".encode()[:1000])
        finally:
            os._exit(_SETUP_FAILED)

    def _become_runtime(self, frames: int) -> NoReturn:
        if not self._isolated:
            libc.die_with_parent(signal.SIGKILL)
        if self._execs:
            starter.run(frames, self._bootstrap, has_own_network=self._isolated)
        if self._language == "python":
            signal.signal(signal.SIGINT, signal.default_int_handler)
            bootstrap.run(descriptors.move_up(frames, _FRAME_DESCRIPTOR))
        starter.pass_on(frames)
        command = self._bootstrap.command(self._memory_mib, is_assigned=False)
        try:
            starter.execute(command, self._bootstrap.variables())
        except starter.CannotStart as error:
            os.write(2, f"{error}\n".encode())
        os._exit(_CANNOT_EXEC)


def _has_no_reader(pipe: int) -> bool:
    poll = select.poll()
    poll.register(pipe, 0)
    return bool(poll.poll(0))


def _wait_for(runtime: int, status_in: int) -> None:
    """The whole life of a sandbox's first process: take in orphans until the runtime ends, hand its status on."""
    while True:
        pid, status = os.wait()
        if pid == runtime:
            os.write(status_in, str(_exit_code(status)).encode())
            os.killpg(0, signal.SIGKILL)  # without a pid namespace nobody else would
            os._exit(0)


def _exit_code(status: int) -> int:
    """The exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(status)


def _verdict(status: int, said: bytes) -> dict[str, Any]:
    """What became of a sandbox: its own word on the runtime where there is one, else how the first process ended."""
    if said.startswith(husk.MARK):
        (wait_status,) = struct.unpack("=i", said[len(husk.MARK) :])
        return {"status": _exit_code(wait_status)}
    if said.startswith(b"!"):
        return {"status": _SETUP_FAILED, "reason": said[1:].decode("utf-8", "replace")}
    return {"status": int(said) if said else _exit_code(status)}


def main() -> None:
    """Entry point, see the head of this file."""
    libc.die_with_parent(signal.SIGKILL)
    plan = json.loads(sys.argv[1])
    sock = socket.socket(fileno=plan["socket"])
    zygote = Zygote(sock, plan)
    try:
        if plan["language"] == "java":
            classes.ensure(plan["interpreter"], plan["runtime"])
        if plan["language"] == "python" and not plan["execs"]:
            warm_up.rehearse()
        if plan["isolated"]:
            _enter_root(plan)
    except OSError as error:
        sock.send(json.dumps({"event": "unable", "reason": str(error)}).encode())
        return
    sys.path[:] = [entry for entry in sys.path if entry != plan["source"]]
    if plan["language"] == "python" and not plan["execs"]:
        _add_interactive_names()
        sys.path.append(surroundings.LIBRARIES)
        if plan["preload"]:
            _import_sdk()
        surroundings.forget_ourselves()
    gc.collect()
    gc.freeze()
    zygote.run()


def _enter_root(plan: dict[str, Any]) -> None:
    namespaces.unshare(namespaces.NEWNS)
    root.enter(
        root.RootPlan(
            scaffold=plan["scaffold"],
            trees=plan["trees"],
            libraries=plan["libraries"],
            hidden=plan["hidden"],
            runtime=plan["runtime"],
            host_proc=plan["host_proc"],
            resolv_conf=plan["network"]["resolv_conf"] if plan["network"] else root.NO_RESOLVER,
        )
    )


def _import_sdk() -> None:
    """What a function that uses boto3 would wait for, some 250 ms of it: imported once, shared by all forks.

    A client's classes are made from its service's model, per client and by the function itself.
    """
    for name in ("boto3.session", "botocore.client", "botocore.httpsession", "botocore.signers"):
        try:
            importlib.import_module(name)
        except ImportError:
            return  # then the function will hear of it itself


def _add_interactive_names() -> None:
    """`exit`, `quit`, `help` and the like: -S leaves them out, functions know them from AWS."""
    import site  # noqa: PLC0415 - importing it does nothing by itself under -S

    site.setquit()
    site.setcopyright()
    site.sethelper()

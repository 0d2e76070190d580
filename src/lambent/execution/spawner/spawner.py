"""Answers core: makes sandboxes, gives them their code, ends them, keeps the store of sealed trees."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent.execution.sandbox import cgroup
from lambent.execution.spawner import packets, requests
from lambent.execution.spawner.chores import Chores
from lambent.execution.spawner.mounter import CODE_TARGET, Mounter
from lambent.execution.spawner.sandboxes import Ends, Sandbox
from lambent.execution.spawner.zygotes import Recipe, Site, Zygote, ZygoteUnavailable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from lambent.execution.spawner.host import Host
    from lambent.execution.spawner.loop import Loop

# A group whose last process has been reaped is empty at once; should it not be, we look again.
_REMOVE_AGAIN_S = 0.05
_REMOVE_ATTEMPTS = 100


@dataclass(frozen=True)
class Store:
    """Where things lie below the data directory."""

    data_dir: str

    @property
    def staging(self) -> str:
        return f"{self.data_dir}/code/staging"

    @property
    def sealed(self) -> str:
        return f"{self.data_dir}/code/sealed"

    @property
    def sealing(self) -> str:
        return f"{self.data_dir}/code/sealing"

    @property
    def scaffold(self) -> str:
        """An empty directory to mount on, in namespaces of our own."""
        return f"{self.data_dir}/code/scaffold"


class Spawner:
    """Args: core's socket, the store, what the host can do, the runtimes that were found, the loop."""

    def __init__(
        self,
        core: socket.socket,
        store: Store,
        host: Host,
        runtimes: Mapping[str, Mapping[str, Any]],
        loop: Loop,
    ) -> None:
        self._core = core
        self._store = store
        self._host = host
        self._runtimes = runtimes
        self._loop = loop
        self._sandboxes: dict[str, Sandbox] = {}
        self._zygotes: dict[Recipe, Zygote] = {}
        self._mounter = Mounter(store.sealed, store.scaffold) if host.isolated else None
        self._chores = Chores(core, store.staging, store.sealing, store.sealed, loop)
        self._operations: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "create": self._create,
            "assign": self._assign,
            "kill": self._kill,
            "seal": self._chores.seal,
            "discard": self._chores.discard,
            "describe": self._describe,
        }
        loop.watch(core.fileno(), self._readable)

    def stop(self) -> None:
        """Kill every sandbox and zygote and take the cgroups away."""
        for sandbox in self._sandboxes.values():
            sandbox.kill()
        for zygote in self._zygotes.values():
            zygote.stop()
        if self._host.cgroups is not None:
            cgroup.remove_all(self._host.cgroups)

    def on_forked(self, sandbox: str, pid: int, pidfd: int) -> None:
        """From a zygote: the sandbox exists. Core learns that it is usable from its READY frame."""
        made = self._sandboxes[sandbox]
        made.pid, made.pidfd = pid, pidfd
        if made.killed:
            made.kill()
        peak = made.group.open_peak() if made.group else None
        passed = [*made.ends.of_core(), pidfd, *([] if peak is None else [peak])]
        event = {"event": "created", "sandbox": sandbox, "pid": pid, "peak": peak is not None}
        event["runtime_api"] = made.zygote.hands_out_listeners
        packets.send(self._core, event, passed)
        made.ends.close_all()
        if peak is not None:
            os.close(peak)

    def on_exited(self, sandbox: str, status: int | None, reason: str) -> None:
        """From a zygote: the sandbox is gone, or never came to be."""
        gone = self._sandboxes.pop(sandbox)
        was_created = gone.pidfd >= 0
        oom_kills, peak_bytes = self._last_figures(gone)
        gone.ends.close_all()
        self._clean_up(gone, _REMOVE_ATTEMPTS)
        event: dict[str, Any] = {"sandbox": sandbox}
        if was_created:
            # A kill for want of memory is one that nobody asked for.
            is_oom = oom_kills > 0 and status == -9 and not gone.killed
            event |= {"event": "exited", "status": status, "oom": is_oom, "peak_bytes": peak_bytes}
            event |= {"reason": reason} if reason else {}
        else:
            event |= {"event": "failed", "reason": reason or "the sandbox died while it was made"}
        packets.send(self._core, event)

    def _readable(self) -> None:
        try:
            data, descriptors = packets.receive(self._core)
        except OSError:
            data, descriptors = b"", []
        packets.close_all(descriptors)
        if not data:
            self._loop.stop()
            return
        try:
            request = requests.parse(data)
        except requests.BadRequest as error:
            packets.send(self._core, {"event": "failed", "reason": str(error)})
            return
        self._operations[request["op"]](request)

    def _create(self, request: Mapping[str, Any]) -> None:
        name = request["sandbox"]
        if name in self._sandboxes:
            self._fail(name, "this id is in use")
            return
        try:
            made = self._prepare(name, self._zygote_for(request))
        except (ZygoteUnavailable, OSError) as error:
            self._fail(name, str(error))
            return
        self._sandboxes[name] = made
        doors: list[int] = []
        try:
            doors = made.group.open_doors() if made.group else []
            passed = [*made.ends.of_sandbox(), *doors]
            made.zygote.fork(name, made.uid, passed, request.get("memory_mib", 0))
            made.ends.close_sandbox_side()
        except (ZygoteUnavailable, OSError) as error:
            self.on_exited(name, None, str(error))
        finally:
            packets.close_all(doors)

    def _zygote_for(self, request: Mapping[str, Any]) -> Zygote:
        runtime = request["runtime"]
        if self._host.refusal:
            raise ZygoteUnavailable(self._host.refusal)
        entry = self._runtimes.get(runtime)
        if entry is None:
            raise ZygoteUnavailable(f"no interpreter for {runtime}")
        recipe = Recipe.of(entry, execs=request.get("execs", False))
        if recipe not in self._zygotes:
            host, store = self._host, self._store
            site = Site(store.data_dir, store.scaffold, host.isolated, host.in_user_namespace)
            self._zygotes[recipe] = Zygote(recipe, site, self._loop, self)
        return self._zygotes[recipe]

    def _prepare(self, name: str, zygote: Zygote) -> Sandbox:
        groups, uids = self._host.cgroups, self._host.uids
        uid = uids.take() if uids else None
        try:
            ends = Ends(uid)
            try:
                group = groups.create(name) if groups else None
            except OSError:
                ends.close_all()
                raise
        except OSError:
            if uids and uid is not None:
                uids.give_back(uid)
            raise
        return Sandbox(name, zygote, uid, group, self._host.isolated, ends)

    def _assign(self, request: Mapping[str, Any]) -> None:
        name = request["sandbox"]
        sandbox = self._sandboxes.get(name)
        if sandbox is None or sandbox.pidfd < 0 or sandbox.assigned:
            self._fail(name, "no such sandbox waits to be assigned")
            return
        sandbox.assigned = True
        try:
            if sandbox.group is not None:
                sandbox.group.limit_memory(request["memory_mib"])
            task_root = self._bind(sandbox, request["code"], request["layers"])
        except OSError as error:
            self._fail(name, str(error))
            return
        packets.send(self._core, {"event": "assigned", "sandbox": name, "task_root": task_root})

    def _bind(self, sandbox: Sandbox, code: str, layers: list[str]) -> str:
        """Show the code; returns where the function finds it."""
        if self._mounter is None:
            if layers:
                raise OSError("layers need isolation: they are mounted at /opt")
            path = Path(self._store.sealed, code)
            if not path.is_dir():
                raise OSError(f"no sealed tree {code}")
            return str(path)
        if not sandbox.has_own_mounts():
            raise OSError("the sandbox is not locked yet")
        self._mounter.bind(sandbox.pidfd, code, layers)
        return CODE_TARGET

    def _kill(self, request: Mapping[str, Any]) -> None:
        sandbox = self._sandboxes.get(request["sandbox"])
        if sandbox is not None:
            sandbox.kill()

    def _describe(self, request: Mapping[str, Any]) -> None:
        zygotes = [
            {"language": recipe.language, "interpreter": recipe.interpreter, "pid": zygote.pid}
            for recipe, zygote in self._zygotes.items()
        ]
        event = {"event": "described", "ticket": request["ticket"], **self._host.describe()}
        event |= {"sandboxes": len(self._sandboxes), "zygotes": zygotes, "pid": os.getpid()}
        packets.send(self._core, event)

    def _fail(self, sandbox: str, reason: str) -> None:
        packets.send(self._core, {"event": "failed", "sandbox": sandbox, "reason": reason})

    def _last_figures(self, sandbox: Sandbox) -> tuple[int, int]:
        if sandbox.group is None:
            return 0, 0
        try:
            return sandbox.group.oom_kills(), sandbox.group.peak_bytes()
        except (OSError, ValueError):
            return 0, 0

    def _clean_up(self, sandbox: Sandbox, attempts: int) -> None:
        """Take the group away; only then may the uid serve again."""
        is_gone = sandbox.is_reaped() and (sandbox.group is None or sandbox.group.remove())
        if not is_gone and attempts:
            self._loop.after(_REMOVE_AGAIN_S, lambda: self._clean_up(sandbox, attempts - 1))
            return
        sandbox.close()
        # A uid with a process that will not die is lost, not shared.
        if is_gone and self._host.uids is not None and sandbox.uid is not None:
            self._host.uids.give_back(sandbox.uid)

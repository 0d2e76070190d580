"""Answers core: makes sandboxes, gives them their code, ends them, keeps the store of sealed trees."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent.execution.sandbox import cgroup, cpu, mounts
from lambent.execution.spawner import network, packets, requests
from lambent.execution.spawner.chores import Chores
from lambent.execution.spawner.fork_server import ForkServerUnavailable, Order
from lambent.execution.spawner.freezing import Freezer
from lambent.execution.spawner.keepers import Keeper
from lambent.execution.spawner.mounter import CODE_TARGET, Mounter
from lambent.execution.spawner.sandboxes import Ends, Sandbox
from lambent.execution.spawner.scratch import DEFAULT_MIB, Scratch
from lambent.execution.spawner.zygotes import Recipe, Site, Zygote

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from lambent.execution.spawner.fork_server import ForkServer
    from lambent.execution.spawner.host import Host
    from lambent.execution.spawner.loop import Loop
    from lambent.execution.spawner.scratch import Disk

_log = logging.getLogger(__name__)

# A group whose last process has been reaped is empty at once; should it not be, we look again.
_REMOVE_AGAIN_S = 0.05
_REMOVE_ATTEMPTS = 100
# What spares the next assignment some work is done when the present one, or a fork, is surely over.
_PREPARE_S = 0.05


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
    def facts(self) -> str:
        """What is known of sealed trees."""
        return f"{self.data_dir}/code/facts"

    @property
    def scaffold(self) -> str:
        """An empty directory to mount on, in namespaces of our own."""
        return f"{self.data_dir}/code/scaffold"

    @property
    def scratch(self) -> str:
        """Where the nameless images behind /tmp take their room."""
        return f"{self.data_dir}/scratch"


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
        self._scratch = Scratch(store.scratch if host.has_disks else None, loop)
        self._chores = Chores(core, store.staging, store.sealing, store.sealed, store.facts, loop)
        self._operations: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "create": self._create,
            "throttle": self._throttle,
            "freeze": self._freeze,
            "thaw": self._thaw,
            "kill": self._kill,
            "seal": self._chores.seal,
            "discard": self._discard,
            "describe": self._describe,
        }
        loop.watch(core.fileno(), self._readable)

    def stop(self) -> None:
        """Kill every sandbox and zygote and take the cgroups away."""
        for sandbox in self._sandboxes.values():
            sandbox.kill()
        for zygote in self._zygotes.values():
            zygote.stop()
        self._scratch.stop()
        if self._host.cgroups is not None:
            cgroup.remove_all(self._host.cgroups)

    def on_forked(self, sandbox: str, pid: int, pidfd: int) -> None:
        """From a zygote: the sandbox exists. Core learns that it is usable from its READY frame."""
        made = self._sandboxes[sandbox]
        made.pid, made.pidfd = pid, pidfd
        if made.keeper is not None:
            made.keeper.started(pid)
        if made.killed:
            made.kill()
        peak = made.group.open_peak() if made.group else None
        passed = [*made.ends.of_core(), pidfd, *([] if peak is None else [peak])]
        event: dict[str, Any] = {"event": "created", "sandbox": sandbox, "pid": pid}
        event |= {"peak": peak is not None, "code_dir": self._code_dir()}
        event["endpoint"] = made.network in network.WITH_ENDPOINT
        event["runtime_api"] = made.zygote.hands_out_listeners
        packets.send(self._core, event, passed)
        made.ends.close_log()
        if peak is not None:
            os.close(peak)
        if self._mounter is not None:
            self._loop.after(_PREPARE_S, made.note_lock)

    def on_exited(self, sandbox: str, status: int | None, reason: str) -> None:
        """From a zygote: the sandbox is gone, or never came to be."""
        gone = self._sandboxes.pop(sandbox)
        was_created = gone.pidfd >= 0
        if gone.keeper is not None:
            gone.keeper.close()
        oom_kills, peak_bytes = self._last_figures(gone)
        gone.ends.close_all()
        self._scratch.drop(gone.disk)
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
            request, frame = requests.parse(data)
        except requests.BadRequest as error:
            packets.send(self._core, {"event": "failed", "reason": str(error)})
            return
        if request["op"] == "assign":
            self._assign(request, frame)
        else:
            self._operations[request["op"]](request)

    def _create(self, request: Mapping[str, Any]) -> None:
        name = request["sandbox"]
        if name in self._sandboxes:
            self._fail(name, "this id is in use")
            return
        if refusal := self._refusal(request):
            self._fail(name, refusal, final=True)
            return
        try:
            made = self._prepare(name, self._forked_by(request))
            made.network = self._host.network.narrowed(request.get("network"))
        except (ForkServerUnavailable, OSError) as error:
            self._fail(name, str(error))
            return
        self._sandboxes[name] = made
        if self._host.has_disks:
            self._scratch.stock(sum(not each.memory_mib for each in self._sandboxes.values()))
        doors: list[int] = []
        try:
            doors = made.group.open_doors() if made.group else []
            is_template = request.get("template", False)
            if is_template:
                made.keeper = Keeper(self._loop, self)
            keepers = [made.keeper.descriptor] if made.keeper else []
            passed = [*made.ends.of_sandbox(), *keepers, *doors]
            memory_mib = request.get("memory_mib", 0)
            urgent = request["urgent"]
            order = Order(name, made.uid, passed, memory_mib, urgent, made.network, is_template)
            made.zygote.fork(order)
            made.ends.close_sandbox_side()
            if made.keeper:
                made.keeper.ordered()
        except (ForkServerUnavailable, OSError) as error:
            self.on_exited(name, None, str(error))
        finally:
            packets.close_all(doors)

    def _refusal(self, request: Mapping[str, Any]) -> str:
        """Why no such sandbox can ever be made here; "" when nothing is against it."""
        runtime = request["runtime"]
        if self._host.refusal or runtime not in self._runtimes:
            return self._host.refusal or f"no interpreter for {runtime}"
        return self._host.no_copies if request.get("template") else ""

    def _forked_by(self, request: Mapping[str, Any]) -> ForkServer:
        """Who is asked for it.

        Raises:
            ForkServerUnavailable: the template that it is to be a copy of is gone.
        """
        template = request.get("copy_of")
        if template is None:
            return self._zygote_for(request)
        original = self._sandboxes.get(template)
        if original is None or original.keeper is None:
            raise ForkServerUnavailable("the template is gone")
        return original.keeper

    def _zygote_for(self, request: Mapping[str, Any]) -> Zygote:
        entry = self._runtimes[request["runtime"]]
        recipe = Recipe.of(
            entry, execs=request.get("execs", False), preload=request.get("preload", False)
        )
        if recipe not in self._zygotes:
            host, store = self._host, self._store
            router, uids = host.network.router, host.uids
            site = Site(
                store.data_dir,
                store.scaffold,
                host.isolated,
                host.in_user_namespace,
                router.plan(uids.first) if router and uids else None,
            )
            self._zygotes[recipe] = Zygote(recipe, site, self._loop, self)
        return self._zygotes[recipe]

    def _prepare(self, name: str, zygote: ForkServer) -> Sandbox:
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

    def _assign(self, request: Mapping[str, Any], frame: bytes) -> None:
        name = request["sandbox"]
        sandbox = self._sandboxes.get(name)
        if sandbox is None or sandbox.pidfd < 0 or sandbox.memory_mib:
            self._fail(name, "no such sandbox waits to be assigned")
            return
        sandbox.memory_mib = request["memory_mib"]
        if self._mounter is None:
            self._settle(sandbox, request, frame)
        else:
            self._scratch.take(
                request["tmp_mib"], lambda disk: self._equip(sandbox, request, frame, disk)
            )

    def _equip(
        self, sandbox: Sandbox, request: Mapping[str, Any], frame: bytes, disk: Disk
    ) -> None:
        """With a disk for /tmp, or without where there are none."""
        sandbox.disk = disk
        if self._sandboxes.get(sandbox.name) is sandbox:
            self._settle(sandbox, request, frame)
            return
        packets.close_all([disk.descriptor] if disk.ticket else [])
        self._scratch.drop(disk)

    def _settle(self, sandbox: Sandbox, request: Mapping[str, Any], frame: bytes) -> None:
        """Limit it, bind the code, say so to it and to core."""
        name = sandbox.name
        try:
            if sandbox.group is not None:
                sandbox.group.limit_memory(sandbox.memory_mib)
            self._bind(sandbox, request)
            bound_at = self._loop.now()
            # Straight to the sandbox: by way of core it would come one wake-up later.
            if frame:
                sandbox.ends.send_frame(frame)
        except ProcessLookupError:
            return  # it is ending; `exited` says how
        except OSError as error:
            self._fail(name, str(error))
            return
        finally:
            sandbox.ends.close_all()
            packets.close_all([sandbox.disk.descriptor] if sandbox.disk.descriptor >= 0 else [])
        packets.send(self._core, {"event": "assigned", "sandbox": name, "at": bound_at})

    def _bind(self, sandbox: Sandbox, request: Mapping[str, Any]) -> None:
        """Show the code where `_code_dir` has told core."""
        code, layers, mounter = request["code"], request["layers"], self._mounter
        if mounter is None:
            if layers:
                raise OSError("layers need isolation: they are mounted at /opt")
            if not Path(self._store.sealed, code).is_dir():
                raise OSError(f"no sealed tree {code}")
            return
        if not sandbox.has_own_mounts():
            raise OSError("the sandbox is not locked yet")
        scratch, sandbox.disk = sandbox.disk.descriptor, sandbox.disk._replace(descriptor=-1)
        if scratch < 0 and request["tmp_mib"] != DEFAULT_MIB:
            options = {"size": f"{request['tmp_mib']}m", "mode": "1777"}
            scratch = mounts.make("tmpfs", options)
        mounter.bind(sandbox.pidfd, code, layers, scratch)
        self._loop.after(_PREPARE_S, lambda: mounter.prepare(code))

    def _code_dir(self) -> str:
        """Where a function finds its code; `%` at its end stands for the digest."""
        return f"{self._store.sealed}/%" if self._mounter is None else CODE_TARGET

    def _discard(self, request: Mapping[str, Any]) -> None:
        if self._mounter is not None:
            self._mounter.forget(request["code"])
        self._chores.discard(request)

    def _throttle(self, request: Mapping[str, Any]) -> None:
        """INIT is over: from now on the function has the CPU that its memory stands for."""
        sandbox = self._sandboxes.get(request["sandbox"])
        if sandbox is None or sandbox.group is None or not sandbox.memory_mib:
            return
        try:
            sandbox.group.limit_cpu(cpu.quota(sandbox.memory_mib))
        except OSError as error:
            _log.warning("no CPU quota for a sandbox: %s", error)

    def _freeze(self, request: Mapping[str, Any]) -> None:
        """Nobody is told: core sends to a frozen sandbox what it likes, it reads it when it is thawed."""
        sandbox = self._sandboxes.get(request["sandbox"])
        if sandbox is None or sandbox.group is None or sandbox.pidfd < 0:
            return
        if sandbox.freezer is None:
            sandbox.freezer = Freezer(sandbox.group, sandbox.pid)
        try:
            sandbox.freezer.freeze()
        except OSError as error:
            _log.warning("a sandbox runs on: %s", error)

    def _thaw(self, request: Mapping[str, Any]) -> None:
        sandbox = self._sandboxes.get(request["sandbox"])
        if sandbox is not None and sandbox.freezer is not None:
            sandbox.freezer.thaw()

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

    def _fail(self, sandbox: str, reason: str, *, final: bool = False) -> None:
        """`final`: asking again is of no use."""
        event = {"event": "failed", "sandbox": sandbox, "reason": reason, "final": final}
        packets.send(self._core, event)

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
            sandbox.kill_members()
            self._loop.after(_REMOVE_AGAIN_S, lambda: self._clean_up(sandbox, attempts - 1))
            return
        sandbox.close()
        # A uid with a process that will not die is lost, not shared.
        if is_gone and self._host.uids is not None and sandbox.uid is not None:
            self._host.uids.give_back(sandbox.uid)

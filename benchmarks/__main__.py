"""`python -m benchmarks [names] [--rounds N]`: measures side by side and judges.

Exit status: 0 valid and all targets met, 1 a target missed, 2 the run is void, 3 it could not be made.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import chart, facts, table, verdict
from benchmarks.build import HERE, BuildFailed, build
from benchmarks.contestants.commands import Bubblewrap, Command, PlainJava, PlainNode, PlainPython
from benchmarks.contestants.floor import Floor
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.ministack import Ministack
from benchmarks.contestants.server import NotAvailable, Server
from benchmarks.contestants.serverless_offline import ServerlessOffline, UncalledFunctions
from benchmarks.contestants.unobserved import Unobserved
from benchmarks.interpreters import node
from benchmarks.rows import (
    api,
    burst,
    cold,
    cold_java,
    density,
    echo,
    events,
    new,
    observers,
    snap_start,
    startup,
    warm,
    waterfall,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.rounds import Row
    from benchmarks.rows.warm import Entry

GROUPS = (
    "warm",
    "observers",
    "echo",
    "cold",
    "new",
    "snap",
    "burst",
    "waterfall",
    "async",
    "api",
    "start",
    "memory",
    "density",
)
# Measurements that no run of everything includes, with a main() of their own.
ALONE = (
    "cold_steps",
    "http_servers",
    "insights",
    "neighbours",
    "policy_decisions",
    "snap_density",
    "soak",
    "storage_writes",
)
SERVERS = (Floor, Lambent, ServerlessOffline, Ministack)
PR_SET_CHILD_SUBREAPER = 36


class Run:
    """One run: who takes part, what was found."""

    def __init__(self, options: argparse.Namespace, work_dir: Path) -> None:
        self.options = options
        self.work_dir = work_dir
        self.rows: dict[str, Row] = {}
        self.memory: dict[str, dict[str, tuple[int, float]]] = {}
        self.parts: dict[str, dict[str, float]] = {}
        self.charts: dict[str, str] = {}  # SVG
        self.absent: dict[str, str] = {}
        self.servers: dict[str, Server] = {}

    def measure(self) -> None:
        """Everything that was asked for, printed as it comes."""
        commands = self._commands()
        chosen = [make(self.work_dir) for make in SERVERS if self._takes_part(make.name)]
        servers = [server for server in chosen if self._try(server.name, server.install)]
        if self._wants("start"):
            # Each alone on the machine, so before the others are started to stay.
            self._show(startup.measure(servers, self.options.rounds, say), table.starts)
        if self._wants("waterfall"):
            self._try("cold start waterfall", self._measure_waterfall)
        with ExitStack() as running:
            for server in servers:
                running.callback(server.stop)
                if self._try(server.name, server.start):
                    self.servers[server.name] = server
            self._measure_running(commands)

    def _measure_running(self, commands: Sequence[Command]) -> None:
        rounds, servers = self.options.rounds, self.servers.values()
        lambent = self.servers.get("lambent")
        assert lambent is None or isinstance(lambent, Lambent)
        if self._wants("memory"):
            self._weigh()
        if self._wants("density"):
            self._show(density.measure(lambent, rounds, say), table.density)
        if self._wants("cold"):
            self._show(cold.measure(lambent, commands, rounds, say), table.starts)
            self._measure_java(lambent)
        if lambent:
            self._measure_ours(lambent)
        if self._wants("echo"):
            self._show(echo.measure(servers, rounds, say), table.starts)
        if self._wants("async"):
            seconds = self.options.seconds
            self._show(events.measure(servers, rounds, seconds, say), table.events)
        if self._wants("api"):
            self._measure_apis()
        if self._wants("warm"):
            levels = self.options.connections
            for row in warm.measure(self._entries(), rounds, self.options.seconds, say, levels):
                self._show(row, table.warm)

    def _measure_apis(self) -> None:
        options = self.options
        for row in api.measure(self.servers.values(), options.rounds, options.seconds, say):
            self._show(row, table.warm)

    def _measure_ours(self, lambent: Lambent) -> None:
        if self._wants("new"):
            fresh = self._uncalled() if "serverless-offline" in self.servers else None
            self._show(new.measure(lambent, fresh, self.options.rounds, say), table.starts)
        if self._wants("snap"):
            self._measure_snapshots(lambent)
        if self._wants("observers"):
            self._measure_observers(lambent)
        if self._wants("burst"):
            self._show(burst.measure(lambent, self.options.rounds, say), table.starts)

    def _measure_observers(self, lambent: Lambent) -> None:
        unobserved = Unobserved(self.work_dir)
        try:
            if self._try(unobserved.name, unobserved.install) and self._try(
                unobserved.name, unobserved.start
            ):
                options = self.options
                row = observers.measure(lambent, unobserved, options.rounds, options.seconds, say)
                self._show(row, table.warm)
        finally:
            unobserved.stop()

    def _uncalled(self) -> UncalledFunctions | None:
        fresh = UncalledFunctions(self.work_dir / "uncalled", new.CREATED)
        return fresh if self._try(fresh.name, fresh.install) else None

    def _weigh(self) -> None:
        for server in self.servers.values():
            self.memory[server.name] = startup.weigh(server)
            print("\n" + table.memory(server.name, self.memory[server.name]), flush=True)

    def _measure_waterfall(self) -> None:
        if os.geteuid():
            raise NotAvailable("full isolation needs root")
        starts = waterfall.measure(say)
        self.parts = {name: waterfall.parts(steps) for name, steps in starts.items()}
        title = "one cold start"
        print("\n" + table.parts(title, self.parts), flush=True)
        text = f"{title}, milliseconds, without HTTP"
        self.charts["cold-start"] = chart.stacked(text, self.parts)

    def _measure_java(self, lambent: Lambent | None) -> None:
        plain = PlainJava()
        if self._try(plain.name, plain.install):
            self._show(cold_java.measure(lambent, plain, self.options.rounds, say), table.starts)

    def _measure_snapshots(self, lambent: Lambent) -> None:
        def measure() -> None:
            for row in snap_start.measure(lambent, self.options.rounds, say):
                self._show(row, table.starts)

        self._try("lambent's snapshots", measure)

    def _entries(self) -> list[Entry]:
        return [
            (warm.label(name, function), server, function)
            for name, server in self.servers.items()
            for function in warm.FUNCTIONS[name]
            if function != "node" or node()
        ]

    def _commands(self) -> list[Command]:
        found: list[Command] = [PlainPython(), Bubblewrap(), PlainNode()]
        return [command for command in found if self._try(command.name, command.install)]

    def _try(self, name: str, step: Any) -> bool:
        """Do one step of a contestant's; when it cannot take part, print why."""
        if name in self.absent:
            return False
        try:
            step()
        except (NotAvailable, OSError, RuntimeError, ClientError, BotoCoreError) as problem:
            self.absent[name] = " ".join(str(problem).split())
            say(f"{name} is left out: {self.absent[name]}")
        return name not in self.absent

    def _takes_part(self, name: str) -> bool:
        return not self.options.contestants or name in self.options.contestants.split(",")

    def _wants(self, group: str) -> bool:
        return not self.options.names or group in self.options.names

    def _show(self, row: Row, draw: Callable[[Row], str]) -> None:
        self.rows[row.title] = row
        print("\n" + draw(row), flush=True)

    def conclude(self, machine: dict[str, str]) -> int:
        """Print the verdict, write the JSON, return the exit status."""
        ours = self.memory.get("lambent")
        idle_mb = sum(mb for _, mb in ours.values()) if ours else None
        checks = verdict.judge(self.rows, idle_mb)
        reasons = verdict.why_void(self.rows, self.options.rounds, self.absent)
        print("\n" + table.checks(checks))
        for reason in reasons:
            print(f"VOID: {reason}")
        results = HERE / "results"
        results.mkdir(exist_ok=True)
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        path = results / f"{stamp}.json"
        document = {
            "machine": machine,
            "options": vars(self.options),
            "void": reasons,
            "checks": [
                [check.what, check.promised, check.measured, check.word] for check in checks
            ],
            "left_out": self.absent,
            "idle_pss_mb": self.memory,
            "cold_start_ms": self.parts,
            "rows": [row.as_json() for row in self.rows.values()],
        }
        path.write_text(json.dumps(document, indent=1) + "\n")
        print(f"\nAll figures: {path}")
        for name, svg in self.charts.items():
            drawn = results / f"{stamp}-{name}.svg"
            drawn.write_text(svg)
            print(f"Chart: {drawn}")
        if reasons:
            return 2
        return int(any(check.is_met is False for check in checks))


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        help=f"{', '.join(GROUPS)}; default: all. Or one of {', '.join(ALONE)} with its own options",
    )
    parser.add_argument("--rounds", type=int, default=verdict.FEWEST_ROUNDS)
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="of load in each warm or async turn"
    )
    parser.add_argument(
        "--contestants", default="", help="servers that take part, by comma; default: all"
    )
    parser.add_argument(
        "--connections", type=_levels, default=warm.LEVELS, help="default: 1,8,16,32"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(GROUPS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


def _levels(text: str) -> tuple[int, ...]:
    return tuple(int(level) for level in text.split(","))


def main() -> int:
    if len(sys.argv) > 1 and sys.argv[1] in ALONE:
        # It has options of its own.
        return int(importlib.import_module(f"benchmarks.{sys.argv.pop(1)}").main() or 0)
    options = parse()
    # Whatever a contestant leaves behind becomes ours, and stays in our tree.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        build("load")
    except BuildFailed as problem:
        say(str(problem))
        return 3
    machine = facts.gather()
    print(table.align([[name, value] for name, value in machine.items()]), flush=True)
    with tempfile.TemporaryDirectory(prefix="lambent-bench-") as work_dir:
        run = Run(options, Path(work_dir))
        run.measure()
        return run.conclude(machine)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

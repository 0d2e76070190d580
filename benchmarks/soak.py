"""The platform under half its load for hours: does its core's memory grow?

    python -m benchmarks soak [--seconds 7200] [--connections 16]

First the load it can take is measured, in a closed loop; then half of it is sent, in spans with new connections for
each. After each span the proportional set sizes of core and of the whole tree are read. Growth is from the median of
the first tenth of the readings after the warm-up to the median of the last tenth; the warm-up is a tenth of the time,
of a short soak more. Exit status: 0 growth is below 5 %, 1 it is not, 3 the soak could not be made.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import cpu, facts, loadgen, processes, table
from benchmarks.build import HERE
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.server import NotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECONDS = 7200.0
CONNECTIONS = 16
LONGEST_SPAN_S = 30.0
# At least so many readings, so that their tenths mean something.
READINGS = 60
GROWTH_LIMIT = 0.05
# Lines of the table that is printed at the end.
LINES = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """After a span of load: seconds since the begin, MB, and how the span went."""

    at_s: float
    core_mb: float
    tree_mb: float
    requests_per_s: float
    p50_us: float
    p99_us: float


def soak(lambent: Lambent, seconds: float, connections: int) -> Iterator[Reading]:
    """Keep a running platform under half its load. Raises LoadFailed at the first wrong answer."""
    target = lambent.target("python")
    loadgen.run(target, connections, 1.0)  # environments start
    full = loadgen.run(target, connections, min(5.0, seconds / 10)).requests_per_s
    span_s = min(LONGEST_SPAN_S, seconds / READINGS)
    begun = time.monotonic()
    while (at_s := time.monotonic() - begun) < seconds:
        load = loadgen.run(target, connections, span_s, "--rate", f"{full / 2:.1f}")
        core_mb, tree_mb = _weigh(lambent)
        yield Reading(at_s, core_mb, tree_mb, load.requests_per_s, load.p50_us, load.p99_us)


def _weigh(lambent: Lambent) -> tuple[float, float]:
    """MB of core and of the whole tree."""
    parts = cpu.by_part(processes.look().values(), lambent)
    sizes = {
        part: sum(processes.pss_kib(member.pid) for member in members) * 1024 / 1e6
        for part, members in parts.items()
    }
    return sizes["core"], sum(sizes.values())


def warm_up_s(seconds: float) -> float:
    """A tenth of the time; a third of a short one, up to a minute."""
    return max(seconds / 10, min(60.0, seconds / 3))


def growth(readings: Sequence[Reading], seconds: float) -> float:
    """By what share core's memory grew after the warm-up. Raises ValueError where nothing was read after it."""
    sizes = [each.core_mb for each in readings if each.at_s >= warm_up_s(seconds)]
    if not sizes:
        raise ValueError("the soak ended in its warm-up")
    tenth = max(1, len(sizes) // 10)
    return statistics.median(sizes[-tenth:]) / statistics.median(sizes[:tenth]) - 1


def report(readings: Sequence[Reading]) -> str:
    """Some of the readings, evenly spread."""
    lines = [["minutes", "core MB", "tree MB", "req/s", "p50", "p99"]]
    step = max(1, len(readings) // LINES)
    lines += [
        [
            f"{each.at_s / 60:.1f}",
            f"{each.core_mb:.1f}",
            f"{each.tree_mb:.1f}",
            *map(table.number, (each.requests_per_s, each.p50_us, each.p99_us)),
        ]
        for each in readings[::step]
    ]
    return table.align(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    options = parser.parse_args()
    machine = facts.gather()
    print(table.align([[name, value] for name, value in machine.items()]), flush=True)
    readings: list[Reading] = []
    with tempfile.TemporaryDirectory(prefix="lambent-soak-") as work_dir:
        lambent = Lambent(Path(work_dir))
        try:
            lambent.start()
            for reading in soak(lambent, options.seconds, options.connections):
                readings.append(reading)
                print(f"soak: {reading.at_s:.0f} s: core {reading.core_mb:.1f} MB", file=sys.stderr)
        except (NotAvailable, loadgen.LoadFailed, OSError) as problem:
            print(f"{report(readings)}\nthe soak ended after {len(readings)} readings: {problem}")
            return 3
        finally:
            lambent.stop()
    grown = growth(readings, options.seconds)
    print(f"\n{report(readings)}\n\ncore grew by {grown:.1%} after the warm-up; < 5 % is promised")
    _keep(machine, options.seconds, readings, grown)
    return int(grown >= GROWTH_LIMIT)


def _keep(
    machine: dict[str, str], seconds: float, readings: Sequence[Reading], grown: float
) -> None:
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    path = results / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-soak.json"
    document = {
        "machine": machine,
        "seconds": seconds,
        "growth": grown,
        "readings": [asdict(each) for each in readings],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"All readings: {path}")


if __name__ == "__main__":
    raise SystemExit(main())

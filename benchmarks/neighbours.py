"""What programs of the host that compute do to warm invokes, with the platform ahead of them and not.

    python -m benchmarks neighbours [--rounds N]

A round is three spells of invokes on one connection: alone, beside so many computing programs, each in a session of its
own, that every core has three of them, and beside them with the scheduler's group of the core made as nice as theirs.
It takes root. Told are medians over the rounds. Exit status: 0 the platform is faster when it is ahead, 1 it is not, 3
it could not be measured. (Functions that compute are one group together, which holds the core up no more than any one.)
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import cpu, facts, loadgen, processes, table
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.server import NotAvailable
from lambent.process import priority

if TYPE_CHECKING:
    from benchmarks.loadgen import Load

ROUNDS = 7
SPELL_S = 2.0
BUSY_PER_CORE = 3
BUSY = (sys.executable, "-I", "-S", "-c", "while True: pass")
ALONE, AHEAD, LEVEL = "alone", "beside, platform ahead", "beside, all alike"


def spells(lambent: Lambent, rounds: int) -> dict[str, list[Load]]:
    """The loads of each spell, round by round. Raises LoadFailed, OSError."""
    found: dict[str, list[Load]] = {ALONE: [], AHEAD: [], LEVEL: []}
    (core,) = cpu.by_part(processes.look().values(), lambent)["core"]
    if _has_group(Path(f"/proc/{core.pid}/cgroup").read_text()):
        raise NotAvailable(
            "the core is in a control group, where its session's niceness does not count"
        )
    group = Path(f"/proc/{core.pid}/autogroup")
    loadgen.run(lambent.target("python"), 1, SPELL_S)
    for number in range(rounds):
        found[ALONE].append(loadgen.run(lambent.target("python"), 1, SPELL_S))
        count = BUSY_PER_CORE * (os.cpu_count() or 1)
        busy = [subprocess.Popen(BUSY, start_new_session=True) for _ in range(count)]
        try:
            pair = [(AHEAD, priority.AHEAD), (LEVEL, 0)]
            for spell, niceness in pair if number % 2 else reversed(pair):
                group.write_text(str(niceness))
                found[spell].append(loadgen.run(lambent.target("python"), 1, SPELL_S))
        finally:
            group.write_text(str(priority.AHEAD))
            for process in busy:
                process.kill()
                process.wait()
    return found


def _has_group(text: str) -> bool:
    """Whether a process shares the processor by a control group, from its /proc/PID/cgroup."""
    lines = (line.split(":", 2) for line in text.splitlines())
    deciding = {tuple(each.split(",")): path for _, each, path in lines}
    by_version_1 = [path for controllers, path in deciding.items() if "cpu" in controllers]
    return any(path != "/" for path in by_version_1 or [deciding.get(("",), "/")])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks neighbours", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    print(table.align([[name, value] for name, value in facts.gather().items()]), flush=True)
    with tempfile.TemporaryDirectory(prefix="lambent-neighbours-") as work_dir:
        lambent = Lambent(Path(work_dir))
        try:
            lambent.start()
            found = spells(lambent, options.rounds)
        except (NotAvailable, loadgen.LoadFailed, OSError) as problem:
            print(f"it could not be measured: {problem}")
            return 3
        finally:
            lambent.stop()
    medians = {spell: statistics.median(each.p50_us for each in found[spell]) for spell in found}
    lines = [["", "p50", "p99", "req/s"]]
    for spell, loads in found.items():
        p99_us = statistics.median(each.p99_us for each in loads)
        per_s = statistics.median(each.requests_per_s for each in loads)
        lines.append([spell, *map(table.number, (medians[spell], p99_us, per_s))])
    print(f"\n{table.align(lines)}")
    pairs = zip(found[AHEAD], found[LEVEL], strict=True)
    ratio = statistics.median(ahead.p50_us / level.p50_us for ahead, level in pairs)
    print(f"\np50 with the platform ahead / all alike: {ratio:.2f}")
    return int(ratio >= 1)


if __name__ == "__main__":
    raise SystemExit(main())

"""How many environments a GB holds: idle ones that have served a call, each in its full sandbox, against processes.

    python -m benchmarks.snap_density [--environments N]

The proportional set size of all processes of an environment, its first process included, when N of the same function
are there (PSS shares a page among those that map it). Beside it what is there once for all of them: the zygote, or the
template with its keeper. A plain process is an interpreter that has imported the same module and waits.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import table
from benchmarks.interpreters import python, python_runtime
from benchmarks.processes import look, pss_kib
from lambent.core.clock import SystemClock
from lambent.core.ids import request_id
from lambent.execution.plane import ExecutionPlane
from lambent.execution.runtimes.discovery import discover
from lambent.execution.runtimes.table import Runtimes
from lambent.execution.spawner.start import start_spawner
from lambent.execution.spec import ON_DEMAND, SNAP_START, FunctionSpec, Invocation

if TYPE_CHECKING:
    from collections.abc import Sequence

GB = 1e9
SOURCES = {
    "tiny": "",
    "boto3": "import boto3\nclient = boto3.client('dynamodb', region_name='us-east-1')\n",
}
# All run at the same time, so that each has an environment of its own.
HANDLER = "import time\ndef handler(event, context):\n    time.sleep(1)\n    return event\n"
WAITS = (
    "import sys; sys.path[:0] = sys.argv[1:]; import app, json; print('there', flush=True); input()"
)


def _mb(pids: Sequence[int]) -> float:
    return sum(map(pss_kib, pids)) * 1024 / 1e6


def _plain(source: str, count: int) -> float:
    """MB of one of `count` plain processes."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "app.py").write_text(source + HANDLER)
        command = [python(), "-I", "-S", "-c", WAITS, directory, sysconfig.get_path("purelib")]
        made = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(count)
        ]
        for process in made:
            assert process.stdout is not None
            assert process.stdout.readline() == b"there\n"
        mb = _mb([process.pid for process in made]) / count
        for process in made:
            process.communicate(b"\n")
    return mb


async def _ours(
    plane: ExecutionPlane, data_dir: Path, source: str, kind: str, count: int
) -> tuple[float, float]:
    """MB of one of `count` environments; MB of what they have in common."""
    spec = await _function(plane, data_dir, source, kind)
    if kind == SNAP_START:
        await plane.snapshot(spec)
    calls = (Invocation(request_id(), b"{}", spec.function_arn) for _ in range(count))
    await asyncio.gather(*(plane.invoke(spec, call) for call in calls))
    environments = list(plane._scheduler._groups[spec.key].idle)  # noqa: SLF001 - nobody else asks for their processes
    assert len(environments) == count, f"{len(environments)} environments instead of {count}"
    spaces = {
        _pid_namespace(environment._sandbox._peak._pid)  # type: ignore[union-attr]  # noqa: SLF001
        for environment in environments
    }
    members = [pid for pid in look() if _pid_namespace(pid) in spaces]
    shared = await _shared(plane, spec, kind)
    mb = _mb(members) / count, _mb(shared)
    plane.retire(spec.key)
    return mb


async def _shared(plane: ExecutionPlane, spec: FunctionSpec, kind: str) -> list[int]:
    """The template and its keeper, or the zygotes."""
    if kind != SNAP_START:
        spawner = (await plane.describe())["spawner"]
        return [zygote["pid"] for zygote in spawner["zygotes"]]
    template = plane._snapshots._templates[spec.key]._environment  # noqa: SLF001
    assert template is not None
    space = _pid_namespace(template._sandbox._peak._pid)  # type: ignore[union-attr]  # noqa: SLF001
    return [pid for pid in look() if _pid_namespace(pid) == space]


def _pid_namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


async def _function(plane: ExecutionPlane, data_dir: Path, source: str, kind: str) -> FunctionSpec:
    staged = data_dir / "code" / "staging" / request_id()
    staged.mkdir(parents=True)
    (staged / "app.py").write_text(source + HANDLER)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    return FunctionSpec(
        key=staged.name,
        runtime=python_runtime(),
        handler="app.handler",
        code=await plane.seal(staged.name),
        memory_mib=512,
        timeout_s=60,
        function_name="f",
        function_version="1",
        function_arn=arn,
        region="us-east-1",
        log_group="/aws/lambda/f",
        initialization=kind,
    )


async def _measure(data_dir: Path, count: int) -> list[list[str]]:
    runtimes = discover()
    process, sock = start_spawner(str(data_dir), "require", os.getuid(), runtimes)
    plane = ExecutionPlane(
        spawner=sock,
        runtimes=Runtimes(runtimes),
        clock=SystemClock(),
        open_sink=lambda *_: lambda _: None,
        sealed_dir=data_dir / "code" / "sealed",
    )
    await plane.start()
    lines = [["environments", "MB each", "per GB", "to plain", "MB for all of them"]]
    try:
        await plane.describe()  # the directories are there
        for name, source in SOURCES.items():
            plain = await asyncio.to_thread(_plain, source, count)
            lines.append(
                [f"plain python, {name}", f"{plain:.2f}", f"{GB / 1e6 / plain:.0f}", "", ""]
            )
            for kind in (ON_DEMAND, SNAP_START):
                each, common = await _ours(plane, data_dir, source, kind, count)
                lines.append(
                    [
                        f"lambent, {name}, {kind}",
                        f"{each:.2f}",
                        f"{GB / 1e6 / each:.0f}",
                        f"{plain / each:.1f}x",
                        f"{common:.1f}",
                    ]
                )
    finally:
        await plane.stop()
        await asyncio.to_thread(process.wait, 30)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks.snap_density")
    parser.add_argument("--environments", type=int, default=20)
    options, _ = parser.parse_known_args()
    data_dir = Path(tempfile.mkdtemp(prefix="lambent-density-"))
    data_dir.chmod(0o755)
    try:
        print(table.align(asyncio.run(_measure(data_dir, options.environments))))
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    main()

"""The execution plane on a real spawner, in this process and without HTTP: for looks at what happens inside."""

from __future__ import annotations

import asyncio
import compileall
import os
import py_compile
import shutil
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent.core.clock import SystemClock
from lambent.core.ids import request_id
from lambent.execution.plane import ExecutionPlane
from lambent.execution.runtimes.discovery import discover
from lambent.execution.runtimes.table import Runtimes
from lambent.execution.spawner.start import Outside, start_spawner
from lambent.execution.spec import FunctionSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass(frozen=True, slots=True)
class BarePlane:
    """A running plane; its code store is in `data_dir`."""

    plane: ExecutionPlane
    runtimes: Mapping[str, Mapping[str, Any]]
    data_dir: Path

    async def function(
        self, name: str, runtime: str, files: Mapping[str, bytes], handler: str, memory_mib: int
    ) -> FunctionSpec:
        """A function of these files, sealed as a deploy does it: compiled forms lie beside the sources."""
        staged = self.data_dir / "code" / "staging" / request_id()
        for path, content in files.items():
            target = staged / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o755)
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(staged, quiet=2, invalidation_mode=unchecked)
        return FunctionSpec(
            key=name,
            runtime=runtime,
            handler=handler,
            code=await self.plane.seal(staged.name),
            memory_mib=memory_mib,
            timeout_s=10,
            function_name=name,
            function_version="$LATEST",
            function_arn=f"arn:aws:lambda:eu-west-1:123456789012:function:{name}",
            region="eu-west-1",
            log_group=f"/aws/lambda/{name}",
        )


@asynccontextmanager
async def bare_plane(network: str = "none") -> AsyncIterator[BarePlane]:
    """A plane in a data directory of its own, fully isolated; needs root."""
    data_dir = _make_data_dir()
    runtimes = discover()
    process, sock = start_spawner(str(data_dir), "require", os.getuid(), runtimes, Outside(network))
    plane = ExecutionPlane(
        spawner=sock,
        runtimes=Runtimes(runtimes),
        clock=SystemClock(),
        open_sink=lambda *_: lambda _: None,
        sealed_dir=data_dir / "code" / "sealed",
    )
    await plane.start()
    try:
        await plane.describe()  # the directories are there
        yield BarePlane(plane, runtimes, data_dir)
    finally:
        await plane.stop()
        await asyncio.to_thread(process.wait, 30)
        shutil.rmtree(data_dir, ignore_errors=True)


def _make_data_dir() -> Path:
    """Sandboxes pass through it under uids of their own."""
    data_dir = Path(tempfile.mkdtemp(prefix="lambent-bare-"))
    data_dir.chmod(0o755)
    return data_dir

"""A Lambda service on the real database, with a stub for what runs functions and one for what unpacks them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import shutil
import zipfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core import ids
from lambent.core.clock import VirtualClock
from lambent.core.context import Principal, RequestContext, Scope
from lambent.core.http import BytesBody, Headers, Request
from lambent.execution.runtimes.table import Runtimes
from lambent.execution.spec import (
    Outcome,
    RuntimeUnavailable,
    SealFailed,
    Throttled,
)
from lambent.services.lambda_.runtime_policy import RuntimePolicy
from lambent.services.lambda_.service import LambdaService
from lambent.storage.blobs import Blobs
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from lambent.execution.spec import FunctionSpec, Invocation

SCOPE = Scope("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/r"
HOST_RUNTIMES = {
    "python3.12": {"language": "python", "interpreter": "/opt/py312", "version": "3.12.1", "exact": True},
    "python3.13": {"language": "python", "interpreter": "/opt/py312", "version": "3.12.1", "exact": False},
    "python3.11": {"language": "python", "interpreter": "/opt/py311", "version": "3.11.7", "exact": True},
    "nodejs4.3": {"language": "node", "interpreter": "/opt/node", "version": "20.1.0", "exact": False},
    "nodejs20.x": {"language": "node", "interpreter": "/opt/node", "version": "20.1.0", "exact": True},
}  # fmt: skip


def zip_of(**files: str) -> bytes:
    """A zip archive; `handler_py="..."` becomes handler.py. Always the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("_", ".")), text)
    return buffer.getvalue()


class StubPlane:
    """Remembers what it was asked; seals by hashing the names and contents that it finds in the staging directory."""

    def __init__(self, code_dir: Path) -> None:
        self.code_dir = code_dir
        self.invoked: list[tuple[FunctionSpec, Invocation]] = []
        self.retired: list[str] = []
        self.reserved: dict[str, int | None] = {}
        self.provisioned: dict[str, int] = {}
        self.provision_fault: Exception | None = None
        self.snapshot_fault: Exception | None = None
        self.snapshots: list[str] = []
        self.prewarmed: list[str] = []
        self.prewarmed_for: set[str] = set()
        self.condemned: list[str] = []
        self.fault: Exception | None = None
        self.seal_fault = ""
        self.is_spawner_gone = False
        self.is_warm = False
        self.tasks: list[asyncio.Task[Outcome]] = []
        self.compiled_for: list[str] = []  # runtime ids
        self.strained = False
        self.may_end = asyncio.Event()  # invocations wait for it
        self.may_end.set()
        self.outcome = Outcome(b'{"ok":true}', False, b"START\nEND\n", 1.0, 1, None, 30)

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        if spec.compiles:
            self.compiled_for.append(spec.runtime)
            return replace(self.outcome, payload=b'{"tag":"cpython-312","files":[null]}')
        self.invoked.append((spec, invocation))
        await self.may_end.wait()
        if self.fault:
            raise self.fault
        return self.outcome

    def begin(
        self,
        spec: FunctionSpec,
        invocation: Invocation,
        done: Callable[[Outcome | Exception], None],
    ) -> None:
        """At once where an environment is idle, which `is_warm` says."""
        if isinstance(self.fault, Throttled | RuntimeUnavailable):
            self.invoked.append((spec, invocation))
            raise self.fault
        if self.is_warm:
            self.invoked.append((spec, invocation))
            done(self.fault or self.outcome)
            return

        def tell(task: asyncio.Task[Outcome]) -> None:
            error = task.exception()
            done(error if isinstance(error, Exception) else task.result())

        self.tasks.append(asyncio.get_running_loop().create_task(self.invoke(spec, invocation)))
        self.tasks[-1].add_done_callback(tell)

    async def seal(self, staging_name: str) -> str:
        if self.seal_fault:
            raise SealFailed(self.seal_fault)
        digest = hashlib.sha256()
        root = self.code_dir / "staging" / staging_name
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
        (self.code_dir / "sealed" / digest.hexdigest()).mkdir(parents=True, exist_ok=True)
        return digest.hexdigest()

    def discard(self, code: str) -> None:
        """As the spawner: some time later, in a process of its own."""
        self.condemned.append(code)

    async def describe(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        if self.is_spawner_gone:
            return {"spawner": {}}
        for code in self.condemned:
            (self.code_dir / "sealed" / code).rmdir()
        self.condemned.clear()
        return {"spawner": {"isolation": "full"}}

    def reserve(self, function_arn: str, account_id: str, limit: int | None) -> None:
        self.reserved[function_arn] = limit

    async def provision(self, spec: FunctionSpec, count: int) -> None:
        if self.provision_fault:
            raise self.provision_fault
        self.provisioned[spec.key] = count

    async def snapshot(self, spec: FunctionSpec) -> None:
        if self.snapshot_fault:
            raise self.snapshot_fault
        self.snapshots.append(spec.key)

    def is_strained(self) -> bool:
        return self.strained

    def retire(self, key: str) -> None:
        if not key.startswith("compilation/"):
            self.retired.append(key)

    def prewarm(
        self,
        runtime: str,
        memory_mib: int,
        environment: object = None,
        trees: Sequence[str] = (),
        function_name: str = "",
    ) -> None:
        self.prewarmed.append(runtime)
        self.prewarmed_for.update(trees)


class InlineCompute:
    """Runs the work where it is asked for."""

    async def run(self, fn: Callable[..., Any], *args: object, timeout_s: float) -> Any:
        return fn(*args)


class HeldDatabase:
    """The database, with a way to let only so many writes pass and hold back the rest until `release`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._writable = asyncio.Event()
        self._writable.set()
        self._allowed: int | None = None
        self.held = asyncio.Event()  # a write waits
        self.reads = 0

    def hold_after(self, writes: int) -> None:
        self._allowed = writes
        if not writes:
            self._writable.clear()

    def release(self) -> None:
        self._allowed = None
        self.held.clear()
        self._writable.set()

    async def read(self, fn: Callable[..., Any]) -> Any:
        self.reads += 1
        return await self._database.read(fn)

    async def write(self, fn: Callable[..., Any]) -> Any:
        if not self._writable.is_set():
            self.held.set()
        await self._writable.wait()
        if self._allowed is not None:
            self.hold_after(self._allowed - 1)
        return await self._database.write(fn)


@dataclass
class Bench:
    """One service and everything around it."""

    directory: Path
    database: HeldDatabase
    plane: StubPlane
    compute: InlineCompute
    blobs: Blobs
    clock: VirtualClock
    policy: RuntimePolicy
    service: LambdaService = field(init=False)

    def __post_init__(self) -> None:
        self.service = self.new_service()

    def new_service(self, **options: Any) -> LambdaService:
        return LambdaService(
            **options,
            database=self.database,
            plane=self.plane,
            compute=self.compute,
            blobs=self.blobs,
            code_dir=self.directory / "code",
            clock=self.clock,
            policy=self.policy,
        )

    async def call(self, name: str, scope: Scope = SCOPE, **request: Any) -> Any:
        """Run an operation as the gateway does."""
        operation = self.service.operations[name]
        context = self.context(name, scope)
        if operation.begin is not None:
            answered = asyncio.get_running_loop().create_future()
            if operation.begin(context, request, answered.set_result):
                answer = await answered
                if isinstance(answer, Exception):
                    raise answer
                return answer
        if operation.kind == "waits":
            return await operation.run(context, request)
        transact = self.database.read if operation.kind == "read" else self.database.write
        return await transact(lambda tx: operation.run(tx, context, request))

    async def create(self, name: str = "f", **request: Any) -> Any:
        """Create a function that has settled; returns the answer."""
        answer = await self.call("CreateFunction", **creation(name, **request))
        await self.settle()
        return answer

    async def settle(self) -> None:
        """Wait until every change has settled and what it made useless is gone, as if the grace were over."""
        for task in list(self.service._settling._tasks.values()):
            await task
        cleaning = self.service._cleaning
        for tree, timer in list(cleaning._spared.items()):
            timer.cancel()
            cleaning._release(tree)
        await cleaning.finish()

    def context(self, operation: str, scope: Scope = SCOPE, **headers: str) -> RequestContext:
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return RequestContext(
            request_id=ids.request_id(),
            service="lambda",
            operation=operation,
            scope=scope,
            principal=Principal("root", scope.account_id),
            now=self.clock.calendar(),
            http=Request(
                "POST", "/", "", Headers([("Host", "127.0.0.1:4566"), *fields]), BytesBody()
            ),
        )

    def archives(self) -> list[str]:
        return self.blobs._digests()

    def trees(self) -> list[str]:
        return sorted(path.name for path in (self.directory / "code" / "sealed").glob("*"))

    def staged(self) -> list[str]:
        return [path.name for path in (self.directory / "code" / "staging").glob("*")]


def creation(name: str = "f", **request: Any) -> dict[str, Any]:
    """A request that creates a function, with these members changed; None leaves one out."""
    archive = zip_of(handler_py="def run(event, context): return event")
    members = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "handler.run",
        "Role": ROLE,
        "Code": {"ZipFile": archive},
        **request,
    }
    return {member: value for member, value in members.items() if value is not None}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schema, made once: the migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("database") / "state.db"

    async def create() -> None:
        database = SqliteDatabase(path)
        await database.open()
        await database.close()

    asyncio.run(create())
    return path


@pytest.fixture
def run(tmp_path: Path, empty_database: Path) -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """Run `async def scenario(bench)` to its end."""

    def run_scenario(scenario: Callable[[Any], Awaitable[None]]) -> None:
        shutil.copy(empty_database, tmp_path / "state.db")
        asyncio.run(_with_bench(tmp_path, scenario))

    return run_scenario


@pytest.fixture
def make_zip() -> Callable[..., bytes]:
    return zip_of


@pytest.fixture
def make_request() -> Callable[..., dict[str, Any]]:
    return creation


async def _with_bench(directory: Path, scenario: Callable[[Bench], Awaitable[None]]) -> None:
    for name in ("blobs", "code/staging", "code/sealed"):
        (directory / name).mkdir(parents=True)
    database = SqliteDatabase(directory / "state.db")
    await database.open()
    bench = Bench(
        directory,
        HeldDatabase(database),
        StubPlane(directory / "code"),
        InlineCompute(),
        Blobs(directory / "blobs"),
        VirtualClock(),
        RuntimePolicy(Runtimes(HOST_RUNTIMES)),
    )
    try:
        await scenario(bench)
        await bench.service.stop()
    finally:
        await database.close()

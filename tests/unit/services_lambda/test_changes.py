"""What goes on at the same time: deployments against the collector, clients that leave, changes against reads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from lambent.core.context import Scope
from lambent.services.lambda_ import cleaning
from lambent.services.lambda_.finishing import Finishing
from lambent.services.lambda_.registry import Registry
from lambent.services.lambda_.tables import FUNCTIONS
from lambent.storage.metadata import METADATA

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]


def test_the_same_bytes_can_be_deployed_while_they_are_collected(
    run: Run, make_request: Any
) -> None:
    async def scenario(bench: Any) -> None:
        for _ in range(10):
            await bench.create("f")
            await asyncio.gather(
                bench.call("DeleteFunction", FunctionName="f"),
                bench.call("CreateFunction", **make_request("g")),
            )
            await bench.settle()
            assert (len(bench.archives()), len(bench.trees())) == (1, 1)
            await bench.call("DeleteFunction", FunctionName="g")
        await bench.settle()
        assert (bench.archives(), bench.trees()) == ([], [])

    run(scenario)


def test_nothing_is_collected_while_a_deployment_runs(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        bench.database.hold_after(0)
        creation = asyncio.ensure_future(bench.call("CreateFunction", **make_request()))
        await bench.database.held.wait()
        bench.service._cleaning.offer(bench.archives(), bench.trees())
        await bench.call("ListFunctions")  # time enough for the collector to ask and to delete
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)
        bench.database.release()
        await creation
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)

    run(scenario)


def test_a_tree_is_spared_as_long_as_an_invocation_may_run_from_it(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        collector = bench.service._cleaning
        loop = asyncio.get_running_loop()
        await bench.create("f", Timeout=900)
        await bench.create("g", Timeout=1)
        (tree,) = bench.trees()
        await bench.call("DeleteFunction", FunctionName="f")
        await bench.call("DeleteFunction", FunctionName="g")
        collector.offer([], [tree])  # as a deployment of the same package would that fails
        await collector.finish()
        assert (bench.archives(), bench.trees()) == ([], [tree])
        assert 900 < collector._spared[tree].when() - loop.time() < 1000
        await bench.settle()
        assert bench.trees() == []

    run(scenario)


def test_a_spared_tree_goes_by_itself(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        monkeypatch.setattr(cleaning, "GRACE_S", -3.0)
        await bench.call("DeleteFunction", FunctionName="f")
        await bench.call("ListFunctions")  # the loop turns: what is due is called
        await bench.service._cleaning.finish()
        assert bench.trees() == []

    run(scenario)


def test_without_a_spawner_nothing_is_waited_for(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.plane.is_spawner_gone = True
        await bench.call("DeleteFunction", FunctionName="f")
        await bench.settle()
        bench.plane.is_spawner_gone = False
        await bench.create()

    run(scenario)
    assert "could not be removed" in caplog.text


def test_a_creation_is_finished_when_its_client_leaves(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        bench.database.hold_after(0)
        creation = asyncio.ensure_future(bench.call("CreateFunction", **make_request()))
        await bench.database.held.wait()
        creation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creation
        bench.database.release()
        await bench.service._finishing.stop()
        await bench.settle()
        assert (await bench.call("Invoke", FunctionName="f"))["StatusCode"] == 200
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)

    run(scenario)


def test_an_error_after_the_client_left_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        begun = asyncio.Event()

        async def operation(context: Any, request: Any) -> None:
            begun.set()
            await asyncio.sleep(0)
            raise ValueError

        finishing = Finishing()
        call = asyncio.ensure_future(finishing.wrap(operation)(None, None))  # type: ignore[arg-type]
        await begun.wait()
        call.cancel()
        await finishing.stop()

    asyncio.run(scenario(), debug=True)
    assert "never retrieved" not in caplog.text


def test_a_read_that_began_before_a_change_does_not_overwrite_it(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        registry = Registry(bench.database)
        scope = Scope("123456789012", "eu-west-1")
        key = (scope.account_id, scope.region, "f")
        old = await registry.load(scope, "f")
        registry.drop(key)
        reading = asyncio.ensure_future(registry.load(scope, "f"))
        await asyncio.sleep(0)
        registry.drop(key)
        assert await reading is not None
        assert registry.get(key) is None
        assert old is not None
        assert await registry.load(scope, "f") == registry.get(key) == old

    run(scenario)


def test_the_migration_makes_the_table_that_the_code_uses(empty_database: Path) -> None:
    engine = create_engine(f"sqlite:///{empty_database}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
        assert compare_metadata(context, METADATA) == []
        columns = connection.exec_driver_sql("PRAGMA table_info(lambda_functions)").all()
    engine.dispose()
    assert [column[1] for column in columns] == [column.name for column in FUNCTIONS.columns]


def _is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or name == FUNCTIONS.name

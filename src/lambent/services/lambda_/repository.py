"""Reads and writes rows of functions. Every function here takes the transaction it works in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, insert, or_, select, update

from lambent.core.context import Scope
from lambent.services.lambda_.model import Code, Function, Settings
from lambent.services.lambda_.tables import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from lambent.core.ports import Tx

_C = FUNCTIONS.c


def find(tx: Tx, scope: Scope, name: str) -> Function | None:
    """The function, or None."""
    row = tx.one(select(FUNCTIONS).where(_is(scope, name)))
    return None if row is None else _function(row)


def page(tx: Tx, scope: Scope, after: str, limit: int) -> list[Function]:
    """Up to `limit` functions of the scope by name, beginning behind `after`."""
    statement = (
        select(FUNCTIONS)
        .where(_C.account_id == scope.account_id, _C.region == scope.region, _C.name > after)
        .order_by(_C.name)
        .limit(limit)
    )
    return [_function(row) for row in tx.all(statement)]


def every(tx: Tx) -> list[Function]:
    """Every function of every account and region."""
    return [_function(row) for row in tx.all(select(FUNCTIONS))]


def runtimes(tx: Tx) -> list[tuple[str, int]]:
    """The runtime ids in use, each with the memory sizes (MiB) that it is used with."""
    rows = tx.all(select(_C.runtime, _C.memory_mib).distinct())
    return [(row.runtime, row.memory_mib) for row in rows]


def trees(tx: Tx) -> dict[str, tuple[str, str]]:
    """The sealed trees in use: (archive, runtime) by digest."""
    rows = tx.all(select(_C.code_tree, _C.code_archive, _C.runtime))
    return {row.code_tree: (row.code_archive, row.runtime) for row in rows}


def move_tree(tx: Tx, old: str, new: str) -> None:
    """Let the functions that run from the tree `old` run from `new`."""
    tx.execute(update(FUNCTIONS).where(_C.code_tree == old).values(code_tree=new))


def add(tx: Tx, function: Function) -> None:
    """Insert a function that is not there yet."""
    tx.execute(insert(FUNCTIONS).values(_row(function)))


def replace(tx: Tx, function: Function) -> None:
    """Write a function that is there already."""
    tx.execute(update(FUNCTIONS).where(_is(function.scope, function.name)).values(_row(function)))


def remove(tx: Tx, scope: Scope, name: str) -> None:
    """Delete a function."""
    tx.execute(delete(FUNCTIONS).where(_is(scope, name)))


def unsettled(tx: Tx) -> list[Function]:
    """Functions whose last change has not settled: after a crash, those that it cut short."""
    where = or_(_C.state != "Active", _C.update_status == "InProgress")
    return [_function(row) for row in tx.all(select(FUNCTIONS).where(where))]


def has_archive(tx: Tx, archive: str) -> bool:
    """True while some function was made from this archive."""
    return tx.one(select(_C.name).where(_C.code_archive == archive).limit(1)) is not None


def has_tree(tx: Tx, tree: str) -> bool:
    """True while some function runs from this sealed tree."""
    return tx.one(select(_C.name).where(_C.code_tree == tree).limit(1)) is not None


def _is(scope: Scope, name: str) -> ColumnElement[bool]:
    return (_C.account_id == scope.account_id) & (_C.region == scope.region) & (_C.name == name)


def _function(row: Any) -> Function:
    return Function(
        scope=Scope(row.account_id, row.region),
        name=row.name,
        settings=Settings(
            runtime=row.runtime,
            role=row.role,
            handler=row.handler,
            description=row.description,
            timeout_s=row.timeout_s,
            memory_mib=row.memory_mib,
            environment=orjson.loads(row.environment),
            architecture=row.architecture,
            tracing_mode=row.tracing_mode,
            log_group=row.log_group,
        ),
        code=Code(row.code_archive, row.code_size, row.code_tree),
        revision_id=row.revision_id,
        deployment_id=row.deployment_id,
        modified_ms=row.modified_ms,
        state=row.state,
        update=row.update_status,
        tags=orjson.loads(row.tags),
    )


def _row(function: Function) -> dict[str, object]:
    settings, code = function.settings, function.code
    return {
        "account_id": function.scope.account_id,
        "region": function.scope.region,
        "name": function.name,
        "runtime": settings.runtime,
        "role": settings.role,
        "handler": settings.handler,
        "description": settings.description,
        "timeout_s": settings.timeout_s,
        "memory_mib": settings.memory_mib,
        "environment": _json(settings.environment),
        "architecture": settings.architecture,
        "tracing_mode": settings.tracing_mode,
        "log_group": settings.log_group,
        "tags": _json(function.tags),
        "code_archive": code.archive,
        "code_size": code.size,
        "code_tree": code.tree,
        "state": function.state,
        "update_status": function.update,
        "revision_id": function.revision_id,
        "deployment_id": function.deployment_id,
        "modified_ms": function.modified_ms,
    }


def _json(value: Mapping[str, str]) -> str:
    return orjson.dumps(dict(value)).decode()

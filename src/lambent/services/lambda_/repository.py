"""Reads and writes rows of functions. Every function here takes the transaction it works in."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, func, insert, or_, select, update

from lambent.core.context import Scope
from lambent.services.lambda_.model import Code, Function, LayerUse, Settings, Snapshot
from lambent.services.lambda_.resources import LAYER_VERSIONS
from lambent.services.lambda_.tables import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from lambent.core.ports import Tx

_C = FUNCTIONS.c


def find(tx: Tx, scope: Scope, name: str, version: int = 0) -> Function | None:
    """A version of a function, $LATEST unless another is asked for, or None."""
    row = tx.one(select(FUNCTIONS).where(_is(scope, name, version)))
    return None if row is None else _function(row)


def page(tx: Tx, scope: Scope, after: str, limit: int) -> list[Function]:
    """Up to `limit` functions of the scope by name, beginning behind `after`; $LATEST of each."""
    statement = (
        select(FUNCTIONS)
        .where(_in(scope), _C.name > after, _C.version == 0)
        .order_by(_C.name)
        .limit(limit)
    )
    return [_function(row) for row in tx.all(statement)]


def page_of_versions(
    tx: Tx, scope: Scope, after: tuple[str, int], limit: int, name: str = ""
) -> list[Function]:
    """As `page`, with every version of each function (or of the one named), $LATEST first, behind (name, version)."""
    where = _in(scope) & or_(_C.name > after[0], (_C.name == after[0]) & (_C.version > after[1]))
    if name:
        where &= _C.name == name
    statement = select(FUNCTIONS).where(where).order_by(_C.name, _C.version).limit(limit)
    return [_function(row) for row in tx.all(statement)]


def versions(tx: Tx, scope: Scope, name: str) -> list[Function]:
    """Every version of a function, $LATEST first."""
    statement = select(FUNCTIONS).where(_all(scope, name)).order_by(_C.version)
    return [_function(row) for row in tx.all(statement)]


def pending_versions(tx: Tx, scope: Scope, name: str) -> list[Function]:
    """Those that were published when the function was created, and have not settled."""
    where = _all(scope, name) & (_C.version > 0) & (_C.state == "Pending")
    return [_function(row) for row in tx.all(select(FUNCTIONS).where(where))]


def awaiting_snapshots(tx: Tx) -> list[Function]:
    """The versions of all accounts whose snapshot is still to be made."""
    rows = tx.all(select(FUNCTIONS).where(_C.version > 0, _C.state == "Pending"))
    return [function for function in map(_function, rows) if function.awaits_snapshot]


def newest_version(tx: Tx, scope: Scope, name: str) -> Function | None:
    """The version published last among those that are left."""
    statement = (
        select(FUNCTIONS)
        .where(_all(scope, name), _C.version > 0)
        .order_by(_C.version.desc())
        .limit(1)
    )
    row = tx.one(statement)
    return None if row is None else _function(row)


def usage(tx: Tx, scope: Scope) -> tuple[int, int]:
    """How many functions an account has in a region, and the bytes of code of all versions."""
    row = tx.one(select(func.coalesce(func.sum(_C.code_size), 0).label("total")).where(_in(scope)))
    count = tx.one(select(func.count().label("n")).where(_in(scope), _C.version == 0))
    assert row is not None
    assert count is not None
    return count.n, int(row.total)


def every(tx: Tx) -> list[Function]:
    """Every version of every function of every account and region."""
    return [_function(row) for row in tx.all(select(FUNCTIONS))]


def runtimes(tx: Tx) -> list[tuple[str, int, str]]:
    """The runtime ids in use, each with the memory sizes (MiB) that it is used with and the trees of code."""
    rows = tx.all(select(_C.runtime, _C.memory_mib, _C.code_tree).distinct())
    return [(row.runtime, row.memory_mib, row.code_tree) for row in rows]


def trees(tx: Tx) -> dict[str, tuple[str, str]]:
    """The sealed trees in use, those of layers included: (archive, runtime) by digest."""
    layers = [each.document for each in LAYER_VERSIONS.everywhere(tx)]
    rows = tx.all(select(_C.code_tree, _C.code_archive, _C.runtime, _C.options))
    found = {row.code_tree: (row.code_archive, row.runtime) for row in rows}
    for row in rows:
        layers += orjson.loads(row.options).get("layers", ())
    for layer in layers:
        found[layer["tree"]] = (layer["archive"], layer["runtime"])
    return found


def move_tree(tx: Tx, old: str, new: str) -> None:
    """Let the functions that run from the tree `old` run from `new`."""
    tx.execute(update(FUNCTIONS).where(_C.code_tree == old).values(code_tree=new))
    moved = func.replace(_C.options, old, new)
    tx.execute(update(FUNCTIONS).where(_C.options.contains(old)).values(options=moved))
    for layer in LAYER_VERSIONS.everywhere(tx):
        if layer.document["tree"] == old:
            LAYER_VERSIONS.put(
                tx, layer.scope, layer.owner, layer.id, layer.document | {"tree": new}
            )


def add(tx: Tx, function: Function) -> None:
    """Insert a function that is not there yet."""
    tx.execute(insert(FUNCTIONS).values(_row(function)))


def replace(tx: Tx, function: Function) -> None:
    """Write a function that is there already."""
    tx.execute(
        update(FUNCTIONS)
        .where(_is(function.scope, function.name, function.version))
        .values(_row(function))
    )


def remove(tx: Tx, scope: Scope, name: str) -> None:
    """Delete a function with all its versions."""
    tx.execute(delete(FUNCTIONS).where(_all(scope, name)))


def remove_version(tx: Tx, function: Function) -> None:
    """Delete one version."""
    where = _is(function.scope, function.name, function.version)
    tx.execute(delete(FUNCTIONS).where(where))


def unsettled(tx: Tx) -> list[Function]:
    """Functions whose last change has not settled: after a crash, those that it cut short."""
    where = or_(_C.state != "Active", _C.update_status == "InProgress") & (_C.version == 0)
    return [_function(row) for row in tx.all(select(FUNCTIONS).where(where))]


def has_archive(tx: Tx, archive: str) -> bool:
    """True while some function was made from this archive, or uses a layer that was."""
    where = or_(_C.code_archive == archive, _C.options.contains(archive))
    used = tx.one(select(_C.name).where(where).limit(1)) is not None
    return used or LAYER_VERSIONS.mentions(tx, archive)


def has_tree(tx: Tx, tree: str) -> bool:
    """True while some function runs from this sealed tree."""
    where = or_(_C.code_tree == tree, _C.options.contains(tree))
    used = tx.one(select(_C.name).where(where).limit(1)) is not None
    return used or LAYER_VERSIONS.mentions(tx, tree)


def _in(scope: Scope) -> ColumnElement[bool]:
    return (_C.account_id == scope.account_id) & (_C.region == scope.region)


def _all(scope: Scope, name: str) -> ColumnElement[bool]:
    return _in(scope) & (_C.name == name)


def _is(scope: Scope, name: str, version: int) -> ColumnElement[bool]:
    return _all(scope, name) & (_C.version == version)


def _function(row: Any) -> Function:
    options = _options(row.options)
    snapshot = options.pop(_SNAPSHOT, None)
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
            **options,
        ),
        code=Code(row.code_archive, row.code_size, row.code_tree, row.code_unpacked),
        revision_id=row.revision_id,
        deployment_id=row.deployment_id,
        modified_ms=row.modified_ms,
        state=row.state,
        update=row.update_status,
        tags=orjson.loads(row.tags),
        version=row.version,
        last_version=row.last_version,
        published_digest=row.published_digest,
        snapshot=None if snapshot is None else Snapshot(**snapshot),
    )


def _row(function: Function) -> dict[str, object]:
    settings, code = function.settings, function.code
    return {
        "account_id": function.scope.account_id,
        "region": function.scope.region,
        "name": function.name,
        "version": function.version,
        "last_version": function.last_version,
        "published_digest": function.published_digest,
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
        "options": _options_text(function),
        "tags": _json(function.tags),
        "code_archive": code.archive,
        "code_size": code.size,
        "code_tree": code.tree,
        "code_unpacked": code.unpacked,
        "state": function.state,
        "update_status": function.update,
        "revision_id": function.revision_id,
        "deployment_id": function.deployment_id,
        "modified_ms": function.modified_ms,
    }


def _json(value: Mapping[str, str]) -> str:
    return orjson.dumps(dict(value)).decode()


# The settings in the column `options`; those that have their default are left out.
_OPTIONS = (
    "log_format",
    "application_log_level",
    "system_log_level",
    "ephemeral_mib",
    "kms_key_arn",
    "dead_letter_arn",
    "snap_start",
    "tenant_isolation",
    "has_environment",
    "has_vpc_config",
)
# Beside them: what became of a version's snapshot.
_SNAPSHOT = "snapshot"
_DEFAULTS = Settings(runtime="", role="", handler="")


def _options_text(function: Function) -> str:
    settings = function.settings
    options: dict[str, object] = {
        name: value
        for name in _OPTIONS
        if (value := getattr(settings, name)) != getattr(_DEFAULTS, name)
    }
    if settings.layers:
        options["layers"] = [asdict(layer) for layer in settings.layers]
    if function.snapshot is not None:
        options[_SNAPSHOT] = asdict(function.snapshot)
    return orjson.dumps(options).decode()


def _options(text: str) -> dict[str, Any]:
    options: dict[str, Any] = orjson.loads(text)
    if layers := options.get("layers"):
        options["layers"] = tuple(LayerUse(**layer) for layer in layers)
    return options

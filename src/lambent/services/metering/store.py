"""Usage in the database. Every function takes the transaction it works in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from lambent.services.metering.sums import Place
from lambent.services.metering.tables import ALLOCATED, SEGMENTS, SUMS, USAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.ports import Tx
    from lambent.services.metering.sums import Totals

_U, _S, _A = USAGE.c, SEGMENTS.c, ALLOCATED.c
_DAY_HOURS = 24
# Of what is done every second: making a statement takes longer than running it.
_OFFSET = select(_S.offset).where(_S.name == bindparam("segment"))
_MOVE = update(SEGMENTS).where(_S.name == bindparam("segment")).values(offset=bindparam("end"))
_ADD = (
    update(USAGE)
    .where(and_(*(_U[name] == bindparam(f"the_{name}") for name in Place._fields)))
    .values({name: _U[name] + bindparam(f"more_{name}") for name in SUMS})
)


class Held(NamedTuple):
    """Something that was held ready in a stretch of time."""

    account_id: str
    region: str
    resource: str
    version: str
    variant: str
    start_s: int
    seconds: int
    memory_mb: int
    number: int


def offset_of(tx: Tx, segment: str) -> int:
    """How much of a segment has been added up, in bytes."""
    row = tx.one(_OFFSET, {"segment": segment})
    return 0 if row is None else int(row.offset)


def add(tx: Tx, segment: str, begin: int, end: int, sums: Mapping[Place, Totals]) -> bool:
    """Add the sums of a piece of a segment. False, and nothing is added, where that has been done before."""
    if offset_of(tx, segment) != begin:
        return False
    if not tx.execute(_MOVE, {"segment": segment, "end": end}):
        tx.execute(insert(SEGMENTS).values(name=segment, offset=end))
    for place, totals in sums.items():
        _add_row(tx, place, totals.values())
    return True


def forget_segments(tx: Tx, names: Iterable[str]) -> None:
    """Their files are gone."""
    for name in names:
        tx.execute(delete(SEGMENTS).where(_S.name == name))


def forget_all_segments(tx: Tx) -> None:
    tx.execute(delete(SEGMENTS))


def hold(tx: Tx, held: Iterable[Held]) -> None:
    """Say what was held ready; the most that was ever said of a stretch counts."""
    for each in held:
        where = and_(
            _A.account_id == each.account_id,
            _A.region == each.region,
            _A.resource == each.resource,
            _A.version == each.version,
            _A.variant == each.variant,
            _A.start_s == each.start_s,
        )
        row = tx.one(select(_A.number, _A.memory_mb).where(where))
        if row is None:
            tx.execute(insert(ALLOCATED).values(each._asdict()))
        elif each.number * each.memory_mb > row.number * row.memory_mb:
            tx.execute(
                update(ALLOCATED)
                .where(where)
                .values(number=each.number, memory_mb=each.memory_mb, seconds=each.seconds)
            )


def usage(tx: Tx, account_id: str | None, from_s: int, to_s: int) -> list[dict[str, Any]]:
    """The sums by day (since 1970), `account_id` None for every account."""
    keys = (_U.account_id, _U.region, _U.service, _U.resource, _U.version, _U.alias, _U.variant)
    hours = _U.hour >= from_s // 3600, _U.hour < -(-to_s // 3600)
    where = and_(*hours) if account_id is None else and_(*hours, _U.account_id == account_id)
    day = _U.hour - _U.hour % _DAY_HOURS
    statement = (
        select(*keys, day.label("day_hour"), *(func.sum(_U[name]).label(name) for name in SUMS))
        .where(where)
        .group_by(*keys, day)
        .order_by(*keys, day)
    )
    return [_document(row) for row in tx.all(statement)]


def allocated(tx: Tx, account_id: str | None, from_s: int, to_s: int) -> list[dict[str, Any]]:
    """What was held ready, in megabyte-seconds by day."""
    times = _A.start_s >= from_s, _A.start_s < to_s
    where = and_(*times) if account_id is None else and_(*times, _A.account_id == account_id)
    keys = (_A.account_id, _A.region, _A.resource, _A.version, _A.variant)
    day = _A.start_s - _A.start_s % (_DAY_HOURS * 3600)
    amount = func.sum(_A.seconds * _A.memory_mb * _A.number)
    statement = (
        select(*keys, day.label("day_s"), amount.label("mb_seconds"))
        .where(where)
        .group_by(*keys, day)
        .order_by(*keys, day)
    )
    return [
        {
            "account": row.account_id,
            "region": row.region,
            "service": "lambda",
            "resource": row.resource,
            "version": row.version,
            "alias": "",
            "variant": row.variant,
            "day": row.day_s // (_DAY_HOURS * 3600),
            "mb_seconds": int(row.mb_seconds),
        }
        for row in tx.all(statement)
    ]


def remove_all(tx: Tx) -> None:
    for table in (USAGE, ALLOCATED):
        tx.execute(delete(table))


def _document(row: Any) -> dict[str, Any]:
    return {
        "account": row.account_id,
        "region": row.region,
        "service": row.service,
        "resource": row.resource,
        "version": row.version,
        "alias": row.alias,
        "variant": row.variant,
        "day": row.day_hour // _DAY_HOURS,
        **{name: int(getattr(row, name)) for name in SUMS},
    }


def _add_row(tx: Tx, place: Place, values: Mapping[str, int]) -> None:
    key = place._asdict()
    the = {f"the_{name}": value for name, value in key.items()}
    more = {f"more_{name}": value for name, value in values.items()}
    if not tx.execute(_ADD, the | more):
        tx.execute(insert(USAGE).values({**key, **values}))

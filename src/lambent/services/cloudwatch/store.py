"""Metrics and their points in the database. Every function takes the transaction it works in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import and_, delete, func, insert, not_, select, update

from lambent.services.cloudwatch.points import Point, read_spread, spread_text
from lambent.services.cloudwatch.tables import METRICS, POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement

    from lambent.core.context import Scope
    from lambent.core.ports import Tx

_M, _P = METRICS.c, POINTS.c
MINUTE_S, FIVE_MINUTES_S, HOUR_S, DAY_S = 60, 300, 3600, 86_400
# "Data points with a period of ... are available for" (CloudWatch concepts, "Metrics retention"): of what length, for
# how long, and in which longer stretch they go on then.
AGES = (
    (1, 3 * HOUR_S, MINUTE_S),
    (MINUTE_S, 15 * DAY_S, FIVE_MINUTES_S),
    (FIVE_MINUTES_S, 63 * DAY_S, HOUR_S),
    (HOUR_S, 455 * DAY_S, 0),
)
# How much of a roll-up is done in one transaction.
_BITE = 500

# Of an account, in all its regions; AWS has no such limit, and much more room.
MOST_METRICS = 50_000
# Rows of points of an account, some 200 bytes each; beyond that the oldest go.
MOST_POINTS = 5_000_000
_OURS = "AWS/"

Dimensions = tuple[tuple[str, str], ...]  # by name


class MetricKey(NamedTuple):
    """A metric of an account and region."""

    account_id: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions


_NOBODYS = MetricKey("", "", "", "", ())  # where a row is known by its metric's id


class Slot(NamedTuple):
    """One row of points."""

    key: MetricKey
    start_s: int
    period: int
    unit: str


class Stored(NamedTuple):
    """A row as it is read."""

    start_s: int
    period: int
    unit: str
    point: Point


def moment_of(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def dimensions_of(pairs: Iterable[tuple[str, str]]) -> Dimensions:
    return tuple(sorted(pairs))


def key_of(scope: Scope, namespace: str, name: str, dimensions: Dimensions) -> MetricKey:
    return MetricKey(scope.account_id, scope.region, namespace, name, dimensions)


def add(tx: Tx, points: Mapping[Slot, Point]) -> dict[str, int]:
    """Add values to what is there; returns how many new metrics of an account found no place."""
    latest: dict[MetricKey, int] = {}
    for slot in points:
        latest[slot.key] = max(slot.start_s, latest.get(slot.key, 0))
    room = _Room(tx)
    ids = {key: _seen(tx, key, latest_s, room) for key, latest_s in latest.items()}
    for slot, point in points.items():
        metric_id = ids[slot.key]
        if metric_id is not None:
            _add_point(tx, metric_id, slot, point)
    return room.surplus


class _Room:
    """How many more metrics accounts may have, those of AWS's namespaces and others apart: what somebody sends must not
    keep out what the platform measures.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._left: dict[tuple[str, bool], int] = {}
        self.surplus: dict[str, int] = {}

    def take(self, key: MetricKey) -> bool:
        is_ours = key.namespace.startswith(_OURS)
        whose = key.account_id, is_ours
        if whose not in self._left:
            ours = _M.namespace.startswith(_OURS)
            where = and_(_M.account_id == key.account_id, ours if is_ours else not_(ours))
            row = self._tx.one(select(func.count()).select_from(METRICS).where(where))
            assert row is not None
            self._left[whose] = MOST_METRICS - int(row[0])
        if self._left[whose] <= 0:
            self.surplus[key.account_id] = self.surplus.get(key.account_id, 0) + 1
            return False
        self._left[whose] -= 1
        return True


def _seen(tx: Tx, key: MetricKey, latest_s: int, room: _Room) -> int | None:
    """The id of a metric that has a value now; None: there are too many."""
    found = tx.one(select(_M.id, _M.latest_s).where(_is(key)))
    if found is None:
        if not room.take(key):
            return None
        values = dict(key._asdict(), dimensions=_text(key.dimensions), latest_s=latest_s)
        tx.execute(insert(METRICS).values(values))
        found = tx.one(select(_M.id, _M.latest_s).where(_is(key)))
        assert found is not None
    elif found.latest_s < latest_s:
        tx.execute(update(METRICS).where(_M.id == found.id).values(latest_s=latest_s))
    return int(found.id)


def _add_point(tx: Tx, metric_id: int, slot: Slot, point: Point) -> None:
    where = and_(
        _P.metric_id == metric_id,
        _P.start_s == slot.start_s,
        _P.period == slot.period,
        _P.unit == slot.unit,
    )
    row = tx.one(select(POINTS).where(where))
    if row is None:
        place = {"metric_id": metric_id, "start_s": slot.start_s, "period": slot.period}
        tx.execute(insert(POINTS).values({**place, "unit": slot.unit, **_columns(point)}))
        return
    whole = _point(row)
    whole.add(point)
    tx.execute(update(POINTS).where(where).values(_columns(whole)))


def read(tx: Tx, key: MetricKey, from_s: int, to_s: int, unit: str | None = None) -> list[Stored]:
    """The rows that begin in this time, `to_s` not included, by time."""
    metric = tx.one(select(_M.id).where(_is(key)))
    if metric is None:
        return []
    where = and_(_P.metric_id == metric.id, _P.start_s >= from_s, _P.start_s < to_s)
    if unit is not None:
        where = and_(where, _P.unit == unit)
    rows = tx.all(select(POINTS).where(where).order_by(_P.start_s))
    return [Stored(row.start_s, row.period, row.unit, _point(row)) for row in rows]


def metrics(
    tx: Tx, scope: Scope, namespace: str | None, name: str | None, since_s: int
) -> list[MetricKey]:
    """Those with a value since then, by namespace, name and dimensions."""
    where = and_(
        _M.account_id == scope.account_id, _M.region == scope.region, _M.latest_s >= since_s
    )
    if namespace is not None:
        where = and_(where, _M.namespace == namespace)
    if name is not None:
        where = and_(where, _M.name == name)
    rows = tx.all(select(METRICS).where(where))
    return sorted(
        MetricKey(
            row.account_id,
            row.region,
            row.namespace,
            row.name,
            tuple((name_, value) for name_, value in orjson.loads(row.dimensions)),
        )
        for row in rows
    )


def roll_up(tx: Tx, now_s: int) -> bool:
    """Put points that are old into longer stretches, or away. True where there may be more to do."""
    has_more = False
    for period, age_s, longer in AGES:
        where = and_(_P.period == period, _P.start_s < now_s - age_s)
        if not longer:
            tx.execute(delete(POINTS).where(where))
            continue
        rows = tx.all(select(POINTS).where(where).limit(_BITE))
        for row in rows:
            _move(tx, row, longer)
        has_more = has_more or len(rows) == _BITE
    tx.execute(delete(METRICS).where(_M.latest_s < now_s - AGES[-1][1]))
    return has_more


class Surplus(NamedTuple):
    """What an account has too much of: the points of these metrics that begin before `cut_s`."""

    account_id: str
    points: int
    cut_s: int
    metric_ids: list[int]


def surplus(tx: Tx) -> list[Surplus]:
    """Of accounts with more points than they may have. Reads every row: it is asked once an hour, by a reader."""
    joined = METRICS.join(POINTS, _P.metric_id == _M.id)
    number = func.count()
    counted = select(_M.account_id, number.label("number")).select_from(joined)
    rows = tx.all(counted.group_by(_M.account_id).having(number > MOST_POINTS))
    return [_surplus_of(tx, row.account_id, row.number - MOST_POINTS) for row in rows]


def _surplus_of(tx: Tx, account_id: str, count: int) -> Surplus:
    joined = METRICS.join(POINTS, _P.metric_id == _M.id)
    begins = select(_P.start_s).select_from(joined).where(_M.account_id == account_id)
    last = tx.one(begins.order_by(_P.start_s).offset(count - 1).limit(1))
    assert last is not None
    of_account = select(_M.id).where(_M.account_id == account_id)
    ids = [row.id for row in tx.all(of_account.order_by(_M.id))]
    return Surplus(account_id, count, last.start_s + 1, ids)


def trim(tx: Tx, metric_ids: Iterable[int], cut_s: int) -> None:
    """Take away the points of these metrics that begin before `cut_s`."""
    for metric_id in metric_ids:
        tx.execute(delete(POINTS).where(and_(_P.metric_id == metric_id, _P.start_s < cut_s)))


def _move(tx: Tx, row: Any, longer: int) -> None:
    where = and_(
        _P.metric_id == row.metric_id,
        _P.start_s == row.start_s,
        _P.period == row.period,
        _P.unit == row.unit,
    )
    tx.execute(delete(POINTS).where(where))
    slot = Slot(_NOBODYS, row.start_s - row.start_s % longer, longer, row.unit)
    _add_point(tx, row.metric_id, slot, _point(row))


def remove_all(tx: Tx) -> None:
    tx.execute(delete(POINTS))
    tx.execute(delete(METRICS))


def _is(key: MetricKey) -> ColumnElement[bool]:
    return and_(
        _M.account_id == key.account_id,
        _M.region == key.region,
        _M.namespace == key.namespace,
        _M.name == key.name,
        _M.dimensions == _text(key.dimensions),
    )


def _text(dimensions: Dimensions) -> str:
    return orjson.dumps(dimensions).decode()


def _columns(point: Point) -> dict[str, object]:
    return {
        "sample_count": point.count,
        "total": point.total,
        "minimum": point.minimum,
        "maximum": point.maximum,
        "spread": spread_text(point),
    }


def _point(row: Any) -> Point:
    spread = read_spread(row.spread)
    return Point(row.sample_count, row.total, row.minimum, row.maximum, spread)

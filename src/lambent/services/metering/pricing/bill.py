"""A bill: usage times prices. Everything is decimal; a share of a line is exact to far more places than are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from lambent.services.metering.pricing.book import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lambent.services.metering.pricing.book import Item, PriceBook

Row = dict[str, Any]  # as `store.usage` and `store.allocated` give it
_PRECISION = 50
_PLACES = Decimal("1e-12")
_MB_MS = Decimal(1024 * 1000)  # of a GB-second
_MONTH_S = Decimal(730 * 3600)  # AWS counts 730 hours
FIXED = "(fixed)"


@dataclass(slots=True)
class Line:
    """One usage of the bill. `free` is what of `quantity` cost nothing."""

    usage: str
    unit: str
    quantity: Decimal = Decimal(0)
    free: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Group:
    """A function, day or tag. `list_amount` is what it would cost if nothing were free: what comparisons go by."""

    requests: int = 0
    errors: int = 0
    gb_seconds: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    list_amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Bill:
    """`unpriced` is what was used and has no price in the book."""

    lines: dict[str, Line] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    unpriced: dict[str, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines.values()), Decimal(0))


def quantities(row: Row, book: PriceBook) -> Iterator[tuple[str, Decimal]]:
    """What a row is billed for, in the units of `UNITS`."""
    if row["service"] == "lambda":
        yield from _of_lambda(row, book)
    elif row.get("requests"):
        yield f"{row['service']}.{row['variant']}-requests", Decimal(row["requests"])
    if row.get("byte_seconds"):
        months = Decimal(row["byte_seconds"]) / book.gb_bytes / _MONTH_S
        yield f"{row['service']}.gb-months", months


def _of_lambda(row: Row, book: PriceBook) -> Iterator[tuple[str, Decimal]]:
    architecture, _, initialization = row["variant"].partition("/")
    is_provisioned = initialization == "provisioned-concurrency"
    if "mb_seconds" in row:
        held = Decimal(row["mb_seconds"]) / 1024
        usage = (
            f"lambda.provisioned-concurrency.{architecture}"
            if is_provisioned
            else "lambda.snapstart-cache"
        )
        yield usage, held
        return
    prefix = "lambda.provisioned-" if is_provisioned else "lambda."
    found = {
        f"{prefix}requests": Decimal(row["requests"]),
        f"{prefix}gb-seconds.{architecture}": gb_seconds(row, book),
        "lambda.ephemeral-gb-seconds": Decimal(row["disk_mb_ms"]) / _MB_MS,
        "lambda.streamed-gb": Decimal(row["streamed_bytes"]) / book.gb_bytes,
        "lambda.snapstart-restores": Decimal(row["restored_mb"]) / 1024,
    }
    yield from ((usage, quantity) for usage, quantity in found.items() if quantity)


def gb_seconds(row: Row, book: PriceBook) -> Decimal:
    """As the book rounds: each invocation by itself, which the meter has done."""
    column = "mb_100ms" if book.duration_rounding_ms == 100 else "mb_ms"
    return Decimal(row[f"{column}_all" if book.init_is_billed else column]) / _MB_MS


def make_bill(
    rows: Iterable[Row],
    book: PriceBook,
    group_of: Callable[[Row], str],
    hours: Decimal = Decimal(0),
) -> Bill:
    """Args: usage, prices, what a row is told under, and how long the fixed costs have run."""
    rows = list(rows)
    with localcontext() as context:
        context.prec = _PRECISION
        bill = Bill()
        for row in rows:
            group = bill.groups.setdefault(group_of(row), Group())
            group.requests += row.get("requests", 0)
            group.errors += row.get("errors", 0)
            if row["service"] == "lambda" and "mb_ms" in row:
                group.gb_seconds += gb_seconds(row, book)
        for name, amount in _shares(rows, book, group_of, bill):
            bill.groups[name].amount += amount
        for name, amount in _shares(rows, book.without_free(), group_of, Bill()):
            bill.groups[name].list_amount += amount
        for fixed in book.fixed:
            amount = fixed.price * hours
            bill.lines[fixed.name] = Line(fixed.name, "hours", hours, Decimal(0), amount)
            bill.groups.setdefault(FIXED, Group()).amount += amount
        return bill


def _shares(
    rows: list[Row], book: PriceBook, group_of: Callable[[Row], str], bill: Bill
) -> Iterator[tuple[str, Decimal]]:
    """What of each line falls on which group, by usage. What is free in a month is so for an account, over its regions;
    tiers are climbed by account and region, as AWS does.
    """
    used: dict[str, dict[tuple[str, str], list[tuple[str, Decimal]]]] = {}
    for row in rows:
        for usage, quantity in quantities(row, book):
            item = book.item_for(usage)
            if item is None:
                bill.unpriced[usage] = bill.unpriced.get(usage, Decimal(0)) + quantity
                continue
            by_place = used.setdefault(item.usage, {})
            place = row["account"], row["region"]
            by_place.setdefault(place, []).append((group_of(row), quantity))
    left: dict[tuple[str, str], Decimal] = {}
    for name, item in book.items.items():
        for (account, _), parts in sorted(used.get(name, {}).items()):
            whole = sum((quantity for _, quantity in parts), Decimal(0))
            free = _take_free(book.free, left, account, name, whole)
            amount = item.cost(whole - free)
            _add_line(bill, item, whole, free, amount)
            yield from ((group, amount * quantity / whole) for group, quantity in parts if whole)


def _take_free(
    free: Mapping[str, Decimal],
    left: dict[tuple[str, str], Decimal],
    account: str,
    name: str,
    wanted: Decimal,
) -> Decimal:
    for pool, size in free.items():
        if name == pool or name.startswith(f"{pool}."):
            rest = left.get((account, pool), size)
            taken = min(rest, wanted)
            left[account, pool] = rest - taken
            return taken
    return Decimal(0)


def _add_line(bill: Bill, item: Item, whole: Decimal, free: Decimal, amount: Decimal) -> None:
    unit = next(unit for name, unit in UNITS.items() if name.startswith(item.usage))
    line = bill.lines.setdefault(item.usage, Line(item.usage, unit))
    line.quantity += whole
    line.free += free
    line.amount += amount


def text_of(number: Decimal) -> str:
    """Without an exponent and without zeros at the end; at most twelve places."""
    text = format(number.quantize(_PLACES), "f")
    return text.rstrip("0").rstrip(".") or "0"


def document_of(bill: Bill, book: PriceBook, head: Mapping[str, Any]) -> dict[str, Any]:
    """As `lambent bill --json` prints it. Numbers with places are texts, so that nobody rounds them by reading."""
    with localcontext() as context:
        context.prec = _PRECISION
        return {
            **head,
            "prices": book.name,
            "currency": book.currency,
            "lines": [
                {
                    "usage": line.usage,
                    "unit": line.unit,
                    "quantity": text_of(line.quantity),
                    "free": text_of(line.free),
                    "amount": text_of(line.amount),
                }
                for line in bill.lines.values()
            ],
            "groups": [
                {
                    "name": name,
                    "requests": group.requests,
                    "errors": group.errors,
                    "gb_seconds": text_of(group.gb_seconds),
                    "amount": text_of(group.amount),
                    "list_amount": text_of(group.list_amount),
                }
                for name, group in sorted(bill.groups.items())
            ],
            "total": text_of(bill.total),
            "unpriced": {name: text_of(each) for name, each in sorted(bill.unpriced.items())},
        }

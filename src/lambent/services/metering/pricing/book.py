"""A price book: what a unit of each usage costs, as a TOML file says it (docs/reference/prices.md)."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What is used, and what it is counted in. An item may also be named by the part before the last dot, for all of them.
UNITS = {
    "lambda.requests": "requests",
    "lambda.gb-seconds.x86_64": "GB-s",
    "lambda.gb-seconds.arm64": "GB-s",
    "lambda.provisioned-requests": "requests",
    "lambda.provisioned-gb-seconds.x86_64": "GB-s",
    "lambda.provisioned-gb-seconds.arm64": "GB-s",
    "lambda.provisioned-concurrency.x86_64": "GB-s",
    "lambda.provisioned-concurrency.arm64": "GB-s",
    "lambda.ephemeral-gb-seconds": "GB-s",
    "lambda.streamed-gb": "GB",
    "lambda.snapstart-cache": "GB-s",
    "lambda.snapstart-restores": "GB",
    "apigateway.rest-requests": "requests",
    "apigateway.http-requests": "requests",
    "s3.put-requests": "requests",
    "s3.get-requests": "requests",
    "s3.gb-months": "GB-months",
}
BUILT_IN = ("aws-2016", "aws-2026")
_NAMES = {*UNITS, *(name.rpartition(".")[0] for name in UNITS if name.count(".") > 1)}
_ROUNDINGS = (1, 100)  # what the meter adds up
_LARGEST = Decimal(10) ** 18


class PricesInvalid(Exception):
    """A price book that cannot be used. The text is one line that says where and why."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of what lies below `up_to` (None: of all the rest) and above the tier before."""

    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class Item:
    """The price of one usage, for so many units (`per`)."""

    usage: str
    per: Decimal
    tiers: tuple[Tier, ...]

    def cost(self, quantity: Decimal) -> Decimal:
        """The tiers from the first on."""
        amount, below = Decimal(0), Decimal(0)
        for tier in self.tiers:
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            if top > below:
                amount += (top - below) * tier.price / self.per
                below = top
        return amount


@dataclass(frozen=True, slots=True)
class Fixed:
    """What costs the same whether it is used or not: an own server, by the hour."""

    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices, and how usage is rounded. `free` is what costs nothing in a month, of an item or of several together."""

    name: str
    currency: str = "USD"
    duration_rounding_ms: int = 1
    init_is_billed: bool = True
    gb_bytes: int = 1 << 30
    items: Mapping[str, Item] = field(default_factory=dict)
    free: Mapping[str, Decimal] = field(default_factory=dict)
    fixed: tuple[Fixed, ...] = ()

    def item_for(self, usage: str) -> Item | None:
        """What a usage is billed as; where the book does not know provisioned concurrency, as any other invocation."""
        plain = usage.replace(".provisioned-requests", ".requests")
        plain = plain.replace(".provisioned-gb-seconds", ".gb-seconds")
        for name in (usage, plain):
            for candidate in (name, name.rpartition(".")[0]):
                if candidate in self.items:
                    return self.items[candidate]
        return None

    def without_free(self) -> PriceBook:
        """The list prices: nothing is free, and nothing costs without being used."""
        return replace(self, free={}, fixed=())


def load(name: str) -> PriceBook:
    """A book of ours by its name, or the file of that name. Raises PricesInvalid."""
    if name in BUILT_IN:
        found = resources.files("lambent.services.metering.pricing") / "books" / f"{name}.toml"
        return parse(found.read_text(), name)
    try:
        text = Path(name).read_text()
    except (OSError, UnicodeDecodeError) as problem:
        books = ", ".join(BUILT_IN)
        reason = problem.strerror if isinstance(problem, OSError) else "not text"
        raise PricesInvalid(f"{name}: {reason} (prices are a file, or one of {books})") from problem
    return parse(text, name)


def parse(text: str, source: str) -> PriceBook:
    """Read a book. Raises PricesInvalid, which begins with `source`."""
    try:
        return _book(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as problem:
        raise PricesInvalid(f"{source}: {problem}") from problem
    except PricesInvalid as problem:
        raise PricesInvalid(f"{source}: {problem}") from problem


def _book(document: dict[str, Any]) -> PriceBook:
    settings = ("name", "currency", "duration_rounding_ms", "init_is_billed", "gb_bytes")
    _check_names("the file", document, {*settings, "item", "free", "fixed"})
    base = PriceBook(_text(document, "name", "prices"))
    if document.get("duration_rounding_ms", 1) not in _ROUNDINGS:
        raise PricesInvalid("duration_rounding_ms must be 1 or 100")
    init = document.get("init_is_billed", True)
    if not isinstance(init, bool):
        raise PricesInvalid("init_is_billed must be true or false")
    items = [
        _item(f"item {number}", each)
        for number, each in enumerate(_tables(document, "item"), start=1)
    ]
    items_by_usage = {item.usage: item for item in items}
    if len(items_by_usage) < len(items):
        twice = next(a.usage for a in items if [b.usage for b in items].count(a.usage) > 1)
        raise PricesInvalid(f"{twice} has two prices")
    return replace(
        base,
        currency=_text(document, "currency", "USD"),
        duration_rounding_ms=document.get("duration_rounding_ms", 1),
        init_is_billed=init,
        gb_bytes=int(_number("gb_bytes", document.get("gb_bytes", 1 << 30), is_positive=True)),
        items=items_by_usage,
        free=_free(document.get("free", {})),
        fixed=tuple(_fixed(n, each) for n, each in enumerate(_tables(document, "fixed"), start=1)),
    )


def _item(where: str, table: dict[str, Any]) -> Item:
    _check_names(where, table, {"usage", "price", "per", "tiers"})
    usage = _usage(where, table.get("usage"))
    where = f"{where} ({usage})"
    per = _number(f"{where}: per", table.get("per", 1), is_positive=True)
    if ("price" in table) == ("tiers" in table):
        raise PricesInvalid(f"{where} needs either price or tiers")
    if "price" in table:
        return Item(usage, per, (Tier(None, _number(f"{where}: price", table["price"])),))
    return Item(usage, per, tuple(_tiers(where, _tables(table, "tiers"))))


def _tiers(where: str, tables: list[dict[str, Any]]) -> Iterable[Tier]:
    below = Decimal(0)
    for number, table in enumerate(tables, start=1):
        here, is_last = f"{where}: tier {number}", number == len(tables)
        _check_names(here, table, {"up_to", "price"})
        price = _number(f"{here}: price", table.get("price"))
        if is_last == ("up_to" in table):
            raise PricesInvalid(f"{here}: every tier but the last needs up_to")
        if is_last:
            yield Tier(None, price)
            return
        up_to = _number(f"{here}: up_to", table["up_to"])
        if up_to <= below:
            raise PricesInvalid(f"{here}: up_to must be more than that of the tier before")
        below = up_to
        yield Tier(up_to, price)
    raise PricesInvalid(f"{where}: tiers must not be empty")


def _fixed(number: int, table: dict[str, Any]) -> Fixed:
    where = f"fixed {number}"
    _check_names(where, table, {"name", "price_per_hour"})
    price = _number(f"{where}: price_per_hour", table.get("price_per_hour"))
    return Fixed(_text(table, "name", where), price)


def _free(table: Any) -> dict[str, Decimal]:
    if not isinstance(table, dict):
        raise PricesInvalid("free must be a table")
    return {
        _usage("free", name): _number(f"free: {name}", amount) for name, amount in table.items()
    }


def _usage(where: str, name: Any) -> str:
    if not isinstance(name, str):
        raise PricesInvalid(f"{where}: usage must be a text")
    if name not in _NAMES:
        near = difflib.get_close_matches(name, _NAMES, 1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise PricesInvalid(f"{where}: there is no usage {name!r}{hint}")
    return name


def _number(where: str, value: Any, *, is_positive: bool = False) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PricesInvalid(f"{where} must be a number")
    number = Decimal(value)
    if not number.is_finite() or number < 0 or number > _LARGEST or (is_positive and not number):
        least = "more than 0" if is_positive else "0 or more"
        raise PricesInvalid(f"{where} must be {least}")
    return number


def _text(table: Mapping[str, Any], name: str, default: str) -> str:
    value = table.get(name, default)
    if not isinstance(value, str):
        raise PricesInvalid(f"{name} must be a text")
    return value


def _tables(table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise PricesInvalid(f"{name} must be a list of tables")
    return found


def _check_names(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    for name in table:
        if name not in known:
            raise PricesInvalid(f"{where}: unknown setting {name!r}")

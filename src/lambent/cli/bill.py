"""`lambent bill`: what a month has cost, and whether a change has made something dearer."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lambent.cli.access import variables_of
from lambent.cli.commands import settings
from lambent.cli.platform_paths import ask
from lambent.cli.tables import aligned
from lambent.services.metering.pricing import book as books
from lambent.services.metering.pricing.bill import document_of, make_bill
from lambent.services.metering.pricing.difference import BillInvalid, compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.config import Config
    from lambent.services.metering.pricing.difference import Change

_DEARER = 3
_DEFAULT_PRICES = "aws-2026"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_UNTAGGED = "(untagged)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_PRICES_HELP = "aws-2016, aws-2026 (the default) or a file."


@click.group("bill", invoke_without_command=True)
@click.option("--month", metavar="YYYY-MM", default="", help="The present one if not given.")
@click.option("--by", default="function", help="function, day, tag or tag:KEY.")
@click.option("--prices", default=_DEFAULT_PRICES, help=_PRICES_HELP)
@click.option("--account", default="", help="Whose, if not the default account's.")
@click.option("--all-accounts", is_flag=True, help="Everybody's.")
@click.option("--json", "is_json", is_flag=True, help="As JSON, for `bill diff`.")
@settings("data_dir")
def command(
    config: Config,
    *,
    month: str,
    by: str,
    prices: str,
    account: str,
    all_accounts: bool,
    is_json: bool,
) -> None:
    """What a month has cost."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    whose = "*" if all_accounts else account
    bill = _bill(config, month, by, prices, whose)
    click.echo(json.dumps(bill, indent=2) if is_json else "\n".join(_table(bill)))


@command.command("diff")
@click.argument("before")
@click.argument("after")
@click.option("--threshold", metavar="PERCENT", help="Exit with 3 if something is dearer by more.")
@click.option("--by", default="function", help="For months: function, day, tag or tag:KEY.")
@click.option("--prices", default=_DEFAULT_PRICES, help=f"For months: {_PRICES_HELP}")
@click.option("--account", default="", help="For months: whose, if not the default account's.")
@settings("data_dir")
def diff(
    config: Config,
    before: str,
    after: str,
    threshold: str | None,
    by: str,
    prices: str,
    account: str,
) -> None:
    """Compare two bills (files of `bill --json`, or months): what a million requests cost, at list prices."""
    limit = None if threshold is None else _percent(threshold)
    try:
        first, second = (_read(config, each, by, prices, account) for each in (before, after))
        changes = compare(first, second)
    except BillInvalid as problem:
        raise click.ClickException(str(problem)) from problem
    rows = [_shown(change, limit) for change in changes]
    head = (first["by"], "before", "after", "change", "")
    for line in aligned([head, *rows], right={1, 2, 3}):
        click.echo(line)
    if limit is not None and any(change.is_dearer(limit) for change in changes):
        sys.exit(_DEARER)


def _read(config: Config, what: str, by: str, prices: str, account: str) -> Any:
    if _MONTH.fullmatch(what):
        return _bill(config, what, by, prices, account)
    try:
        return json.loads(Path(what).read_text())
    except OSError as problem:
        raise click.ClickException(f"{what}: {problem.strerror}") from problem
    except ValueError as problem:
        raise BillInvalid(f"{what}: not a bill of `lambent bill --json`") from problem


def _shown(change: Change, limit: Decimal | None) -> tuple[str, ...]:
    percent = change.percent
    moved = ("new" if change.before is None else "gone") if percent is None else f"{percent:+.1f} %"
    costs = ("-" if each is None else f"{each:.4f}" for each in (change.before, change.after))
    mark = "dearer" if limit is not None and change.is_dearer(limit) else ""
    return (change.name, *costs, moved, mark)


def _percent(text: str) -> Decimal:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?%?", text):
        raise click.BadParameter(f"{text!r} is not a percentage", param_hint="--threshold")
    return Decimal(text.removesuffix("%"))


def _bill(config: Config, month: str, by: str, prices: str, account: str) -> Any:
    group_of = _grouping(by)
    try:
        book = books.load(prices)
    except books.PricesInvalid as problem:
        raise click.ClickException(str(problem)) from problem
    if month and not _MONTH.fullmatch(month):
        raise click.ClickException(f"{month!r} is no month; one is written as 2026-01")
    access = variables_of(config, "" if account == "*" else account)
    found = ask(access, "/_lambent/usage", {"month": month, "account": account})
    is_everybodys = account == "*"

    def name_of(row: dict[str, Any]) -> str:
        name = group_of(row, found["tags"])
        return f"{row['account']} {name}" if is_everybodys else name

    hours = Decimal(found["to_s"] - found["from_s"]) / 3600
    head = {"month": found["month"], "account": found["account"], "by": by}
    return document_of(make_bill(found["rows"], book, name_of, hours), book, head)


def _grouping(by: str) -> Callable[[dict[str, Any], dict[str, dict[str, str]]], str]:
    """What a row is told under. Raises BadParameter."""
    kind, _, key = by.partition(":")
    if by == "function":
        return lambda row, _: _name(row)
    if by == "day":
        return lambda row, _: (_EPOCH + timedelta(days=row["day"])).date().isoformat()
    if kind == "tag" and (key or by == "tag"):

        def by_tag(row: dict[str, Any], tags: dict[str, dict[str, str]]) -> str:
            # An API may be called as a function is: only functions are looked up.
            place = f"{row['account']}/{row['region']}/{row['resource']}"
            own = tags.get(place, {}) if row["service"] == "lambda" else {}
            shown = {name: value for name, value in own.items() if not key or name == key}
            return ", ".join(f"{name}={shown[name]}" for name in sorted(shown)) or _UNTAGGED

        return by_tag
    raise click.BadParameter(f"{by!r} is not function, day, tag or tag:KEY", param_hint="--by")


def _name(row: dict[str, Any]) -> str:
    name: str = row["resource"]
    return name if row["service"] == "lambda" else f"{row['service']} {name}"


def _table(bill: dict[str, Any]) -> list[str]:
    currency = bill["currency"]
    head = (bill["by"], "requests", "errors", "GB-s", currency)
    groups = [
        (
            group["name"],
            f"{group['requests']:,}",
            f"{group['errors']:,}",
            f"{Decimal(group['gb_seconds']):.3f}",
            f"{Decimal(group['amount']):.6f}",
        )
        for group in bill["groups"]
    ]
    lines = [
        (line["usage"], line["quantity"], line["unit"], line["free"], _money(line["amount"]))
        for line in bill["lines"]
    ]
    return [
        f"{bill['month']}, account {bill['account']}, prices {bill['prices']}",
        "",
        *aligned([head, *groups], right={1, 2, 3, 4}),
        "",
        *aligned([("usage", "quantity", "", "free", currency), *lines], right={1, 3, 4}),
        *(f"no price: {each} of {name}" for name, each in bill["unpriced"].items()),
        "",
        f"total: {currency} {_money(bill['total'])}",
    ]


def _money(text: str) -> str:
    return f"{Decimal(text):.6f}"

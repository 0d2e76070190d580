"""`lambent cost`: what something would cost, with every step shown."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from lambent.cli.tables import aligned
from lambent.services.metering.pricing import book as books
from lambent.services.metering.pricing.bill import text_of
from lambent.services.metering.pricing.estimate import Plan, estimate, total


class _Amount(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.2 on
    """A number, not negative, as exact as it is written."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            number = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is not a number", param, ctx)
        if not 0 <= number <= 10**15:
            self.fail(f"{value} is not between 0 and 10^15", param, ctx)
        return number


_AMOUNT = _Amount()
_COUNT = click.IntRange(0, 10**15)


@click.group("cost")
def command() -> None:
    """What something would cost."""


@command.command("estimate")
@click.option("--requests", type=_COUNT, required=True, help="Of a month.")
@click.option("--duration-ms", type=_AMOUNT, required=True, help="What one of them takes.")
@click.option("--memory", type=click.IntRange(1, 10240), default=128, help="MB of the function.")
@click.option("--architecture", type=click.Choice(["x86_64", "arm64"]), default="x86_64")
@click.option("--puts", type=_AMOUNT, default="0", help="To S3, of each request.")
@click.option("--gets", type=_AMOUNT, default="0", help="To S3, of each request.")
@click.option("--stored-bytes", type=_COUNT, default=0, help="That each request leaves in S3.")
@click.option("--storage-gb", type=_AMOUNT, default="0", help="In S3 besides, all month.")
@click.option("--api", type=click.Choice(["rest", "http"]), default=None, help="Called through.")
@click.option("--prices", default="aws-2026", help="aws-2016, aws-2026 or a file.")
@click.option("--free-tier", is_flag=True, help="Take off what is free every month.")
@click.option("--json", "is_json", is_flag=True, help="As JSON.")
def estimate_command(prices: str, *, free_tier: bool, is_json: bool, **options: Any) -> None:
    """Show the calculation of a month's cost."""
    try:
        book = books.load(prices)
    except books.PricesInvalid as problem:
        raise click.ClickException(str(problem)) from problem
    plan = Plan(
        requests=options["requests"],
        duration_ms=options["duration_ms"],
        memory_mb=options["memory"],
        architecture=options["architecture"],
        puts=options["puts"],
        gets=options["gets"],
        stored_bytes=options["stored_bytes"],
        storage_gb=options["storage_gb"],
        api=options["api"] or "",
    )
    steps = estimate(plan, book if free_tier else book.without_free())
    whole = total(steps)
    if is_json:
        shown = [
            {
                "what": step.what,
                "how": step.how,
                **({} if step.amount is None else {"amount": text_of(step.amount)}),
            }
            for step in steps
        ]
        document = {"currency": book.currency, "steps": shown, "total": text_of(whole)}
        click.echo(json.dumps(document, indent=2))
        return
    for line in aligned([(step.what, step.how) for step in steps]):
        click.echo(line)
    click.echo(f"total: {book.currency} {whole:.2f} ({text_of(whole)})")

"""What something would cost, with every step of the calculation: `lambent cost estimate`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from lambent.services.metering.pricing.bill import text_of

if TYPE_CHECKING:
    from lambent.services.metering.pricing.book import PriceBook


@dataclass(frozen=True, slots=True)
class Plan:
    """A month. `puts`, `gets` and `stored_bytes` are of each request; `storage_gb` is there anyway."""

    requests: int
    duration_ms: Decimal
    memory_mb: int
    architecture: str = "x86_64"
    puts: Decimal = Decimal(0)
    gets: Decimal = Decimal(0)
    stored_bytes: int = 0
    storage_gb: Decimal = Decimal(0)
    api: str = ""  # rest or http


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the calculation. `amount` is None where nothing is paid for."""

    what: str
    how: str
    amount: Decimal | None = None


def estimate(plan: Plan, book: PriceBook) -> list[Step]:
    """The steps, in the order in which they lead to the sum of their amounts."""
    steps: list[Step] = []
    rounding = book.duration_rounding_ms
    billed_ms = (plan.duration_ms / rounding).to_integral_value(ROUND_CEILING) * rounding
    of_one = billed_ms / 1000 * plan.memory_mb / 1024
    whole = of_one * plan.requests
    steps.append(
        Step(
            "billed duration",
            f"{text_of(plan.duration_ms)} ms, rounded up to {rounding} ms: {text_of(billed_ms)} ms",
        )
    )
    steps.append(
        Step(
            "GB-seconds of a request",
            f"{text_of(billed_ms / 1000)} s x {plan.memory_mb} MB / 1024 = {text_of(of_one)} GB-s",
        )
    )
    counted = Decimal(plan.requests)
    _add(steps, book, "requests", "lambda.requests", counted)
    _add(steps, book, "duration", f"lambda.gb-seconds.{plan.architecture}", whole)
    if plan.api:
        _add(steps, book, f"API Gateway ({plan.api})", f"apigateway.{plan.api}-requests", counted)
    _add(steps, book, "S3 PUT", "s3.put-requests", plan.puts * plan.requests)
    _add(steps, book, "S3 GET", "s3.get-requests", plan.gets * plan.requests)
    _add_storage(steps, plan, book)
    return steps


def total(steps: list[Step]) -> Decimal:
    return sum((step.amount for step in steps if step.amount is not None), Decimal(0))


def _add_storage(steps: list[Step], plan: Plan, book: PriceBook) -> None:
    added = Decimal(plan.stored_bytes) * plan.requests / book.gb_bytes
    if added:
        how = f"{plan.requests:,} x {plan.stored_bytes:,} bytes / {book.gb_bytes:,} = {text_of(added)} GB"
        steps.append(Step("stored", how))
    _add(steps, book, "S3 storage", "s3.gb-months", added + plan.storage_gb)


def _add(steps: list[Step], book: PriceBook, what: str, usage: str, quantity: Decimal) -> None:
    if not quantity:
        return
    item = book.item_for(usage)
    if item is None:
        steps.append(Step(what, f"{book.name} has no price of {usage}"))
        return
    names = [name for name in book.free if item.usage == name or item.usage.startswith(f"{name}.")]
    free = min(quantity, book.free[names[0]]) if names else Decimal(0)
    charged, amount = quantity - free, item.cost(quantity - free)
    how = text_of(quantity)
    if free:
        how += f" - {text_of(free)} free = {text_of(charged)}"
    price = item.tiers[0].price
    per = "" if item.per == 1 else f" / {text_of(item.per)}"
    top = item.tiers[0].up_to
    if top is not None and charged > top:
        how += f" in {len(item.tiers)} tiers from {book.currency} {text_of(price)}{per}"
    else:
        how += f" x {book.currency} {text_of(price)}{per}"
    steps.append(Step(what, f"{how} = {text_of(amount)}", amount))

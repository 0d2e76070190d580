"""Price books and bills, to the last digit; the tutorial's example, with its slips put right (K1 to K13)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lambent.services.metering.pricing.bill import document_of, make_bill
from lambent.services.metering.pricing.book import PricesInvalid, load, parse
from lambent.services.metering.pricing.difference import BillInvalid, compare
from lambent.services.metering.pricing.estimate import Plan, Step, estimate, total
from lambent.services.metering.sums import hundreds
from lambent.services.metering.tables import SUMS

MILLION = 1_000_000
UPLOADS = Plan(MILLION, Decimal(120), 1024, puts=Decimal(2), stored_bytes=900_000 + 100_000)


def row(**members: Any) -> dict[str, Any]:
    place = {"account": "1", "region": "r", "service": "lambda", "resource": "f"}
    others = {"version": "1", "alias": "", "variant": "x86_64/on-demand", "day": 20_000}
    return {**place, **others, **dict.fromkeys(SUMS, 0), **members}


def amounts(steps: list[Step]) -> dict[str, Decimal]:
    return {step.what: step.amount for step in steps if step.amount is not None}


def bill_of(*rows: dict[str, Any], prices: str = "aws-2026", hours: int = 0) -> dict[str, Any]:
    book = load(prices) if prices.startswith("aws") else parse(prices, "prices.toml")
    bill = make_bill(rows, book, lambda each: str(each["resource"]), Decimal(hours))
    return document_of(bill, book, {"by": "function"})


def lines(bill: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {
        each["usage"]: (each["quantity"], each["free"], each["amount"]) for each in bill["lines"]
    }


def test_k1_a_million_requests_are_free_and_then_cost_20_cents() -> None:
    found = lines(bill_of(row(requests=3 * MILLION), prices="aws-2016"))
    assert found["lambda.requests"] == ("3000000", "1000000", "0.4")
    one = amounts(estimate(Plan(1, Decimal(0), 128), load("aws-2016").without_free()))
    assert one["requests"] == Decimal("0.0000002")


@pytest.mark.parametrize(("ms", "billed"), [(1, 100), (100, 100), (101, 200), (120, 200), (0, 0)])
def test_k2_k4_durations_are_rounded_up_to_100_ms(ms: int, billed: int) -> None:
    assert hundreds(ms) == billed
    steps = estimate(Plan(1, Decimal(ms), 128), load("aws-2016"))
    assert steps[0].how.endswith(f": {billed} ms")


def test_k2_today_they_are_rounded_up_to_1_ms() -> None:
    steps = estimate(Plan(1, Decimal("119.2"), 128), load("aws-2026"))
    assert steps[0].how == "119.2 ms, rounded up to 1 ms: 120 ms"


def test_k3_the_price_of_a_gb_second_is_a_setting() -> None:
    used = row(mb_ms=1024 * 1000, mb_ms_all=1024 * 1000, mb_100ms=1024 * 1000)
    text = '[[item]]\nusage = "lambda.gb-seconds"\nprice = 0.5\n'
    for prices, price in (("aws-2016", "0.00001667"), (text, "0.5"), ("aws-2026", "0.0000166667")):
        assert bill_of(used, prices=prices)["groups"][0]["list_amount"] == price


@pytest.mark.parametrize(
    ("memory", "seconds", "cost"), [(1024, "0.2", "0.000003334"), (128, "0.025", "0.00000041675")]
)
def test_k5_a_gb_second_is_memory_times_time(memory: int, seconds: str, cost: str) -> None:
    steps = estimate(Plan(1, Decimal(120), memory), load("aws-2016").without_free())
    assert steps[1].how == f"0.2 s x {memory} MB / 1024 = {seconds} GB-s"
    assert amounts(steps)["duration"] == Decimal(cost)


def test_k6_two_puts_cost_a_hundred_thousandth() -> None:
    steps = estimate(Plan(1, Decimal(120), 1024, puts=Decimal(2)), load("aws-2016"))
    assert amounts(steps)["S3 PUT"] == Decimal("0.00001")


def test_k7_a_million_uploads_cost_13_dollars_and_53_cents() -> None:
    book = load("aws-2016").without_free()
    one = estimate(Plan(1, Decimal(120), 1024, puts=Decimal(2)), book)
    assert total(one) == Decimal("0.000013534")
    whole = amounts(estimate(UPLOADS, book))
    assert whole["requests"] + whole["duration"] + whole["S3 PUT"] == Decimal("13.534")


@pytest.mark.parametrize(("memory", "cost"), [(1024, "3.534"), (128, "0.61675")])
def test_k8_the_lambda_part(memory: int, cost: str) -> None:
    whole = amounts(estimate(Plan(MILLION, Decimal(120), memory), load("aws-2016").without_free()))
    assert whole["requests"] + whole["duration"] == Decimal(cost)


def test_k9_k10_a_million_megabytes_are_1000_gb_and_cost_30_dollars() -> None:
    steps = estimate(UPLOADS, load("aws-2016"))
    stored = next(step for step in steps if step.what == "stored")
    assert stored.how == "1,000,000 x 1,000,000 bytes / 1,000,000,000 = 1000 GB"
    assert amounts(steps)["S3 storage"] == Decimal(30)
    byte_seconds = 1_000 * 10**9 * 730 * 3600  # measured: 1,000 GB for a month
    used = row(service="s3", variant="storage", byte_seconds=byte_seconds)
    assert lines(bill_of(used, prices="aws-2016"))["s3.gb-months"] == ("1000", "0", "30")


def test_k11_both_sets_of_prices_for_s3() -> None:
    plan = Plan(10_000, Decimal(0), 128, puts=Decimal(1), gets=Decimal(1), storage_gb=Decimal(1))
    old, new = (amounts(estimate(plan, load(name))) for name in ("aws-2016", "aws-2026"))
    assert (old["S3 GET"], old["S3 PUT"], old["S3 storage"]) == tuple(
        map(Decimal, ("0.004", "0.05", "0.030"))
    )
    assert (new["S3 GET"], new["S3 PUT"], new["S3 storage"]) == tuple(
        map(Decimal, ("0.004", "0.05", "0.023"))
    )


def test_tiers_are_climbed() -> None:
    gb_seconds = 16_000_000_000
    used = row(mb_ms_all=gb_seconds * 1024 * 1000)
    expected = (
        6 * 10**9 * Decimal("0.0000166667")
        + 9 * 10**9 * Decimal("0.000015")
        + (10**9 - 400_000) * Decimal("0.0000133334")
    )
    assert Decimal(bill_of(used)["total"]) == expected


# What a quantity that reaches into the last tier costs, added up by hand from AWS's price list of us-east-1.
@pytest.mark.parametrize(
    ("usage", "quantity", "amount"),
    [
        ("lambda.gb-seconds.x86_64", 16 * 10**9, "248333.6"),
        ("lambda.gb-seconds.arm64", 20 * 10**9, "248335"),
        ("apigateway.rest-requests", 21 * 10**9, "49763.1"),
        ("apigateway.http-requests", 10**9, "930"),
        ("lambda.provisioned-concurrency.x86_64", 10**6, "4.1667"),
        ("lambda.provisioned-concurrency.arm64", 10**6, "3.3334"),
        ("lambda.provisioned-gb-seconds.x86_64", 10**6, "9.7222"),
        ("lambda.provisioned-gb-seconds.arm64", 10**6, "7.7778"),
        ("lambda.snapstart-cache", 10**6, "1.5046"),
        ("lambda.snapstart-restores", 10**6, "139.7998"),
        ("s3.gb-months", 512_100, "11317.3"),
    ],
)
def test_prices_of_2026_are_those_of_the_price_list(usage: str, quantity: int, amount: str) -> None:
    item = load("aws-2026").item_for(usage)
    assert item is not None
    assert item.cost(Decimal(quantity)) == Decimal(amount)


def test_the_free_tier_is_shared_by_architectures_and_not_by_accounts() -> None:
    half = 300_000 * 1024 * 1000
    found = bill_of(
        row(mb_ms_all=half),
        row(mb_ms_all=half, variant="arm64/on-demand"),
        row(mb_ms_all=half, account="2", resource="g"),
    )
    shown = lines(found)
    assert shown["lambda.gb-seconds.x86_64"] == ("600000", "600000", "0")
    assert shown["lambda.gb-seconds.arm64"] == ("300000", "100000", "2.66668")


def test_provisioned_concurrency_has_prices_of_its_own_and_nothing_free() -> None:
    variant = "x86_64/provisioned-concurrency"
    held = row(mb_seconds=1024 * 1000, variant=variant)
    used = row(requests=MILLION, mb_ms_all=1024 * 1000 * 10, variant=variant)
    shown = lines(bill_of(held, used))
    assert shown["lambda.provisioned-concurrency.x86_64"] == ("1000", "0", "0.0041667")
    assert shown["lambda.provisioned-requests"] == ("1000000", "0", "0.2")
    assert shown["lambda.provisioned-gb-seconds.x86_64"] == ("10", "0", "0.000097222")


def test_streams_snapshots_disks_and_apis() -> None:
    snapshot = "x86_64/snap-start"
    shown = lines(
        bill_of(
            row(streamed_bytes=101 << 30, disk_mb_ms=1024 * 1000 * 10),
            row(restored_mb=2048, variant=snapshot),
            row(mb_seconds=1024 * 10, variant=snapshot),
            row(service="apigateway", variant="rest", requests=334 * MILLION),
        )
    )
    assert shown["lambda.streamed-gb"] == ("101", "100", "0.008")
    assert shown["lambda.ephemeral-gb-seconds"] == ("10", "0", "0.000000309")
    assert shown["lambda.snapstart-restores"] == ("2", "0", "0.0002795996")
    assert shown["lambda.snapstart-cache"] == ("10", "0", "0.000015046")
    assert shown["apigateway.rest-requests"] == ("334000000", "0", "1168.3")


def test_what_a_group_pays_adds_up_to_the_total() -> None:
    rows = [row(resource=name, requests=number * MILLION) for number, name in enumerate("abcdefg")]
    bill = bill_of(*rows)
    parts = sum(Decimal(group["amount"]) for group in bill["groups"])
    assert abs(parts - Decimal(bill["total"])) < Decimal("1e-10")
    assert Decimal(bill["total"]) == Decimal(4)


def test_init_is_billed_today_and_was_not_in_2016() -> None:
    used = row(mb_ms=1024, mb_ms_all=2048, mb_100ms=102400, mb_100ms_all=204800)
    assert bill_of(used)["groups"][0]["gb_seconds"] == "0.002"
    assert bill_of(used, prices="aws-2016")["groups"][0]["gb_seconds"] == "0.1"


def test_an_own_server_costs_by_the_hour_and_what_has_no_price_is_said() -> None:
    text = 'currency = "EUR"\n[[fixed]]\nname = "server"\nprice_per_hour = 0.12\n'
    bill = bill_of(row(requests=5), prices=text, hours=720)
    assert (bill["total"], bill["currency"]) == ("86.4", "EUR")
    assert bill["unpriced"] == {"lambda.requests": "5"}
    assert [group["name"] for group in bill["groups"]] == ["(fixed)", "f"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = ", "p.toml: Invalid value"),
        ("names = 1", "p.toml: the file: unknown setting 'names'"),
        ("duration_rounding_ms = 10", "p.toml: duration_rounding_ms must be 1 or 100"),
        ("init_is_billed = 1", "p.toml: init_is_billed must be true or false"),
        ("gb_bytes = 0", "p.toml: gb_bytes must be more than 0"),
        ("currency = 1", "p.toml: currency must be a text"),
        ("item = 3", "p.toml: item must be a list of tables"),
        ("free = 3", "p.toml: free must be a table"),
        ("[free]\n'lambda.requests' = -1", "p.toml: free: lambda.requests must be 0 or more"),
        ("[[item]]\nprice = 1", "p.toml: item 1: usage must be a text"),
        (
            "[[item]]\nusage = 'lambda.request'\nprice = 1",
            "p.toml: item 1: there is no usage 'lambda.request', did you mean lambda.requests?",
        ),
        (
            "[[item]]\nusage = 'lambda.requests'",
            "p.toml: item 1 (lambda.requests) needs either price or tiers",
        ),
        (
            "[[item]]\nusage = 'lambda.requests'\nprice = nan",
            "p.toml: item 1 (lambda.requests): price must be",
        ),
        (
            "[[item]]\nusage = 'lambda.requests'\nprice = '1'",
            "p.toml: item 1 (lambda.requests): price must be a number",
        ),
        (
            "[[item]]\nusage = 'lambda.requests'\ntiers = []",
            "p.toml: item 1 (lambda.requests): tiers must not be empty",
        ),
        (
            "[[item]]\nusage = 'lambda.requests'\ntiers = [{price = 1}, {price = 2}]",
            "p.toml: item 1 (lambda.requests): tier 1: every tier but the last needs up_to",
        ),
        (
            (
                "[[item]]\nusage = 'lambda.requests'\n"
                "tiers = [{up_to = 2, price = 1}, {up_to = 2, price = 2}, {price = 1}]"
            ),
            "p.toml: item 1 (lambda.requests): tier 2: up_to must be more",
        ),
        (
            "[[item]]\nusage = 'lambda.requests'\nprice = 1\n" * 2,
            "p.toml: lambda.requests has two prices",
        ),
        ("[[fixed]]\nname = 's'", "p.toml: fixed 1: price_per_hour must be a number"),
    ],
)
def test_a_bad_book_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(PricesInvalid) as refused:
        parse(text, "p.toml")
    assert str(refused.value).startswith(complaint)
    assert "\n" not in str(refused.value)


def test_a_book_that_is_not_there() -> None:
    with pytest.raises(PricesInvalid, match=r"aws-2015: No such file .* one of aws-2016, aws-2026"):
        load("aws-2015")


def test_bills_are_compared_for_a_million_requests_at_list_prices() -> None:
    before = bill_of(
        row(requests=1000, mb_ms_all=1000 * 1024 * 100),
        row(resource="gone", requests=1),
        row(resource="same", requests=10),
    )
    after = bill_of(
        row(requests=10, mb_ms_all=10 * 1024 * 200),
        row(resource="new", requests=1),
        row(resource="same", requests=20),
    )
    changes = {change.name: change for change in compare(before, after)}
    first = changes["f"].before, changes["f"].after
    assert first == (Decimal("1.86667"), Decimal("3.53334"))
    assert changes["f"].is_dearer(Decimal(89))
    assert not changes["f"].is_dearer(Decimal(90))
    assert changes["same"].percent == 0
    assert changes["new"].percent is None
    assert changes["gone"].percent is None
    assert not changes["new"].is_dearer(Decimal(0))


@pytest.mark.parametrize("other", [{}, [], {"currency": "EUR", "by": "function"}])
def test_what_is_no_bill_is_not_compared(other: Any) -> None:
    with pytest.raises(BillInvalid):
        compare(bill_of(row(requests=1)), other)


@pytest.mark.parametrize("name", ["by", "currency"])
def test_bills_of_two_kinds_are_not_compared(name: str) -> None:
    bill = bill_of(row(requests=1))
    with pytest.raises(BillInvalid, match=rf"^their {name} differs: {bill[name]} and another$"):
        compare(bill, {**bill, name: "another"})

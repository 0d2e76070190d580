"""`lambent bill` against a running platform: it agrees with the logs to the last invocation."""

from __future__ import annotations

import concurrent.futures
import json
import re
import threading
import time
import urllib.error
import urllib.request
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as ClientConfig
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from click.testing import CliRunner
from tests.conftest import execution_role

from lambent.cli.commands import lambent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DOCS = Path(__file__).parents[2] / "docs"
WORK = """
import time
def handler(event, context):
    if event == "fail":
        raise ValueError("as asked")
    if event == "hang":
        time.sleep(60)
    return event
"""
REPORT = re.compile(r"REPORT RequestId: (\S+)\t.*?Billed Duration: (\d+) ms\tMemory Size: (\d+) MB")


class Tenant:
    """An account of a platform. Args: the platform, and its root key."""

    def __init__(self, running: Any, key: Any) -> None:
        self._running, self._key = running, key
        self.id = key.principal.account_id

    def client(self, service: str) -> Any:
        make_client: Any = boto3.client
        return make_client(
            service,
            endpoint_url=self._running.platform.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self._key.access_key_id,
            aws_secret_access_key=self._key.secret_access_key,
            config=ClientConfig(retries={"total_max_attempts": 1}, max_pool_connections=20),
        )

    def create(self, make_zip: Callable[..., bytes], name: str, **members: Any) -> None:
        functions = self.client("lambda")
        functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="app.handler",
            Role=execution_role(functions),
            Code={"ZipFile": make_zip({"app.py": WORK})},
            **members,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)

    def bill(self, *words: str) -> Any:
        done = self.run("bill", "--json", "--account", self.id, *words)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def run(self, *words: str) -> Any:
        directory = str(self._running.platform.data_dir.path)
        return CliRunner().invoke(lambent, words, env={"LAMBENT_DATA_DIR": directory})

    def usage(self, document: object) -> tuple[int, Any]:
        url = f"{self._running.platform.endpoint}/_lambent/usage"
        signed = AWSRequest("POST", url, data=json.dumps(document).encode())
        key = Credentials(self._key.access_key_id, self._key.secret_access_key)
        SigV4Auth(key, "lambent", "us-east-1").add_auth(signed)
        request = urllib.request.Request(url, signed.data, dict(signed.headers.items()))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def reports(self, name: str) -> list[tuple[str, int, int]]:
        """Of each REPORT line: the request, billed milliseconds and MB."""
        logs = self.client("logs").get_paginator("filter_log_events")
        pages = logs.paginate(logGroupName=f"/aws/lambda/{name}", filterPattern="REPORT")
        found = [REPORT.match(event["message"]) for page in pages for event in page["events"]]
        return [(line[1], int(line[2]), int(line[3])) for line in found if line]


@pytest.fixture(scope="module")
def test_mode(start_platform: Callable[..., Any]) -> Iterator[Any]:
    with start_platform(test_mode=True, isolation="none") as running:
        yield running


@pytest.fixture
def tenant(test_mode: Any) -> Tenant:
    key = test_mode.run(test_mode.platform.accounts.create())
    test_mode.run(test_mode.platform.keep(key))
    return Tenant(test_mode, key)


def test_bill_and_logs_agree_to_the_last_invocation(
    test_mode: Any, tenant: Tenant, make_zip: Callable[..., bytes]
) -> None:
    tenant.create(make_zip, "work", Timeout=3, MemorySize=256)
    tenant.create(make_zip, "hang", Timeout=1)
    tenant.create(make_zip, "never")
    functions = tenant.client("lambda")
    functions.put_function_concurrency(FunctionName="never", ReservedConcurrentExecutions=0)

    def call(name: str, event: str, **members: Any) -> str:
        try:
            answer = functions.invoke(FunctionName=name, Payload=json.dumps(event), **members)
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return str(answer.get("FunctionError", answer["StatusCode"]))

    asked = [("work", "yes")] * 60 + [("work", "fail")] * 15 + [("hang", "hang")] * 4
    asked += [("never", "yes")] * 10
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        sync = list(pool.map(lambda each: call(*each), asked))
        events = [("work", "yes")] * 10 + [("work", "fail")] * 5
        sent = list(pool.map(lambda each: call(*each, InvocationType="Event"), events))
    assert sync.count("200") == 60
    assert sync.count("Unhandled") == 15 + 4
    assert sync.count("TooManyRequestsException") == 10
    assert set(sent) == {"202"}
    expected = 60 + 15 + 10 + 5 * 3
    bill: dict[str, Any] = {}
    deadline = time.monotonic() + 60
    while bill.get("work", {}).get("requests", 0) < expected and time.monotonic() < deadline:
        # A retry comes a minute or two after the failure, whenever that is on a busy machine.
        test_mode.run(test_mode.platform.advance(timedelta(minutes=2)))
        bill = {group["name"]: group for group in tenant.bill()["groups"]}
    for _ in range(3):  # no more come
        test_mode.run(test_mode.platform.advance(timedelta(minutes=10)))
    bill = {group["name"]: group for group in tenant.bill()["groups"]}
    assert set(bill) == {"work", "hang"}
    assert bill["work"]["requests"] == expected
    assert bill["work"]["errors"] == 15 + 5 * 3
    assert (bill["hang"]["requests"], bill["hang"]["errors"]) == (4, 4)
    for name, group in bill.items():
        reports = tenant.reports(name)
        assert len(reports) == group["requests"]
        mb_ms = sum(billed * memory for _, billed, memory in reports)
        assert Decimal(group["gb_seconds"]) == round(Decimal(mb_ms) / 1_024_000, 12)


def test_large_asynchronous_events_are_several_requests(
    tenant: Tenant, make_zip: Callable[..., bytes]
) -> None:
    """256 KB are one, and each 64 KB more another one ("AWS Lambda pricing")."""
    tenant.create(make_zip, "f")
    functions = tenant.client("lambda")
    quotes = len('""')
    for size in (100, 262_144, 262_145, 262_144 + 65_536, 262_144 + 65_537):
        event = json.dumps("e" * (size - quotes)).encode()
        assert len(event) == size
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=event)
    expected = 5 + 0 + 0 + 1 + 1 + 2
    pause, deadline = threading.Event(), time.monotonic() + 20
    billed = 0
    while billed < expected:  # they run after their answers
        assert time.monotonic() < deadline, billed
        pause.wait(0.1)
        lines = {each["usage"]: each["quantity"] for each in tenant.bill()["lines"]}
        billed = int(lines.get("lambda.requests", 0))
    assert billed == expected


def test_a_bill_is_told_by_day_tag_and_version(
    tenant: Tenant, make_zip: Callable[..., bytes]
) -> None:
    tenant.create(make_zip, "paid", Tags={"team": "one", "stage": "live"})
    tenant.create(make_zip, "free")
    functions = tenant.client("lambda")
    functions.publish_version(FunctionName="paid")
    functions.create_alias(FunctionName="paid", Name="live", FunctionVersion="1")
    for name, qualifier in (("paid", "$LATEST"), ("paid", "live"), ("free", "$LATEST")):
        functions.invoke(FunctionName=name, Qualifier=qualifier)
    shown = {
        by: {each["name"]: each["requests"] for each in tenant.bill("--by", by)["groups"]}
        for by in ("tag", "tag:team", "day")
    }
    assert shown["tag"] == {"(untagged)": 1, "stage=live, team=one": 2}
    assert shown["tag:team"] == {"(untagged)": 1, "team=one": 2}
    assert list(shown["day"].values()) == [3]
    status, found = tenant.usage({"month": ""})
    rows = {(row["resource"], row["version"], row["alias"]) for row in found["rows"]}
    assert status == 200
    assert rows == {("paid", "$LATEST", ""), ("paid", "1", "live"), ("free", "$LATEST", "")}


def test_another_month_has_a_bill_of_its_own(
    test_mode: Any, tenant: Tenant, make_zip: Callable[..., bytes]
) -> None:
    tenant.create(make_zip, "f")
    tenant.client("lambda").invoke(FunctionName="f")
    before = tenant.bill()
    test_mode.run(test_mode.platform.advance(timedelta(days=31)))
    after = tenant.bill()
    assert after["month"] > before["month"]
    assert after["groups"] == []
    assert tenant.bill("--month", before["month"])["groups"] == before["groups"]


def test_a_bill_is_the_accounts_own(
    test_mode: Any, tenant: Tenant, make_zip: Callable[..., bytes]
) -> None:
    tenant.create(make_zip, "f")
    tenant.client("lambda").invoke(FunctionName="f")
    key = test_mode.run(test_mode.platform.accounts.create())
    other = Tenant(test_mode, key)
    refused = "Usage is told to the root of the account"
    for account in (tenant.id, "*"):
        status, answer = other.usage({"account": account})
        assert (status, answer["message"]) == (403, refused)
    assert other.usage({})[1]["rows"] == []
    everybody = tenant.run("bill", "--all-accounts", "--json")
    assert f"{tenant.id} f" in [group["name"] for group in json.loads(everybody.stdout)["groups"]]
    mistakes: tuple[object, ...] = ({"month": "2026-13"}, {"month": "soon"}, [])
    for wrong in mistakes:
        assert other.usage(wrong)[0] == 400


def test_what_cannot_be_billed_is_refused_in_one_line(tenant: Tenant, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("item = 3")
    for words, complaint in (
        (("--prices", str(bad)), f"Error: {bad}: item must be a list of tables"),
        (("--by", "colour"), "'colour' is not function, day, tag or tag:KEY"),
        (("--month", "May"), "Error: 'May' is no month; one is written as 2026-01"),
        (("--month", "2026-99"), "Error: '2026-99' is no month; one is written as 2026-01"),
        (("--account", "999999999999"), "999999999999"),
    ):
        refused = tenant.run("bill", *words)
        assert refused.exit_code in (1, 2)
        assert complaint in refused.output


def test_a_dearer_function_fails_a_ci_job(
    tenant: Tenant, make_zip: Callable[..., bytes], tmp_path: Path
) -> None:
    tenant.create(make_zip, "f", MemorySize=128)
    tenant.client("lambda").invoke(FunctionName="f")
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    bill = tenant.bill()
    before.write_text(json.dumps(bill))
    [group] = bill["groups"]
    group["list_amount"] = str(Decimal(group["list_amount"]) * Decimal("1.08"))
    after.write_text(json.dumps(bill))
    files = str(before), str(after)
    assert tenant.run("bill", "diff", *files).exit_code == 0
    assert tenant.run("bill", "diff", *files, "--threshold", "10%").exit_code == 0
    failed = tenant.run("bill", "diff", *files, "--threshold", "5")
    assert failed.exit_code == 3
    assert re.search(r"f +\d\.\d+ +\d\.\d+ +\+8\.0 %  dearer", failed.output)
    assert tenant.run("bill", "diff", *reversed(files), "--threshold", "0").exit_code == 0
    assert tenant.run("bill", "diff", str(before), str(tmp_path)).exit_code == 1
    months = tenant.run("bill", "diff", bill["month"], str(before), "--account", tenant.id)
    assert "+0.0 %" in months.output


def test_provisioned_concurrency_is_billed_while_it_is_held(
    test_mode: Any, tenant: Tenant, make_zip: Callable[..., bytes]
) -> None:
    tenant.create(make_zip, "ready", MemorySize=512)
    functions = tenant.client("lambda")
    functions.publish_version(FunctionName="ready")
    functions.put_provisioned_concurrency_config(
        FunctionName="ready", Qualifier="1", ProvisionedConcurrentExecutions=2
    )
    where = {"FunctionName": "ready", "Qualifier": "1"}
    deadline = time.monotonic() + 60
    while functions.get_provisioned_concurrency_config(**where)["Status"] != "READY":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    used = "lambda.provisioned-concurrency.x86_64"
    first = {line["usage"]: Decimal(line["quantity"]) for line in tenant.bill()["lines"]}
    test_mode.run(test_mode.platform.advance(timedelta(hours=1)))
    month = tenant.bill()["month"]
    second = {line["usage"]: Decimal(line["quantity"]) for line in tenant.bill()["lines"]}
    functions.delete_provisioned_concurrency_config(FunctionName="ready", Qualifier="1")
    assert first[used] % 300 == 0
    assert first[used] >= 300
    if month == tenant.bill()["month"]:
        assert second[used] - first[used] == 3600  # 2 x 512 MB for an hour


@pytest.mark.timeout(180)
def test_the_guide_to_what_it_costs(
    tenant: Tenant,
    make_zip: Callable[..., bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each command of the guide is run; what `cost` prints is there to the letter."""
    tenant.create(make_zip, "thumbnails", Tags={"team": "web"})
    tenant.client("lambda").invoke(FunctionName="thumbnails")
    text = (DOCS / "guides" / "what-it-costs.md").read_text()
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 5
    monkeypatch.chdir(tmp_path)
    for name, content in re.findall(r"```toml\n# (\S+)\n(.*?)```", text, re.DOTALL):
        Path(name).write_text(content)
    for block in blocks:
        command, _, expected = block.replace("\\\n", "").partition("\n")
        words, _, target = command.removeprefix("$ lambent ").partition(" > ")
        done = tenant.run(*words.split())
        assert done.exit_code == 0, done.output
        if target:
            Path(target).write_text(done.stdout)
        if words.startswith("cost"):
            assert done.stdout == expected

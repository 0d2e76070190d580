"""`aws cloudwatch ...`, as a person at a terminal uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import require

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(120)]
METRIC = ("--namespace", "Shop", "--metric-name", "Latency", "--dimensions", "Name=Till,Value=1")


class Cli:
    """With one account's keys and nobody's configuration."""

    def __init__(self, running: Any, directory: Path) -> None:
        own = Path(sys.executable).parent / "aws"
        self._aws = str(own) if own.exists() else require("aws")
        credential = running.run(running.platform.accounts.create())
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": running.platform.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": credential.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credential.secret_access_key,
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [self._aws, "cloudwatch", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments: str) -> Any:
        status, out, complaint = self.run(*arguments)
        assert status == 0, complaint
        return json.loads(out) if out else None


@pytest.fixture
def cli(running: Any, tmp_path: Path) -> Cli:
    return Cli(running, tmp_path)


def test_values_are_put_and_read(cli: Cli) -> None:
    cli.json("put-metric-data", *METRIC[:4], "--dimensions", "Till=1", "--value", "12.5")
    statistics = ("--statistic-values", "Sum=30,Minimum=10,Maximum=20,SampleCount=2")
    cli.json("put-metric-data", *METRIC[:4], "--dimensions", "Till=1", *statistics)
    now = datetime.now(UTC)
    times = (
        *("--start-time", (now - timedelta(hours=1)).isoformat()),
        *("--end-time", (now + timedelta(minutes=1)).isoformat()),
    )
    found = cli.json(
        "get-metric-statistics",
        *METRIC,
        *times,
        *("--period", "7200", "--statistics", "Sum", "SampleCount", "Maximum"),
    )
    (point,) = found["Datapoints"]
    assert point.pop("Timestamp")
    assert point == {"Sum": 42.5, "SampleCount": 3, "Maximum": 20, "Unit": "None"}
    metric = {
        "Namespace": "Shop",
        "MetricName": "Latency",
        "Dimensions": [{"Name": "Till", "Value": "1"}],
    }
    stat = {"Metric": metric, "Period": 7200, "Stat": "Sum"}
    queries = [
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        {"Id": "e1", "Expression": "m1 * 2", "Label": "twice"},
    ]
    (result,) = cli.json("get-metric-data", "--metric-data-queries", json.dumps(queries), *times)[
        "MetricDataResults"
    ]
    assert (result["Label"], result["Values"], result["StatusCode"]) == ("twice", [85], "Complete")
    assert cli.json("list-metrics", "--namespace", "Shop")["Metrics"] == [metric]


def test_alarms_are_put_described_and_removed(cli: Cli) -> None:
    how = ("--extended-statistic", "p90", "--period", "60", "--evaluation-periods", "3")
    when = ("--threshold", "100", "--comparison-operator", "GreaterThanThreshold")
    named = ("--alarm-name", "slow")
    cli.json("put-metric-alarm", *named, *METRIC, *how, *when, "--treat-missing-data", "ignore")
    (alarm,) = cli.json("describe-alarms", "--alarm-names", "slow")["MetricAlarms"]
    assert (alarm["StateValue"], alarm["ExtendedStatistic"]) == ("INSUFFICIENT_DATA", "p90")
    assert "Statistic" not in alarm
    cli.json("set-alarm-state", *named, "--state-value", "ALARM", "--state-reason", "a drill")
    found = cli.json("describe-alarms", "--state-value", "ALARM")["MetricAlarms"]
    assert [each["StateReason"] for each in found] == ["a drill"]
    history = cli.json("describe-alarm-history", *named, "--history-item-type", "StateUpdate")
    summaries = [each["HistorySummary"] for each in history["AlarmHistoryItems"]]
    assert summaries == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]
    cli.json("delete-alarms", "--alarm-names", "slow")
    assert cli.json("describe-alarms")["MetricAlarms"] == []


def test_what_is_wrong_is_an_error(cli: Cli) -> None:
    status, _, complaint = cli.run("put-metric-data", *METRIC[:4], "--value", "NaN")
    assert status != 0
    assert "(InvalidParameterValue)" in complaint
    assert "The value NaN for parameter MetricData.member.1.Value is invalid." in complaint

"""An alarm has changed its state, and everything is killed before its function is called."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Start = Callable[..., Any]  # the fixture of conftest.py, which cannot be imported from here

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(90)]

SOURCE = """
def handler(event, context):
    print("GOT", event["alarmData"]["alarmName"], event["alarmData"]["state"]["value"])
"""
# The platform's own code moves the alarm; who would call the function is dead by then.
_CHANGE = """
import asyncio, os, signal, sys
from lambent.core.clock import SystemClock
from lambent.core.context import Scope
from lambent.services.cloudwatch.alarm_watch import AlarmWatch
from lambent.services.cloudwatch.resources import METRIC_ALARMS
from lambent.storage.data_dir import DataDir
from lambent.storage.sqlite import SqliteDatabase

class Killed:
    async def send(self, *_):
        os.kill(os.getpid(), signal.SIGKILL)

async def flushed():
    pass

async def main():
    database = SqliteDatabase(DataDir(sys.argv[1]).database_path)
    await database.open()
    watch = AlarmWatch(database, SystemClock(), Killed(), flushed)
    scope = Scope(sys.argv[2], "us-east-1")
    await watch.set_state(scope, METRIC_ALARMS, "sales", "ALARM", "a drill", None)

asyncio.run(main())
"""


def test_an_action_is_not_lost_by_kill_9(start: Start) -> None:
    up = start("--core-user", "root")
    environment = up.environment()
    functions = up.client()
    up.create(functions, "told", SOURCE)
    functions.get_waiter("function_active_v2").wait(FunctionName="told")
    arn = functions.get_function_configuration(FunctionName="told")["FunctionArn"]
    functions.add_permission(
        FunctionName="told",
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    make_client: Any = boto3.client
    cloudwatch = make_client(
        "cloudwatch",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    cloudwatch.put_metric_alarm(
        AlarmName="sales",
        Namespace="Shop",
        MetricName="Sales",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[arn],
    )
    up.kill_all()
    changed = subprocess.run(
        [sys.executable, "-c", _CHANGE, str(up.data_dir), arn.split(":")[4]],
        check=False,
        timeout=30,
    )
    assert changed.returncode == -9
    start("--core-user", "root").wait_for_log("GOT sales ALARM")

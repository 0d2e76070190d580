"""SnapStart, as boto3 sees it: settings, the life of a version, and what an invocation finds."""

from __future__ import annotations

import base64
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError
from tests.services.lambda_.conftest import HOLDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

    Create = Callable[..., dict[str, Any]]
    ErrorOf = Callable[..., tuple[int, str, Any]]

pytestmark = pytest.mark.slow

ON: dict[str, Any] = {"SnapStart": {"ApplyOn": "PublishedVersions"}}
# A snapshot is made within milliseconds.
AT_ONCE: Any = {"Delay": 0, "MaxAttempts": 1000}
COUNT = """
import os, random, snapshot_restore_py
told = []
snapshot_restore_py.register_before_snapshot(lambda: told.append('before'))
snapshot_restore_py.register_after_restore(lambda: told.append('after'))
kept = random.random()
print('INIT runs')
def run(event, context):
    told.append('call')
    return {
        'told': told, 'kept': kept, 'drawn': random.random(), 'version': context.function_version,
        'variables': {k: v for k, v in os.environ.items() if k.startswith('AWS_LAMBDA_')},
        'stream': context.log_stream_name,
    }
"""
RESTORED = re.compile(
    r"REPORT RequestId: \S+\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\tMemory Size: 128 MB\t"
    r"Max Memory Used: \d+ MB\tRestore Duration: ([\d.]+) ms\tBilled Restore Duration: (\d+) ms\t\n"
)


def publish(client: LambdaClient, name: str = "f") -> dict[str, Any]:
    """Publish and wait until the version has settled."""
    version = client.publish_version(FunctionName=name)["Version"]
    client.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier=version, WaiterConfig=AT_ONCE
    )
    return dict(client.get_function_configuration(FunctionName=name, Qualifier=version))


def invoke(client: LambdaClient, qualifier: str = "1", name: str = "f") -> tuple[Any, str]:
    """The answer, and the log."""
    answer = client.invoke(FunctionName=name, Qualifier=qualifier, LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.loads(answer["Payload"].read()), log


def test_a_published_version_is_restored_from_its_snapshot(
    client: LambdaClient, create: Create
) -> None:
    created = create("f", COUNT, **ON)
    assert created["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    published = client.publish_version(FunctionName="f")
    assert (published["State"], published["StateReasonCode"]) == ("Pending", "Creating")
    # github.com/hashicorp/terraform-provider-aws/issues/43395: there is none before the snapshot.
    assert "LastUpdateStatus" not in published
    assert published["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    # An invocation that comes too early waits.
    said, log = invoke(client)
    assert said["told"] == ["before", "after", "call"]
    settled = client.get_function_configuration(FunctionName="f", Qualifier="1")
    assert (settled["State"], settled["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in settled
    assert settled["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert settled["RevisionId"] != published["RevisionId"]

    duration, billed, restored, billed_restore = map(float, RESTORED.search(log).groups())
    assert restored <= billed_restore < restored + 1
    assert duration + billed_restore <= billed < duration + billed_restore + 1
    assert "INIT" not in log
    variables = said["variables"]
    assert variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start"
    assert "AWS_LAMBDA_LOG_STREAM_NAME" not in variables
    assert "AWS_LAMBDA_LOG_GROUP_NAME" not in variables
    assert "[1]" in said["stream"]
    # The environment stays: the next call is an ordinary warm one.
    again, log = invoke(client)
    assert again["told"] == ["before", "after", "call", "call"]
    assert "Restore" not in log


def test_latest_and_versions_without_it_start_as_ever(client: LambdaClient, create: Create) -> None:
    create("f", COUNT)
    assert publish(client)["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}
    changed = client.update_function_configuration(FunctionName="f", **ON)
    assert changed["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    client.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig=AT_ONCE)
    said, log = invoke(client, "$LATEST")
    assert said["told"] == ["call"]
    assert said["variables"]["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert "Init Duration" in log
    # It counts as a change: there is something new to publish.
    assert publish(client)["Version"] == "2"
    listed = client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [each["SnapStart"]["OptimizationStatus"] for each in listed] == ["Off", "Off", "On"]
    off = client.update_function_configuration(FunctionName="f", SnapStart={"ApplyOn": "None"})
    assert off["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}


def test_every_environment_goes_on_from_the_same_snapshot(
    client: LambdaClient, create: Create, running: Any, until_release: bytes
) -> None:
    source = HOLDS + COUNT.replace("    told.append('call')", "    hold(event)")
    arn = create("f", source, Timeout=60, **ON)["FunctionArn"]
    publish(client)
    scheduler = running.platform.plane._scheduler
    account = arn.split(":")[4]

    async def count_busy() -> int:
        groups = scheduler.describe().items()
        return sum(group["busy"] for key, group in groups if account in key)

    def call(_: int) -> Any:
        return json.loads(
            client.invoke(FunctionName="f", Qualifier="1", Payload=until_release)["Payload"].read()
        )

    with ThreadPoolExecutor(4) as threads:
        calls = threads.map(call, range(4))
        deadline = time.monotonic() + 30
        while running.run(count_busy()) < 4:  # each has an environment, which it keeps
            assert time.monotonic() < deadline
            time.sleep(0.05)
        create("release")
        answers = list(calls)
    assert {answer["kept"] for answer in answers} == {answers[0]["kept"]}
    assert len({answer["stream"] for answer in answers}) == 4
    assert len({answer["drawn"] for answer in answers}) == 4


def test_publish_of_create_and_of_update_make_snapshots_too(
    client: LambdaClient, create: Create, make_zip: Callable[[dict[str, str]], bytes]
) -> None:
    created = create("f", COUNT, Publish=True, **ON)
    assert (created["Version"], created["State"]) == ("1", "Pending")
    assert invoke(client)[0]["version"] == "1"
    code = make_zip({"handler.py": COUNT + "\n"})
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig=AT_ONCE)
    updated = client.update_function_code(FunctionName="f", ZipFile=code, Publish=True)
    assert (updated["Version"], updated["State"]) == ("2", "Pending")
    assert "Restore Duration" in invoke(client, "2")[1]


def test_an_alias_leads_to_a_restored_version(client: LambdaClient, create: Create) -> None:
    create("f", COUNT, **ON)
    publish(client)
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert "Restore Duration" in invoke(client, "live")[1]


def test_a_version_whose_init_fails_is_failed(
    client: LambdaClient, create: Create, error_of: ErrorOf
) -> None:
    create("f", "raise ValueError('no')\ndef run(event, context): pass", **ON)
    client.publish_version(FunctionName="f")
    status, code, message = error_of(client.invoke, FunctionName="f", Qualifier="1")
    assert (status, code) == (409, "ResourceConflictException")
    assert message.endswith("The function is currently in the following state: Failed")
    settled = client.get_function_configuration(FunctionName="f", Qualifier="1")
    assert (settled["State"], settled["StateReasonCode"]) == ("Failed", "FunctionError")
    # As github.com/serverless/serverless/pull/13847 quotes CloudFormation.
    assert settled["StateReason"] == "An error occurred during function initialization."
    assert "LastUpdateStatus" not in settled
    assert settled["SnapStart"]["OptimizationStatus"] == "Off"


def test_no_alias_may_lead_to_a_failed_version(
    client: LambdaClient, create: Create, error_of: ErrorOf
) -> None:
    create("f", "raise ValueError('no')\ndef run(event, context): pass", **ON)
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
    error_of(client.invoke, FunctionName="f", Qualifier="1")  # waits for the state
    # github.com/hashicorp/terraform-provider-aws/issues/49904 has the states in these words.
    for call, name in ((client.create_alias, "new"), (client.update_alias, "live")):
        status, code, message = error_of(call, FunctionName="f", Name=name, FunctionVersion="1")
        assert (status, code) == (409, "ResourceConflictException")
        assert message.endswith("state: 'Failed', StateReasonCode: 'FunctionError'")


def test_a_before_snapshot_hook_that_fails_fails_the_version(
    client: LambdaClient, create: Create
) -> None:
    code = "import snapshot_restore_py\n@snapshot_restore_py.register_before_snapshot\n"
    create("f", code + "def hook(): raise KeyError('k')\ndef run(event, context): pass", **ON)
    client.publish_version(FunctionName="f")
    with pytest.raises(WaiterError):
        client.get_waiter("published_version_active").wait(
            FunctionName="f", Qualifier="1", WaiterConfig=AT_ONCE
        )
    settled = client.get_function_configuration(FunctionName="f", Qualifier="1")
    assert settled["StateReasonCode"] == "FunctionError"


def test_what_cannot_be_forked_works_without_a_snapshot_and_says_why(
    client: LambdaClient, create: Create
) -> None:
    code = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
def run(event, context): return 'well'
"""
    create("f", code, **ON)
    settled = publish(client)
    assert settled["State"] == "Active"
    assert settled["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    assert settled["StateReason"] == "INIT left 1 more thread(s) running."
    said, log = invoke(client)
    assert said == "well"
    assert "Init Duration" in log


def test_an_after_restore_hook_that_fails_fails_the_call(
    client: LambdaClient, create: Create, error_of: ErrorOf
) -> None:
    code = "import snapshot_restore_py\n@snapshot_restore_py.register_after_restore\n"
    create("f", code + "def hook(): raise KeyError('k')\ndef run(event, context): pass", **ON)
    publish(client)
    status, code, _ = error_of(client.invoke, FunctionName="f", Qualifier="1")
    assert (status, code) == (400, "SnapStartException")


@pytest.mark.parametrize("runtime", ["python3.11", "nodejs20.x", "provided.al2023", "java8.al2"])
def test_runtimes_that_aws_excludes_are_refused(
    create: Create, client: LambdaClient, error_of: ErrorOf, runtime: str
) -> None:
    expected = (
        400,
        "InvalidParameterValueException",
        f"{runtime} is not supported for SnapStart enabled functions.",
    )
    assert error_of(create, name="f", Runtime=runtime, **ON) == expected
    create("g", **ON)
    change = client.update_function_configuration
    assert error_of(change, FunctionName="g", Runtime=runtime) == expected


def test_what_aws_does_not_combine_with_it_is_refused(
    create: Create, client: LambdaClient, error_of: ErrorOf
) -> None:
    status, code, message = error_of(create, name="f", EphemeralStorage={"Size": 513}, **ON)
    assert (status, code) == (400, "InvalidParameterValueException")
    assert "512" in message
    create("f", COUNT, **ON)
    publish(client)
    status, code, message = error_of(
        client.put_provisioned_concurrency_config,
        FunctionName="f",
        Qualifier="1",
        ProvisionedConcurrentExecutions=1,
    )
    assert (status, code) == (400, "InvalidParameterValueException")
    assert "SnapStart" in message


def test_java_has_no_snapshot_and_says_why(client: LambdaClient, create: Create) -> None:
    create("f", Runtime="java17", Handler="handler.run", **ON)
    settled = publish(client)
    assert (settled["State"], settled["SnapStart"]["OptimizationStatus"]) == ("Active", "Off")
    assert "Java" in settled["StateReason"]

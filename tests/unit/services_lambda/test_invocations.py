"""Invoke: what reaches the plane, what is answered, and what is not asked on the way."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.errors import RequestTooLarge, ServiceError
from lambent.execution.spec import FunctionSpec, RuntimeUnavailable, SandboxFailed, Throttled
from lambent.services.lambda_ import invocations
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    InvalidRequestContent,
    ResourceConflict,
    ResourceNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"


@pytest.fixture(params=["cold", "warm"])
def run(request: pytest.FixtureRequest, run: Run) -> Run:
    """Each scenario twice: without an idle environment, and with one, where Invoke takes its short form."""

    def run_with_plane(scenario: Callable[[Any], Awaitable[None]]) -> None:
        async def prepared(bench: Any) -> None:
            bench.plane.is_warm = request.param == "warm"
            await scenario(bench)

        run(prepared)

    return run_with_plane


def test_the_answer_of_the_handler_is_passed_on(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        answer = await bench.call("Invoke", FunctionName="f", Payload=b'{"a": 1}')
        assert answer == {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": b'{"ok":true}',
        }

    run(scenario)


def test_the_plane_is_told_everything(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create(Environment={"Variables": {"A1": "b"}}, Timeout=7, MemorySize=256)
        client = base64.b64encode(b'{"custom":{}}').decode()
        await bench.call("Invoke", FunctionName=ARN, Payload=b'{"a": 1}', ClientContext=client)
        (spec, invocation) = bench.plane.invoked[0]
        assert spec == FunctionSpec(
            key=spec.key,
            runtime="python3.12",
            handler="handler.run",
            code=bench.trees()[0],
            memory_mib=256,
            timeout_s=7,
            function_name="f",
            function_version="$LATEST",
            function_arn=ARN,
            region="eu-west-1",
            log_group="/aws/lambda/f",
            role="arn:aws:iam::123456789012:role/r",
            environment={"A1": "b"},
            account_id="123456789012",
        )
        assert invocation.payload == b'{"a": 1}'
        assert invocation.invoked_function_arn == ARN
        assert invocation.client_context == '{"custom":{}}'
        assert re.fullmatch(
            r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", invocation.trace_id
        )

    run(scenario)


def test_a_trace_header_is_passed_on(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        sent = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
        context = bench.context("Invoke", X_Amzn_Trace_Id=sent)
        await bench.service.operations["Invoke"].run(context, {"FunctionName": "f"})
        (_, invocation) = bench.plane.invoked[0]
        assert invocation.trace_id == sent
        assert invocation.request_id == context.request_id

    run(scenario)


def test_the_qualifier_is_in_the_arn_that_the_handler_sees(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        await bench.call("Invoke", FunctionName="f", Qualifier="$LATEST")
        assert bench.plane.invoked[0][1].invoked_function_arn == f"{ARN}:$LATEST"

    run(scenario)


def test_a_warm_call_asks_no_database(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        reads = bench.database.reads
        bench.database.hold_after(0)
        for _ in range(3):
            await bench.call("Invoke", FunctionName="f")
        bench.database.release()
        assert bench.database.reads == reads
        assert len({id(spec) for spec, _ in bench.plane.invoked}) == 1

    run(scenario)


def test_after_a_restart_the_first_call_reads_and_the_second_does_not(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        await bench.service.stop()
        bench.service = bench.new_service()
        await bench.call("Invoke", FunctionName="f")
        reads = bench.database.reads
        await bench.call("Invoke", FunctionName="f")
        assert bench.database.reads == reads

    run(scenario)


def test_no_payload_means_an_empty_object(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        await bench.call("Invoke", FunctionName="f")
        await bench.call("Invoke", FunctionName="f", Payload=b"")
        assert [invocation.payload for _, invocation in bench.plane.invoked] == [b"{}", b"{}"]

    run(scenario)


def test_a_function_error_is_marked(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.plane.outcome = replace(
            bench.plane.outcome, is_error=True, payload=b'{"errorType":"X"}'
        )
        answer = await bench.call("Invoke", FunctionName="f")
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        assert answer["Payload"] == b'{"errorType":"X"}'

    run(scenario)


def test_the_tail_of_the_log_is_its_last_4_kb(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        log = bytes(range(256)) * 20
        bench.plane.outcome = replace(bench.plane.outcome, log=log)
        answer = await bench.call("Invoke", FunctionName="f", LogType="Tail")
        assert base64.b64decode(answer["LogResult"]) == log[-4096:]
        assert "LogResult" not in await bench.call("Invoke", FunctionName="f", LogType="None")

    run(scenario)


def test_a_dry_run_says_only_that_it_could_be_run(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        assert await bench.call("Invoke", FunctionName="f", InvocationType="DryRun") == {
            "StatusCode": 204
        }
        with pytest.raises(ResourceNotFound):
            await bench.call("Invoke", FunctionName="g", InvocationType="DryRun")
        assert bench.plane.invoked == []

    run(scenario)


@pytest.mark.parametrize(
    ("request_", "suffix"),
    [
        ({"FunctionName": "nope"}, "nope:$LATEST"),
        ({"FunctionName": "f", "Qualifier": "prod"}, "f:prod"),
        ({"FunctionName": "nope:3"}, "nope:3"),
    ],
)
def test_what_is_not_there_is_not_found(run: Run, request_: dict[str, str], suffix: str) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        with pytest.raises(ResourceNotFound) as missing:
            await bench.call("Invoke", **request_)
        assert missing.value.message == f"Function not found: {ARN.removesuffix('f')}{suffix}"

    run(scenario)


def test_an_event_that_is_not_json_is_refused(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        for payload in (b"{", b"x" * 100_000):
            with pytest.raises(
                InvalidRequestContent, match=r"^Could not parse request body into json"
            ):
                await bench.call("Invoke", FunctionName="f", Payload=payload)
        assert bench.plane.invoked == []

    run(scenario)


def test_an_event_over_6_mb_is_refused(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        largest = b'"' + b"x" * (6_291_456 - 2) + b'"'
        await bench.call("Invoke", FunctionName="f", Payload=largest)
        assert bench.plane.invoked[0][1].payload is largest
        with pytest.raises(RequestTooLarge) as refused:
            await bench.call("Invoke", FunctionName="f", Payload=largest + b" ")
        assert refused.value.message == (
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
        )

    run(scenario)


@pytest.mark.parametrize(
    ("fault", "code", "status", "members"),
    [
        (Throttled("ConcurrentInvocationLimitExceeded"), "TooManyRequestsException", 429,
         {"Type": "User", "Reason": "ConcurrentInvocationLimitExceeded"}),
        (RuntimeUnavailable("no python3.12"), "InvalidRuntimeException", 502, {"Type": "User"}),
        (SandboxFailed("secret details"), "ServiceException", 500, {}),
    ],
)  # fmt: skip
def test_what_the_plane_cannot_do_has_an_answer_of_aws(
    run: Run, fault: Exception, code: str, status: int, members: dict[str, str]
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.plane.fault = fault
        with pytest.raises(ServiceError) as answered:
            await bench.call("Invoke", FunctionName="f")
        assert (answered.value.code, answered.value.status) == (code, status)
        assert answered.value.members == members
        assert "secret" not in str(answered.value.message)
        if status == 429:
            assert answered.value.message == "Rate Exceeded."

    run(scenario)


@pytest.mark.parametrize(
    ("member", "words"),
    [("DurableExecutionName", "DurableExecutionName"), ("TenantId", "Remove the tenant ID")],
)
def test_parameters_without_effect_are_refused(run: Run, member: str, words: str) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        with pytest.raises(InvalidParameterValue, match=words):
            await bench.call("Invoke", FunctionName="f", **{member: "x"})

    run(scenario)


def test_a_call_waits_for_a_pending_function(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        bench.database.hold_after(1)
        await bench.call("CreateFunction", **make_request())
        call = asyncio.ensure_future(bench.call("Invoke", FunctionName="f"))
        await bench.database.held.wait()
        assert not call.done()
        bench.database.release()
        assert (await call)["StatusCode"] == 200

    run(scenario)


def test_a_function_that_stays_pending_cannot_be_invoked(
    run: Run, make_request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invocations, "PATIENCE_S", 0.01)

    async def scenario(bench: Any) -> None:
        bench.database.hold_after(1)
        await bench.call("CreateFunction", **make_request())
        with pytest.raises(ResourceConflict) as conflict:
            await bench.call("Invoke", FunctionName="f")
        assert conflict.value.message == (
            "The operation cannot be performed at this time. "
            "The function is currently in the following state: Pending"
        )
        bench.database.release()

    run(scenario)

"""Asynchronous invocation on the real database and a stub plane: what is retried, when, and who is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from lambent.core.errors import RequestTooLarge
from lambent.execution.spec import Outcome, SandboxFailed, Throttled
from lambent.services.lambda_.errors import InvalidParameterValue, ResourceNotFound
from lambent.services.lambda_.lineage import MAX_COUNT, extended, is_looping

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

DONE = Outcome(b'{"ok":true}', False, b"", 1.0, 1, None, 30)
FAILED = Outcome(b'{"errorMessage":"no","errorType":"E"}', True, b"", 1.0, 1, None, 30)
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"


async def _start(bench: Any, *names: str) -> None:
    for name in names or ("f",):
        await bench.create(name)
    await bench.service.start()


async def _send(bench: Any, payload: bytes = b'{"n":1}', name: str = "f", **members: Any) -> Any:
    answer = await bench.call(
        "Invoke", FunctionName=name, InvocationType="Event", Payload=payload, **members
    )
    await bench.service.advance(timedelta())
    return answer


async def _advance(bench: Any, seconds: float) -> None:
    await bench.service.advance(timedelta(seconds=seconds))


def _payloads(bench: Any, name: str = "f") -> list[Any]:
    return [
        orjson.loads(invocation.payload)
        for spec, invocation in bench.plane.invoked
        if spec.function_name == name
    ]


async def _rows(bench: Any) -> int:
    from lambent.services.lambda_ import events

    lanes = await bench.database.read(events.lanes)
    return len(lanes)


def test_an_event_runs_once_and_is_gone(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        assert await _send(bench) == {"StatusCode": 202}
        assert _payloads(bench) == [{"n": 1}]
        _, invocation = bench.plane.invoked[0]
        assert invocation.trace_id.startswith("Root=1-")
        assert await _rows(bench) == 0
        await _advance(bench, 100_000)
        assert len(bench.plane.invoked) == 1

    run(scenario)


def test_errors_of_the_function_are_retried_after_one_and_two_minutes(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        bench.plane.outcome = FAILED
        await _send(bench)
        for seconds, expected in ((59, 1), (2, 2), (118, 2), (2, 3), (10_000, 3)):
            await _advance(bench, seconds)
            assert len(bench.plane.invoked) == expected
        ids = {invocation.request_id for _, invocation in bench.plane.invoked}
        assert len(ids) == 1  # every try has the request id of the first
        assert await _rows(bench) == 0

    run(scenario)


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came")


def test_events_of_a_slow_function_run_all_at_once(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        bench.plane.may_end.clear()
        for number in range(200):
            await bench.call(
                "Invoke", FunctionName="f", InvocationType="Event", Payload=b"%d" % number
            )
        await _until(lambda: len(bench.plane.invoked) == 200)
        bench.plane.may_end.set()
        await _advance(bench, 0)
        assert sorted(_payloads(bench)) == list(range(200))
        assert await _rows(bench) == 0

    run(scenario)


def test_a_host_with_nothing_to_give_runs_a_few_until_it_has(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        bench.plane.may_end.clear()
        bench.plane.strained = True
        for number in range(50):
            await bench.call(
                "Invoke", FunctionName="f", InvocationType="Event", Payload=b"%d" % number
            )
        (lane,) = bench.service._queue._lanes.values()
        await _until(lambda: lane.looks_again)
        assert len(bench.plane.invoked) == 16
        bench.plane.strained = False
        await _until(lambda: len(bench.plane.invoked) == 50)
        bench.plane.may_end.set()
        await _advance(bench, 0)

    run(scenario)


def test_a_retry_that_becomes_due_while_the_queue_looks_is_not_forgotten(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are read up to one moment and the next timer is set a moment later; nothing falls between the two."""
    from lambent.services.lambda_ import events

    async def scenario(bench: Any) -> None:
        await _start(bench)
        bench.plane.outcome = FAILED
        await _send(bench, b"1")
        await _advance(bench, 1)
        await _send(bench, b"2")
        look = events.due

        def slow(*asked: Any, **members: Any) -> Any:
            """The second event becomes due after rows were read, and before a timer is set for later ones."""
            found = look(*asked, **members)
            monkeypatch.setattr(events, "due", look)
            bench.clock.advance(timedelta(seconds=2))
            return found

        monkeypatch.setattr(events, "due", slow)
        await _advance(bench, 59.5)
        assert events.due is look
        await _advance(bench, 5)
        assert sorted(_payloads(bench)) == [1, 1, 2, 2]

    run(scenario)


def test_a_retry_may_succeed(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench, "f", "good")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function"
        await bench.call(
            "PutFunctionEventInvokeConfig",
            FunctionName="f",
            DestinationConfig={"OnSuccess": {"Destination": f"{arn}:good"}},
        )
        bench.plane.outcome = FAILED
        await _send(bench)
        bench.plane.outcome = DONE
        await _advance(bench, 61)
        (record,) = _payloads(bench, "good")
        assert record == {
            "version": "1.0",
            "timestamp": record["timestamp"],
            "requestContext": {
                "requestId": bench.plane.invoked[0][1].request_id,
                "functionArn": f"{arn}:f:$LATEST",
                "condition": "Success",
                "approximateInvokeCount": 2,
            },
            "requestPayload": {"n": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "responsePayload": {"ok": True},
        }
        assert record["timestamp"].endswith("Z")

    run(scenario)


@pytest.mark.parametrize("answer", [b'1,"requestContext":{"functionArn":"other"}', b"\xff", b"["])
def test_an_answer_that_is_no_json_writes_nothing_into_the_record(run: Run, answer: bytes) -> None:
    """A runtime may answer anything; who gets the record trusts what it says about the sender."""

    async def scenario(bench: Any) -> None:
        await _start(bench, "f", "good")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function"
        await bench.call(
            "PutFunctionEventInvokeConfig",
            FunctionName="f",
            DestinationConfig={"OnSuccess": {"Destination": f"{arn}:good"}},
        )
        bench.plane.outcome = Outcome(answer, False, b"", 1.0, 1, None, 30)
        await _send(bench)
        (record,) = _payloads(bench, "good")
        assert record["requestContext"]["functionArn"] == f"{arn}:f:$LATEST"
        assert record["responsePayload"] == answer.decode("utf-8", "replace")

    run(scenario)


@pytest.mark.parametrize("message", ["5", '["x"]', "null", "{}", '"a"'])
def test_error_messages_of_any_type_fit_a_dead_letter(message: str) -> None:
    from lambent.services.lambda_ import event_results

    event: Any = type("Event", (), {"request_id": "r"})
    result = event_results.Result("ran", f'{{"errorMessage":{message}}}'.encode(), is_error=True)
    attributes = orjson.loads(event_results._dead_letter(event, result, "RetriesExhausted"))
    assert attributes["ErrorMessage"] == ("a" if message == '"a"' else "RetriesExhausted")


@pytest.mark.parametrize(
    ("config", "fault", "outcome", "condition", "count"),
    [
        ({"MaximumRetryAttempts": 0}, None, FAILED, "RetriesExhausted", 1),
        ({"MaximumRetryAttempts": 1}, None, FAILED, "RetriesExhausted", 2),
        ({}, None, FAILED, "RetriesExhausted", 3),
        ({"MaximumEventAgeInSeconds": 60}, Throttled("any"), DONE, "EventAgeExceeded", 0),
        ({"MaximumEventAgeInSeconds": 90}, None, FAILED, "EventAgeExceeded", 2),
        ({"MaximumEventAgeInSeconds": 60}, SandboxFailed("any"), DONE, "EventAgeExceeded", 0),
    ],
)
def test_who_is_told_of_failures(
    run: Run, config: dict[str, int], fault: Any, outcome: Outcome, condition: str, count: int
) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench, "f", "bad")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:bad"
        await bench.call(
            "PutFunctionEventInvokeConfig",
            FunctionName="f",
            DestinationConfig={"OnFailure": {"Destination": arn}},
            **config,
        )
        bench.plane.outcome, bench.plane.fault = outcome, fault
        await _send(bench)
        for _ in range(40):
            await _advance(bench, 10)
        bench.plane.fault = None
        await _advance(bench, 10_000)
        (record, *_) = _payloads(bench, "bad")
        context = record["requestContext"]
        assert (context["condition"], context["approximateInvokeCount"]) == (condition, count)
        assert ("responseContext" in record) == (count > 0)
        if count:
            assert record["responseContext"]["functionError"] == "Unhandled"
            assert record["responsePayload"]["errorType"] == "E"

    run(scenario)


def test_throttled_events_back_off_from_a_second_to_five_minutes(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        bench.plane.fault = Throttled("any")
        await _send(bench)
        gaps = []
        tries = len(bench.plane.invoked)
        waited = 0
        for _ in range(1500):
            await _advance(bench, 1)
            waited += 1
            if len(bench.plane.invoked) > tries:
                tries = len(bench.plane.invoked)
                gaps.append(waited)
                waited = 0
        # A timer rings up to a millisecond late, so each gap may be a step longer.
        for gap, expected in zip(gaps, (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300), strict=False):
            assert expected <= gap <= expected + 1
        assert len(gaps) >= 10
        bench.plane.fault = None
        await _advance(bench, 301)
        assert await _rows(bench) == 0

    run(scenario)


def test_with_a_reservation_of_zero_nothing_is_kept(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench, "f", "bad")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:bad"
        config = {"OnFailure": {"Destination": arn}}
        await bench.call("PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=config)
        await bench.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
        real = bench.plane.invoke

        async def invoke(spec: Any, invocation: Any) -> Outcome:
            if spec.function_name == "f":
                raise Throttled(RESERVED)
            return await real(spec, invocation)  # type: ignore[no-any-return]

        bench.plane.invoke = invoke
        await _send(bench)
        (record,) = _payloads(bench, "bad")
        assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
        assert record["requestContext"]["approximateInvokeCount"] == 0
        assert "responseContext" not in record
        assert await _rows(bench) == 0

    run(scenario)


def test_a_reservation_of_one_works_everything_off(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        running = 0
        most = 0
        done: list[bytes] = []

        async def invoke(spec: Any, invocation: Any) -> Outcome:
            nonlocal running, most
            if running:
                raise Throttled(RESERVED)
            running += 1
            most = max(most, running)
            for _ in range(5):
                await asyncio.sleep(0)
            running -= 1
            done.append(invocation.payload)
            return DONE

        bench.plane.invoke = invoke
        for number in range(40):
            await bench.call(
                "Invoke", FunctionName="f", InvocationType="Event", Payload=str(number).encode()
            )
        for _ in range(200):
            await _advance(bench, 1)
        assert sorted(map(int, done)) == list(range(40))
        assert (most, await _rows(bench)) == (1, 0)

    run(scenario)


def test_a_restart_goes_on_with_what_is_left(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        # Not started: accepted and not begun, as if the process had been killed at once.
        for number in range(30):
            await bench.call(
                "Invoke", FunctionName="f", InvocationType="Event", Payload=str(number).encode()
            )
        assert bench.plane.invoked == []
        again = bench.new_service()
        await again.start()
        await again.advance(timedelta())
        assert sorted(_payloads(bench)) == list(range(30))
        assert await _rows(bench) == 0
        await again.stop()

    run(scenario)


def test_an_event_is_not_left_to_tasks_that_are_about_to_end(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last task of a lane asks the database what will be due next; meanwhile it counts as one that works."""
    monkeypatch.setattr("lambent.services.lambda_.event_lane.NARROW", 1)

    async def scenario(bench: Any) -> None:
        await _start(bench)
        queue = bench.service._queue
        asks, may_ask, set_timer = asyncio.Event(), asyncio.Event(), queue._set_timer

        async def asked(*lane: Any) -> None:
            await set_timer(*lane)
            asks.set()
            await may_ask.wait()

        monkeypatch.setattr(queue, "_set_timer", asked)
        await bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b'{"n":1}')
        await asks.wait()
        await bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b'{"n":2}')
        may_ask.set()
        await bench.service.advance(timedelta())
        assert _payloads(bench) == [{"n": 1}, {"n": 2}]

    run(scenario)


def test_events_throttled_at_one_moment_are_not_left_by_all_tasks(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        bench.plane.fault = Throttled(RESERVED)
        bench.plane.may_end.clear()
        sent = [
            bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b'{"n":%d}' % n)
            for n in range(4)
        ]
        await asyncio.gather(*sent)
        while len(bench.plane.invoked) < 4:  # noqa: ASYNC110 - each turn of the loop brings one nearer
            await asyncio.sleep(0)
        bench.plane.may_end.set()  # all four are throttled in one turn of the loop
        await bench.service.advance(timedelta())
        bench.plane.fault = None
        bench.plane.invoked.clear()
        await _advance(bench, 3600)
        assert sorted(each["n"] for each in _payloads(bench)) == [0, 1, 2, 3]

    run(scenario)


def test_a_flood_goes_through_the_window(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambent.services.lambda_.event_queue.WINDOW", 5)

    async def scenario(bench: Any) -> None:
        await _start(bench)
        calls = [
            bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=str(n).encode())
            for n in range(100)
        ]
        await asyncio.gather(*calls)
        await _advance(bench, 0)
        assert sorted(_payloads(bench)) == list(range(100))
        assert await _rows(bench) == 0

    run(scenario)


def test_events_of_deleted_functions_are_dropped(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        bench.plane.outcome = FAILED
        await _send(bench)
        await bench.call("DeleteFunction", FunctionName="f")
        await _advance(bench, 100)
        assert (len(bench.plane.invoked), await _rows(bench)) == (1, 0)

    run(scenario)


def test_an_old_event_is_not_tried_at_all(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        await bench.call(
            "PutFunctionEventInvokeConfig", FunctionName="f", MaximumEventAgeInSeconds=60
        )
        await bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b"1")
        bench.clock.advance(timedelta(seconds=100))  # the platform was down meanwhile
        again = bench.new_service()
        await again.start()
        await again.advance(timedelta())
        assert (bench.plane.invoked, await _rows(bench)) == ([], 0)
        await again.stop()

    run(scenario)


def test_aliases_and_client_contexts_reach_the_function(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        await bench.call("PublishVersion", FunctionName="f")
        await bench.call("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
        await _send(bench, Qualifier="live", ClientContext="eyJhIjoxfQ==")
        ((spec, invocation),) = bench.plane.invoked
        assert spec.function_version == "1"
        assert invocation.invoked_function_arn.endswith(":f:live")
        assert invocation.client_context == '{"a":1}'

    run(scenario)


def test_what_is_not_accepted(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        with pytest.raises(RequestTooLarge) as refused:
            await _send(bench, b'"' + b"x" * 1_048_575 + b'"')
        assert refused.value.message == (
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
        )
        with pytest.raises(ResourceNotFound, match=r"function:g:\$LATEST"):
            await _send(bench, name="g")
        with pytest.raises(ResourceNotFound, match="function:f:7"):
            await _send(bench, Qualifier="7")
        with pytest.raises(InvalidParameterValue, match="'DeadLetterConfig'"):
            await bench.call(
                "UpdateFunctionConfiguration",
                FunctionName="f",
                DeadLetterConfig={"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:q"},
            )
        assert await _rows(bench) == 0
        assert await bench.call("InvokeAsync", FunctionName="f", InvokeArgs=b"2") == {"Status": 202}
        await _advance(bench, 0)
        assert _payloads(bench) == [2]

    run(scenario)


def test_a_function_that_calls_itself_is_stopped(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        tries = 0

        async def invoke(spec: Any, invocation: Any) -> Outcome:
            nonlocal tries
            tries += 1
            if tries < 50:
                operation = bench.service.operations["Invoke"]
                context = bench.context("Invoke", x_amzn_trace_id=invocation.trace_id)
                request = {"FunctionName": "f", "InvocationType": "Event", "Payload": b"{}"}
                await operation.run(context, request)
            return DONE

        bench.plane.invoke = invoke
        await _send(bench)
        assert tries == MAX_COUNT
        await bench.call("PutFunctionRecursionConfig", FunctionName="f", RecursiveLoop="Allow")
        tries = 0
        await _send(bench)
        assert tries == 50

    run(scenario)


def test_functions_that_are_each_others_destinations_are_stopped(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench, "f", "g")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function"
        for name, other in (("f", "g"), ("g", "f")):
            await bench.call(
                "PutFunctionEventInvokeConfig",
                FunctionName=name,
                DestinationConfig={"OnSuccess": {"Destination": f"{arn}:{other}"}},
            )
        await _send(bench)
        assert len(bench.plane.invoked) == 2 * MAX_COUNT
        assert await _rows(bench) == 0

    run(scenario)


def test_lineages_are_counted_by_function() -> None:
    trace = "Root=1-2;Parent=3;Sampled=0"
    for _ in range(MAX_COUNT):
        trace = extended(trace, "arn:f")
        assert not is_looping(trace, "arn:f")
    assert trace.startswith("Root=1-2;Parent=3;Sampled=0;Lineage=")
    assert is_looping(extended(trace, "arn:f"), "arn:f")
    assert not is_looping(extended(trace, "arn:g"), "arn:g")
    assert not is_looping("Lineage=nonsense|12345678:x|:9999999", "arn:f")


def test_nothing_is_kept_in_memory_of_what_is_done(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        for number in range(20):
            await _send(bench, str(number).encode())
        assert bench.service._queue._lanes == {}

    run(scenario)


def test_when_the_disk_fails_the_client_hears_of_it(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        write = bench.database.write

        async def fail(_: Any) -> None:
            raise OSError("disk full")

        bench.database.write = fail
        with pytest.raises(OSError, match="disk full"):
            await bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b"1")
        bench.database.write = write
        await _send(bench, b"2")
        assert _payloads(bench) == [2]

    run(scenario)


def test_what_could_not_be_settled_is_tried_again(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        await bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b"1")
        write = bench.database.write

        async def fail(_: Any) -> None:
            raise OSError("disk full")

        bench.database.write = fail
        await _advance(bench, 0)
        bench.database.write = write
        assert await _rows(bench) == 1
        await _send(bench, b"2")
        assert sorted(_payloads(bench)) == [1, 1, 2]
        assert await _rows(bench) == 0

    run(scenario)

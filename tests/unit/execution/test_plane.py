from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from lambent.execution import current_spawner
from lambent.execution.frames import ANSWER_LIMIT, FrameType
from lambent.execution.spec import RuntimeUnavailable, SandboxFailed, SealFailed, Throttled

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.execution.cold_start import Steps
    from lambent.execution.spec import Outcome

RunPlane = Any  # the fixtures of conftest.py, which cannot be imported from here
Make = Any


def document(outcome: Outcome) -> Any:
    return json.loads(outcome.payload)


def silent(*_: object) -> None:
    """A sandbox that does not answer."""


def test_a_cold_call_reports_its_init_and_the_next_one_is_warm(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        spec, call = make_spec(), make_invocation(b'{"n": 12345678901234567890}')
        cold = await h.plane.invoke(spec, call)
        warm = await h.plane.invoke(spec, make_invocation())
        assert cold.payload == b'{"n": 12345678901234567890}'
        assert cold.is_error is False
        assert cold.init_ms is not None
        assert warm.init_ms is None
        assert len(h.busy()) == 1
        lines = cold.log.decode().splitlines()
        assert lines[0] == f"START RequestId: {call.request_id} Version: $LATEST"
        assert lines[1] == f"END RequestId: {call.request_id}"
        assert re.fullmatch(
            rf"REPORT RequestId: {call.request_id}\tDuration: \d+\.\d\d ms\t"
            r"Billed Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"
            r"Init Duration: \d+\.\d\d ms\t",
            lines[2],
        )
        assert "Init Duration" not in warm.log.decode()
        assert re.fullmatch(
            "INIT_START Runtime Version: python:3.11.2\tRuntime Version ARN: "
            f"arn:aws:lambda:{spec.region}::runtime:[0-9a-f]{{64}}\n",
            h.texts()[0],
        )
        assert "".join(h.texts()[1:4]) == cold.log.decode()

    run_plane(scenario)


def test_a_sandbox_may_be_done_before_the_spawner_has_spoken(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.forgets_assigned = True  # it comes so late that the call is over
        outcome = await h.plane.invoke(make_spec(), make_invocation())
        assert outcome.payload == b'{"a":1}'
        (sandbox,) = h.busy()
        h.spawner.tell({"event": "assigned", "sandbox": sandbox.id})
        await h.plane.describe()  # read after it
        assert (await h.plane.invoke(make_spec(), make_invocation())).init_ms is None

    run_plane(scenario)


@pytest.mark.parametrize("is_told", [True, False], ids=["bound", "done before it is bound"])
def test_the_steps_of_a_cold_start_are_logged(
    is_told: bool,
    run_plane: RunPlane,
    make_spec: Make,
    make_invocation: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "lambent.execution.cold_start")

    async def scenario(h: Any) -> None:
        h.spawner.forgets_assigned = not is_told
        if is_told:
            loop = asyncio.get_running_loop()
            h.spawner.on_assign = lambda sandbox: loop.call_later(0.01, init_done, sandbox)
        cold = await h.plane.invoke(make_spec(), make_invocation())
        await h.plane.invoke(make_spec(), make_invocation())
        (record,) = [each for each in caplog.records if each.msg.startswith("cold start of")]
        name, steps = cast("tuple[str, Steps]", record.args)
        assert name == "f"
        assert steps.bind_ms + steps.import_ms == pytest.approx(cold.init_ms)
        assert (steps.import_ms > 1) is is_told
        assert steps.handler_ms == cold.duration_ms
        assert steps.pool_ms >= 0
        assert steps.pool_ms + cold.init_ms + cold.duration_ms <= steps.all_ms

    run_plane(scenario)


def init_done(sandbox: Any) -> None:
    sandbox.frame(FrameType.INIT_DONE)


def test_the_sandbox_is_told_everything_about_its_function(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        spec = make_spec(
            layers=("1" * 64,), environment={"A": "b", "TZ": "Asia/Tokyo", "AWS_REGION": "mars"}
        )
        await h.plane.invoke(spec, make_invocation(client_context='{"c":1}', trace_id="Root=1"))
        (sandbox,) = h.busy()
        (bound,) = h.spawner.ops("assign")
        assert bound["code"] == "c" * 64
        assert bound["layers"] == ["1" * 64]
        assert bound["memory_mib"] == 128
        assert h.spawner.ops("create")[0]["runtime"] == "python3.11"
        told = sandbox.assigned
        assert told["handler"] == "app.handler"
        assert told["function_arn"] == spec.function_arn
        assert told["timeout_s"] == 3
        assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", told["log_stream"])
        variables = told["environment"]
        assert variables["A"] == "b"
        assert variables["TZ"] == "Asia/Tokyo"
        assert variables["AWS_REGION"] == "eu-west-1"
        assert variables["_HANDLER"] == "app.handler"
        assert variables["LAMBDA_TASK_ROOT"] == "/var/task"
        assert "AWS_LAMBDA_RUNTIME_API" not in variables
        assert sandbox.invokes[0][2] == {
            "invoked_function_arn": spec.function_arn,
            "client_context": '{"c":1}',
            "trace_id": "Root=1",
        }
        assert {stream for stream, _ in h.logged} == {told["log_stream"]}

    run_plane(scenario)


def test_output_of_an_invocation_is_between_start_and_end(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        def talk(sandbox: Any, request: bytes, event: bytes) -> None:
            sandbox.say("one\ntwo\rhalves\nopen end")
            sandbox.frame(FrameType.RESULT, event, request)

        h.spawner.on_invoke = talk
        outcome = await h.plane.invoke(make_spec(), make_invocation())
        assert h.texts()[2:5] == ["one\n", "two\nhalves\n", "open end\n"]
        assert outcome.log.decode().splitlines()[1:5] == ["one", "two", "halves", "open end"]

    run_plane(scenario)


def test_a_handler_error_keeps_the_environment(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        error = b'{"errorMessage": "boom", "errorType": "ValueError"}'
        h.spawner.on_invoke = lambda sandbox, request, _: sandbox.frame(
            FrameType.ERROR, error, request
        )
        first = await h.plane.invoke(make_spec(), make_invocation())
        second = await h.plane.invoke(make_spec(), make_invocation())
        assert first.is_error
        assert first.payload == error
        assert second.init_ms is None

    run_plane(scenario)


def test_an_error_without_a_request_id_is_the_environments_last(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = lambda sandbox, *_: sandbox.frame(FrameType.ERROR, b'{"e":1}')
        first = await h.plane.invoke(make_spec(), make_invocation())
        assert first.is_error
        assert first.payload == b'{"e":1}'
        second = await h.plane.invoke(make_spec(), make_invocation())
        assert second.init_ms is not None
        await h.until(lambda: len(h.spawner.killed) == 2)

    run_plane(scenario)


@pytest.mark.parametrize(
    ("how", "error_type", "text"),
    [
        ({"status": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        (
            {"status": 127},
            "Runtime.ExitError",
            "Runtime exited with error: exit status 127",
        ),
        (
            {"status": -11},
            "Runtime.ExitError",
            "Runtime exited with error: signal: segmentation fault",
        ),
        (
            {"status": -9, "oom": True, "peak_bytes": 134217728},
            "Runtime.OutOfMemory",
            "Runtime exited with error: signal: killed",
        ),
    ],
)
def test_an_exit_is_told_as_aws_tells_it(
    run_plane: RunPlane,
    make_spec: Make,
    make_invocation: Make,
    how: dict[str, Any],
    error_type: str,
    text: str,
) -> None:
    async def scenario(h: Any) -> None:
        def leave(sandbox: Any, *_: object) -> None:
            sandbox.say("last words\n")
            sandbox.exit(**how)

        h.spawner.on_invoke = leave
        call = make_invocation()
        outcome = await h.plane.invoke(make_spec(), call)
        message = f"RequestId: {call.request_id} Error: {text}"
        assert outcome.is_error
        assert document(outcome) == {"errorType": error_type, "errorMessage": message}
        log = outcome.log.decode()
        assert f"last words\n{message}\n{error_type}\nEND RequestId" in log
        assert log.endswith(f"Status: error\tError Type: {error_type}\n")
        assert outcome.peak_memory_mib == (128 if how.get("oom") else 40)
        assert h.plane._concurrency.running == 0

    run_plane(scenario)


def test_an_answer_before_the_exit_counts(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        def answer_and_leave(sandbox: Any, request: bytes, event: bytes) -> None:
            sandbox.frame(FrameType.RESULT, event, request)
            sandbox.exit(0)

        h.spawner.on_invoke = answer_and_leave
        outcome = await h.plane.invoke(make_spec(), make_invocation(b"7"))
        assert outcome.payload == b"7"
        assert not outcome.is_error

    run_plane(scenario)


@pytest.mark.slow
def test_a_call_over_its_timeout_is_ended_with_its_environment(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = silent
        call = make_invocation()
        outcome = await h.plane.invoke(make_spec(timeout_s=1), call)
        assert document(outcome) == {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {call.request_id} Error: Task timed out after 1.00 seconds",
        }
        assert outcome.duration_ms >= 1000
        log = outcome.log.decode()
        assert re.search(rf"\dZ {call.request_id} Task timed out after 1\.00 seconds\nEND ", log)
        assert "Status: timeout" in log
        await h.until(lambda: h.spawner.killed)
        h.spawner.on_invoke = lambda sandbox, request, event: sandbox.frame(4, event, request)
        assert (await h.plane.invoke(make_spec(), make_invocation())).init_ms is not None

    run_plane(scenario)


def test_an_init_error_is_tried_twice_and_then_told(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        error = b'{"errorMessage": "no module", "errorType": "Runtime.ImportModuleError"}'

        def fail(sandbox: Any) -> None:
            sandbox.say("traceback\n")
            sandbox.frame(FrameType.ERROR, error)

        h.spawner.on_assign = fail
        outcome = await h.plane.invoke(make_spec(), make_invocation())
        assert outcome.payload == error
        assert outcome.is_error
        assert outcome.peak_memory_mib == 40
        reports = [text for text in h.texts() if text.startswith("INIT_REPORT")]
        kind = "Status: error\tError Type: Runtime.ImportModuleError\n"
        assert [text.split("\t", 1)[1] for text in reports] == [
            f"Phase: init\t{kind}",
            f"Phase: invoke\t{kind}",
        ]
        assert h.texts().count("traceback\n") == 2
        assert outcome.log.decode().startswith("START")
        assert "traceback\nINIT_REPORT" in outcome.log.decode()
        assert len(h.spawner.ops("assign")) == 2
        await h.until(lambda: len(h.spawner.killed) == 2)
        assert h.plane._concurrency.running == 0
        assert h.plane._scheduler.describe() == {}

    run_plane(scenario)


def test_a_second_init_that_works_serves_the_call(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        tries: list[int] = []

        def flaky(sandbox: Any) -> None:
            tries.append(1)
            if len(tries) == 1:
                sandbox.exit(1)
            else:
                sandbox.frame(FrameType.INIT_DONE)

        h.spawner.on_assign = flaky
        outcome = await h.plane.invoke(make_spec(), make_invocation(b"1"))
        assert outcome.payload == b"1"
        assert outcome.init_ms is None  # it was part of the invocation
        (line,) = [text for text in h.texts() if text.startswith("INIT_REPORT")]
        assert "Phase: init\tStatus: error\tError Type: Runtime.ExitError" in line

    run_plane(scenario)


@pytest.mark.slow
def test_an_init_over_its_limit_ends_in_the_functions_timeout(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambent.execution.cold_start.INIT_LIMIT_S", 0.05)

    async def scenario(h: Any) -> None:
        h.spawner.on_assign = silent
        call = make_invocation()
        outcome = await h.plane.invoke(make_spec(timeout_s=1), call)
        assert document(outcome)["errorType"] == "Sandbox.Timedout"
        assert document(outcome)["errorMessage"].endswith("timed out after 1.00 seconds")
        phases = re.findall(r"Phase: (\w+)\tStatus: (\w+)", "".join(h.texts()))
        assert phases == [("init", "timeout"), ("invoke", "timeout")]

    run_plane(scenario)


def test_an_answer_over_the_limit_is_an_error_and_keeps_the_environment(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        def flood(sandbox: Any, request: bytes, event: bytes) -> None:
            size = int(event)
            threads.append(
                asyncio.get_running_loop().run_in_executor(
                    None, sandbox.frame, FrameType.RESULT, b"x" * size, request
                )
            )

        threads: list[Any] = []
        h.spawner.on_invoke = flood
        spec = make_spec(timeout_s=60)  # six megabytes through a busy machine take their time
        most = await h.plane.invoke(spec, make_invocation(str(ANSWER_LIMIT).encode()))
        more = await h.plane.invoke(spec, make_invocation(str(ANSWER_LIMIT + 1).encode()))
        assert most.payload == b"x" * ANSWER_LIMIT
        assert document(more) == {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        }
        assert len(h.busy()) == 1
        await asyncio.gather(*threads)

    run_plane(scenario)


def test_six_megabytes_go_in_unchanged(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = lambda sandbox, request, event: sandbox.frame(
            FrameType.RESULT, str(hash(event)).encode(), request
        )
        event = bytes(range(256)) * 24_576
        outcome = await h.plane.invoke(make_spec(), make_invocation(event))
        assert int(outcome.payload) == hash(event)

    run_plane(scenario)


@pytest.mark.parametrize(
    "send",
    [
        lambda sandbox, request: sandbox.frame(FrameType.RESULT, b"1", bytes(15) + b"x"),
        lambda sandbox, request: sandbox.frame(FrameType.READY),
        lambda sandbox, request: sandbox.frame(FrameType.INIT_DONE),
        lambda sandbox, request: sandbox.frame(99, b"", request),
        lambda sandbox, request: sandbox.frame(FrameType.READY, b"with payload"),
    ],
)
def test_a_frame_that_is_not_allowed_ends_the_environment(
    run_plane: RunPlane,
    make_spec: Make,
    make_invocation: Make,
    send: Callable[[Any, bytes], None],
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = lambda sandbox, request, _: send(sandbox, request)
        outcome = await h.plane.invoke(make_spec(), make_invocation())
        assert document(outcome)["errorType"] == "Runtime.ExitError"
        await h.until(lambda: h.spawner.killed)

    run_plane(scenario)


def test_a_result_nobody_asked_for_ends_an_idle_environment(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        (sandbox,) = h.busy()
        sandbox.frame(FrameType.RESULT, b"1", sandbox.invokes[0][0])
        await h.until(lambda: sandbox.id in h.spawner.killed)
        assert (await h.plane.invoke(make_spec(), make_invocation())).init_ms is not None

    run_plane(scenario)


def test_a_caller_who_leaves_takes_only_the_answer_away(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        (sandbox,) = h.busy()
        h.spawner.on_invoke = silent
        caller = asyncio.create_task(h.plane.invoke(make_spec(), make_invocation()))
        await h.until(lambda: len(sandbox.invokes) == 2)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert h.plane._concurrency.running == 1
        sandbox.frame(FrameType.RESULT, b"1", sandbox.invokes[1][0])
        await h.until(lambda: h.plane._concurrency.running == 0)
        assert sum(text.startswith("REPORT") for text in h.texts()) == 2
        h.spawner.on_invoke = lambda each, request, event: each.frame(4, event, request)
        await h.plane.invoke(make_spec(), make_invocation())
        assert len(sandbox.invokes) == 3

    run_plane(scenario)


def test_a_caller_who_leaves_a_cold_start_leaves_a_warm_environment(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_assign = silent
        caller = asyncio.create_task(h.plane.invoke(make_spec(), make_invocation()))
        await h.until(lambda: any(each.assigned for each in h.spawner.sandboxes.values()))
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        (sandbox,) = [each for each in h.spawner.sandboxes.values() if each.assigned]
        sandbox.frame(FrameType.INIT_DONE)
        await h.until(lambda: h.plane._scheduler.describe() == {"f:1": {"idle": 1, "busy": 0}})
        assert len(sandbox.invokes) == 1

    run_plane(scenario)


def test_calls_at_one_time_get_environments_of_their_own_last_used_first(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = silent
        calls = [asyncio.create_task(h.plane.invoke(make_spec(), make_invocation())) for _ in "abc"]
        await h.until(lambda: len(h.busy()) == 3)
        for sandbox in h.busy():
            sandbox.frame(FrameType.RESULT, b"1", sandbox.invokes[0][0])
            await h.until(lambda: h.plane._scheduler.describe()["f:1"]["idle"] > 0)
        await asyncio.gather(*calls)
        h.spawner.on_invoke = lambda each, request, event: each.frame(4, event, request)
        for _ in range(3):
            await h.plane.invoke(make_spec(), make_invocation())
        assert sorted(len(each.invokes) for each in h.busy()) == [1, 1, 4]

    run_plane(scenario)


def test_above_the_limit_calls_are_throttled_and_accounts_do_not_share_it(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = silent
        call = asyncio.create_task(h.plane.invoke(make_spec(account_id="1"), make_invocation()))
        await h.until(h.busy)
        with pytest.raises(Throttled, match="ConcurrentInvocationLimitExceeded"):
            await h.plane.invoke(make_spec(account_id="1"), make_invocation())
        other = asyncio.create_task(
            h.plane.invoke(make_spec(account_id="2", key="g"), make_invocation())
        )
        await h.until(lambda: len(h.busy()) == 2)
        for sandbox in h.busy():
            sandbox.frame(FrameType.RESULT, b"1", sandbox.invokes[0][0])
        await asyncio.gather(call, other)
        h.spawner.on_invoke = lambda each, request, event: each.frame(4, event, request)
        await h.plane.invoke(make_spec(account_id="1"), make_invocation())

    run_plane(scenario, account_concurrency=1)


def test_idle_environments_end_after_the_keep_alive_time(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        (sandbox,) = h.busy()
        await h.until(lambda: sandbox.id in h.spawner.killed)
        assert h.plane._scheduler.describe() == {}

    run_plane(scenario, keep_alive_s=0.05)


def test_retire_ends_idle_environments_now_and_busy_ones_later(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        (idle,) = h.busy()
        h.plane.retire("f:1")
        await h.until(lambda: idle.id in h.spawner.killed)
        h.spawner.on_invoke = silent
        call = asyncio.create_task(h.plane.invoke(make_spec(), make_invocation()))
        await h.until(lambda: len(h.busy()) == 2)
        busy = next(each for each in h.busy() if each is not idle)
        h.plane.retire("f:1")
        assert busy.id not in h.spawner.killed
        busy.frame(FrameType.RESULT, b"1", busy.invokes[0][0])
        assert (await call).payload == b"1"
        await h.until(lambda: busy.id in h.spawner.killed)
        assert h.plane._scheduler.describe() == {}

    run_plane(scenario)


def test_runtimes_on_one_interpreter_share_a_pool(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        await h.plane.invoke(make_spec(key="g", runtime="python3.12"), make_invocation())
        assert list((await h.plane.describe())["pools"]) == ["python3.11"]
        second = next(e for e in h.busy() if "python3.12" in str(e.assigned))
        assert second.assigned["environment"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"

    run_plane(scenario)


def test_a_runtime_that_nothing_serves_is_unavailable(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        with pytest.raises(RuntimeUnavailable, match=r"nodejs20\.x"):
            await h.plane.invoke(make_spec(runtime="nodejs20.x"), make_invocation())
        assert h.plane._concurrency.running == 0
        h.plane.prewarm("nodejs20.x")
        assert h.spawner.requests == []

    run_plane(scenario)


def test_prewarm_fills_the_pool_and_a_call_refills_it(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.plane.prewarm("python3.11")
        pool = h.plane._pools["python3.11"]
        await h.until(lambda: pool.describe()["ready"] == 2)
        await h.plane.invoke(make_spec(), make_invocation())
        assert len(h.spawner.sandboxes) == 2  # the call waited for none to be made
        await h.until(lambda: pool.describe()["ready"] == 2)
        assert len(h.spawner.sandboxes) == 3

    run_plane(scenario)


def test_when_no_sandbox_can_be_made_the_call_fails_and_the_pool_recovers(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.create_fails = "no more uids"
        with pytest.raises(SandboxFailed, match="no more uids"):
            await h.plane.invoke(make_spec(), make_invocation())
        assert h.plane._concurrency.running == 0
        await h.until(lambda: not h.plane._spawner.link._listeners)
        h.spawner.create_fails = ""
        assert (await h.plane.invoke(make_spec(), make_invocation())).init_ms is not None

    run_plane(scenario)


def test_only_what_a_call_waits_for_is_made_urgently(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        await h.until(lambda: h.plane._pools["python3.11"].describe()["ready"] == 2)
        urgent = [request["urgent"] for request in h.spawner.ops("create")]
        assert urgent.count(True) == 1
        assert urgent.count(False) >= 2

    run_plane(scenario)


def test_a_call_waits_when_sandboxes_cannot_be_made_for_a_moment(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.create_fails = "the zygote ended"
        calls = [
            asyncio.create_task(h.plane.invoke(make_spec(), make_invocation())) for _ in range(6)
        ]
        await h.until(lambda: h.plane._pools and h.plane._pools["python3.11"]._failures)
        h.spawner.create_fails = ""
        for call in calls:
            assert (await call).init_ms is not None

    run_plane(scenario)


def test_a_call_does_not_wait_for_what_can_never_be_made(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.create_fails, h.spawner.fails_for_good = "no interpreter", True
        with pytest.raises(SandboxFailed, match="no interpreter"):
            await h.plane.invoke(make_spec(), make_invocation())
        assert h.plane._pools["python3.11"]._failures < 4

    run_plane(scenario)


@pytest.mark.parametrize("limits", [True, False])
def test_cpu_is_limited_once_init_is_done(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make, limits: bool
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = silent
        call = asyncio.create_task(h.plane.invoke(make_spec(), make_invocation()))
        await h.until(h.busy)
        assert not h.spawner.ops("throttle")  # not on the way of the first invocation
        (sandbox,) = h.busy()
        if limits:
            await h.until(lambda: h.spawner.ops("throttle"))
            assert h.spawner.ops("throttle") == [{"op": "throttle", "sandbox": sandbox.id}]
        sandbox.exit(0)
        await call
        if not limits:
            await h.plane.describe()
            assert not h.spawner.ops("throttle")

    run_plane(scenario, limits_cpu=limits)


def test_many_calls_do_not_wait_for_sandboxes_that_cannot_be_made(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.create_fails = "no more uids"
        calls = (h.plane.invoke(make_spec(), make_invocation()) for _ in range(60))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(outcome, SandboxFailed) for outcome in outcomes)
        assert h.plane._pools["python3.11"].describe()["waiting"] == 0
        assert h.plane._concurrency.running == 0

    run_plane(scenario)


def test_a_call_that_has_waited_too_long_leaves_the_queue(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambent.execution.cold_start.SANDBOX_LIMIT_S", 0.05)

    async def scenario(h: Any) -> None:
        h.spawner.holds_ready = True
        with pytest.raises(SandboxFailed, match="no sandbox within"):
            await h.plane.invoke(make_spec(), make_invocation())
        assert h.plane._pools["python3.11"].describe()["waiting"] == 0

    run_plane(scenario)


def test_code_that_cannot_be_bound_fails_the_call_not_the_function(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.assign_fails = "no such code"
        with pytest.raises(SandboxFailed, match="no such code"):
            await h.plane.invoke(make_spec(), make_invocation())
        assert h.plane._concurrency.running == 0
        assert h.plane._scheduler.describe() == {}

    run_plane(scenario)


def test_a_new_spawner_heals_the_plane(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        h.spawner.on_invoke = silent
        running = asyncio.create_task(h.plane.invoke(make_spec(), make_invocation()))
        (sandbox,) = h.busy()
        await h.until(lambda: len(sandbox.invokes) == 2)
        old = h.spawner
        old.close()
        with pytest.raises(SandboxFailed):
            await running
        waiting = asyncio.create_task(h.plane.invoke(make_spec(), make_invocation(b"2")))
        sealing = asyncio.create_task(h.plane.seal("good"))
        assert (await h.plane.describe())["spawner"] == {}
        new = type(old)()
        await h.plane.replace_spawner(new.core_end)
        assert (await waiting).payload == b"2"
        assert await sealing == "c" * 64
        assert h.plane._concurrency.running == 0
        new.close()

    run_plane(scenario)


def test_a_spawner_that_dies_while_it_seals_is_followed_by_one_that_seals(
    run_plane: RunPlane,
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.answers_seals = False
        sealing = asyncio.create_task(h.plane.seal("good"))
        await h.until(lambda: bool(h.plane._spawner.link._tickets))
        old = h.spawner
        old.close()
        new = type(old)()
        await h.plane.replace_spawner(new.core_end)
        assert await sealing == "c" * 64
        new.close()

    run_plane(scenario)


def test_without_a_new_spawner_sealing_fails_in_the_end(
    run_plane: RunPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.close()
        await h.until(lambda: h.plane._spawner.link is None)
        with monkeypatch.context() as patched:
            patched.setattr(current_spawner, "LIMIT_S", 0.01)
            with pytest.raises(SealFailed, match="there is no spawner"):
                await h.plane.seal("good")
        sealing = asyncio.create_task(h.plane.seal("good"))
        await asyncio.sleep(0)
        await h.plane.stop()
        with pytest.raises(SealFailed, match="there is no spawner"):
            await sealing

    run_plane(scenario)


def test_seal_and_describe_ask_the_spawner(run_plane: RunPlane) -> None:
    async def scenario(h: Any) -> None:
        assert await h.plane.seal("good") == "c" * 64
        with pytest.raises(SealFailed, match="no such tree"):
            await h.plane.seal("bad")
        assert (await h.plane.describe())["spawner"]["isolation"] == "fake"
        h.plane.discard("c" * 64)

    run_plane(scenario)

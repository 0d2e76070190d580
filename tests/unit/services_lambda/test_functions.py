"""Create, show, list and delete functions."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import Scope
from lambent.core.errors import RequestTooLarge, ServiceError
from lambent.services.lambda_.errors import (
    CodePreparationFailed,
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.services.lambda_.packages import MAX_ARCHIVE_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"
ALWAYS = {
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
    "Architectures": ["x86_64"],
    "PackageType": "Zip",
}


def test_a_function_is_created_pending_and_becomes_active(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        request = make_request()
        archive = request["Code"]["ZipFile"]
        created = await bench.call("CreateFunction", **request)
        version_arn = created.pop("RuntimeVersionConfig")["RuntimeVersionArn"]
        assert version_arn.startswith("arn:aws:lambda:eu-west-1::runtime:")
        revision = created.pop("RevisionId")
        assert created == {
            "FunctionName": "f",
            "FunctionArn": ARN,
            "Runtime": "python3.12",
            "Role": "arn:aws:iam::123456789012:role/r",
            "Handler": "handler.run",
            "CodeSize": len(archive),
            "CodeSha256": base64.b64encode(hashlib.sha256(archive).digest()).decode(),
            "Description": "",
            "Timeout": 3,
            "MemorySize": 128,
            "LastModified": "2026-01-01T00:00:00.000+0000",
            "Version": "$LATEST",
            "State": "Pending",
            "StateReason": "The function is being created.",
            "StateReasonCode": "Creating",
            **ALWAYS,
        }
        await bench.settle()
        shown = await bench.call("GetFunctionConfiguration", FunctionName="f")
        assert (shown["State"], shown["LastUpdateStatus"]) == ("Active", "Successful")
        assert not {"StateReason", "StateReasonCode", "LastUpdateStatusReason"} & shown.keys()
        assert shown["RevisionId"] != revision
        assert bench.plane.prewarmed == ["python3.12"]

    run(scenario)


def test_what_was_given_is_shown_again(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create(
            Environment={"Variables": {"A1": "b"}},
            Tags={"team": "blue"},
            Description="d",
            Architectures=["arm64"],
            LoggingConfig={"LogGroup": "/mine"},
            TracingConfig={"Mode": "Active"},
        )
        answer = await bench.call("GetFunction", FunctionName="f")
        shown = answer["Configuration"]
        assert shown["Environment"] == {"Variables": {"A1": "b"}}
        assert (shown["Description"], shown["Architectures"]) == ("d", ["arm64"])
        assert shown["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/mine"}
        assert shown["TracingConfig"] == {"Mode": "Active"}
        assert answer["Tags"] == {"team": "blue"}
        assert "Concurrency" not in answer

    run(scenario)


def test_what_was_not_given_is_absent(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create(
            Layers=[], VpcConfig={"SubnetIds": []}, KMSKeyArn="", Tags={}, Environment={}
        )
        answer = await bench.call("GetFunction", FunctionName="f")
        unset = {
            "Layers",
            "VpcConfig",
            "KMSKeyArn",
            "Environment",
            "DeadLetterConfig",
            "StateReason",
        }
        assert not unset & answer["Configuration"].keys()
        assert "Tags" not in answer

    run(scenario)


def test_a_name_that_is_taken_is_a_conflict(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        with pytest.raises(ResourceConflict) as conflict:
            await bench.call("CreateFunction", **make_request())
        assert conflict.value.message == "Function already exist: f"
        assert (conflict.value.status, conflict.value.members) == (409, {"Type": "User"})

    run(scenario)


def test_of_two_creations_at_once_one_wins(run: Run, make_request: Any, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        import asyncio

        other = make_request(Code={"ZipFile": make_zip(handler_py="two")})
        answers = await asyncio.gather(
            bench.call("CreateFunction", **make_request()),
            bench.call("CreateFunction", **other),
            return_exceptions=True,
        )
        assert sorted(isinstance(answer, ResourceConflict) for answer in answers) == [False, True]
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)

    run(scenario)


def test_a_partial_and_a_full_arn_create_the_same_function(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        created = await bench.call(
            "CreateFunction", **{**(await _request(bench)), "FunctionName": ARN}
        )
        assert (created["FunctionName"], created["FunctionArn"]) == ("f", ARN)

    run(scenario)


async def _request(bench: Any) -> dict[str, Any]:
    await bench.create("other")
    shown = await bench.call("GetFunctionConfiguration", FunctionName="other")
    archive = await bench.blobs.get(bench.archives()[0])
    return {
        **{name: shown[name] for name in ("Runtime", "Role", "Handler")},
        "Code": {"ZipFile": archive},
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"FunctionName": "f:1"}, "A function cannot be created with a qualifier."),
        ({"Handler": None}, "Runtime and Handler are mandatory"),
        ({"Runtime": None}, "Runtime and Handler are mandatory"),
        ({"Code": {}}, "Please provide a source for function code."),
        ({"Code": {"ZipFile": b""}}, "Uploaded file must be a non-empty zip"),
        ({"Code": {"ZipFile": b"not a zip"}}, "Could not unzip uploaded file."),
        ({"Runtime": "dotnet8"}, "the runtime dotnet8 is not served yet"),
        ({"Runtime": "python3.10"}, "no interpreter for the runtime python3.10"),
        ({"Layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:l:1"]}, "does not exist"),
    ],
)
def test_bad_input_leaves_nothing_behind(
    run: Run, make_request: Any, change: dict[str, Any], message: str
) -> None:
    async def scenario(bench: Any) -> None:
        with pytest.raises(InvalidParameterValue, match=message):
            await bench.call("CreateFunction", **make_request(**change))
        await bench.settle()
        assert (bench.archives(), bench.trees(), bench.staged()) == ([], [], [])
        assert (await bench.call("ListFunctions"))["Functions"] == []

    run(scenario)


def test_a_zip_over_50_mb_is_too_large(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        large = make_request(Code={"ZipFile": bytes(MAX_ARCHIVE_BYTES + 1)})
        with pytest.raises(RequestTooLarge) as refused:
            await bench.call("CreateFunction", **large)
        assert refused.value.message == "Zipped size must be smaller than 52428800 bytes"
        assert (refused.value.status, refused.value.code) == (413, "RequestEntityTooLargeException")
        assert bench.archives() == []

    run(scenario)


def test_code_that_cannot_be_sealed_leaves_nothing_behind(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        bench.plane.seal_fault = "no space left"
        with pytest.raises(CodePreparationFailed, match="no space left"):
            await bench.call("CreateFunction", **make_request())
        await bench.settle()
        assert (bench.archives(), bench.trees(), bench.staged()) == ([], [], [])

    run(scenario)


def test_the_package_is_compiled_with_the_interpreter_that_will_run_it(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create("f")
        await bench.create("g", Runtime="python3.13")
        await bench.create("h", Runtime="nodejs20.x")
        assert bench.plane.compiled_for == ["python3.12", "python3.12"]

    run(scenario)


def test_old_and_nearest_runtimes_are_accepted_with_a_notice(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create(Runtime="nodejs4.3")

    run(scenario)
    assert [record.getMessage() for record in caplog.records] == [
        f"{ARN} uses the runtime nodejs4.3, which AWS has retired",
        f"{ARN} asks for nodejs4.3 and runs on node 20.1.0, the nearest installed",
    ]


def test_functions_of_other_accounts_and_regions_are_not_there(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        for scope in (Scope("123456789012", "us-east-1"), Scope("999999999999", "eu-west-1")):
            with pytest.raises(ResourceNotFound):
                await bench.call("GetFunction", scope, FunctionName="f")
            assert (await bench.call("ListFunctions", scope))["Functions"] == []

    run(scenario)


@pytest.mark.parametrize("operation", ["GetFunction", "GetFunctionConfiguration"])
@pytest.mark.parametrize(
    ("request_", "suffix"),
    [
        ({"FunctionName": "f", "Qualifier": "7"}, "f:7"),
        ({"FunctionName": "f", "Qualifier": "$LATEST.PUBLISHED"}, "f:$LATEST.PUBLISHED"),
        ({"FunctionName": "f:prod"}, "f:prod"),
        ({"FunctionName": "nope"}, "nope"),
        ({"FunctionName": "nope:$LATEST"}, "nope:$LATEST"),
    ],
)
def test_what_is_not_there_is_named_by_its_arn(
    run: Run, operation: str, request_: dict[str, str], suffix: str
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        with pytest.raises(ResourceNotFound) as missing:
            await bench.call(operation, **request_)
        assert missing.value.message == f"Function not found: {ARN.removesuffix('f')}{suffix}"

    run(scenario)


def test_a_qualified_question_gets_a_qualified_arn(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        shown = await bench.call("GetFunctionConfiguration", FunctionName="f", Qualifier="$LATEST")
        assert shown["FunctionArn"] == f"{ARN}:$LATEST"
        shown = await bench.call("GetFunctionConfiguration", FunctionName="f")
        assert shown["FunctionArn"] == ARN

    run(scenario)


def test_a_list_shows_settings_without_state(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        (shown,) = (await bench.call("ListFunctions"))["Functions"]
        assert shown["FunctionArn"] == ARN
        assert {name: shown[name] for name in ALWAYS} == ALWAYS
        absent = {"State", "LastUpdateStatus", "RuntimeVersionConfig", "StateReason"}
        assert not absent & shown.keys()
        (shown,) = (await bench.call("ListFunctions", FunctionVersion="ALL"))["Functions"]
        assert (shown["FunctionArn"], shown["Version"]) == (f"{ARN}:$LATEST", "$LATEST")

    run(scenario)


def test_a_list_comes_in_pages(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        names = [f"f{number}" for number in range(5)]
        for name in names:
            await bench.create(name)
        pages: list[list[str]] = []
        marker = None
        while marker is not None or not pages:
            request = {"MaxItems": 2} | ({"Marker": marker} if marker else {})
            answer = await bench.call("ListFunctions", **request)
            pages.append([function["FunctionName"] for function in answer["Functions"]])
            marker = answer.get("NextMarker")
        assert pages == [names[:2], names[2:4], names[4:]]

    run(scenario)


def test_a_page_that_is_just_full_has_no_next(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create("a")
        await bench.create("b")
        assert "NextMarker" not in await bench.call("ListFunctions", MaxItems=2)

    run(scenario)


def test_a_marker_of_somebody_elses_is_refused(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        with pytest.raises(InvalidParameterValue, match="Marker"):
            await bench.call("ListFunctions", Marker="\N{SNOWMAN}")

    run(scenario)


def test_a_deleted_function_is_gone_with_its_code(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        assert await bench.call("DeleteFunction", FunctionName="f") == {"StatusCode": 204}
        with pytest.raises(ResourceNotFound):
            await bench.call("GetFunction", FunctionName="f")
        with pytest.raises(ResourceNotFound):
            await bench.call("DeleteFunction", FunctionName="f")
        await bench.settle()
        assert (bench.archives(), bench.trees()) == ([], [])
        assert len(bench.plane.retired) == 1

    run(scenario)


def test_code_that_another_function_uses_stays(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create("f")
        await bench.create("g")
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)
        await bench.call("DeleteFunction", FunctionName="f")
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)
        await bench.call("DeleteFunction", FunctionName="g")
        await bench.settle()
        assert (bench.archives(), bench.trees()) == ([], [])

    run(scenario)


@pytest.mark.parametrize(
    ("qualifier", "error", "message"),
    [
        ("$LATEST", InvalidParameterValue, "$LATEST version cannot be deleted without deleting the function."),
        ("prod", InvalidParameterValue, "Deletion of aliases is not currently supported."),
        ("7", ResourceNotFound, f"Function not found: {ARN}:7"),
    ],
)  # fmt: skip
def test_only_the_whole_function_can_be_deleted(
    run: Run, qualifier: str, error: type[ServiceError], message: str
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        with pytest.raises(error) as refused:
            await bench.call("DeleteFunction", FunctionName="f", Qualifier=qualifier)
        assert refused.value.message == message
        assert (await bench.call("GetFunction", FunctionName="f"))["Configuration"]

    run(scenario)


def test_a_name_that_becomes_free_can_be_taken_again(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        first = await bench.create()
        await bench.call("DeleteFunction", FunctionName="f")
        second = await bench.create(Handler="other.run")
        assert first["RevisionId"] != second["RevisionId"]
        await bench.call("Invoke", FunctionName="f")
        (spec, _invocation) = bench.plane.invoked[0]
        assert spec.handler == "other.run"
        assert spec.key not in bench.plane.retired

    run(scenario)

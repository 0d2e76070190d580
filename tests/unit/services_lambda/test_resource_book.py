"""What deciders see of functions and layers: every committed change, and the same after a start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambent.services.lambda_.resource_book import ResourceBook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
LAYER = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:l:1"


async def _permit(bench: Any, **request: Any) -> None:
    await bench.call(
        "AddPermission",
        **{
            "FunctionName": "f",
            "StatementId": "s",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            **request,
        },
    )


def _sids(book: Any, arn: str) -> list[str]:
    statements = [json.loads(policy.document)["Statement"] for policy in book.policies(arn)]
    return [each["Sid"] for policy in statements for each in policy]


def test_changes_are_seen_and_move_the_generation(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        book = bench.service.resource_facts
        await bench.create(Tags={"team": "red"})
        assert (_sids(book, FUNCTION), book.tags(f"{FUNCTION}:1")) == ([], {"team": "red"})
        before = book.generation(ACCOUNT)
        await _permit(bench)
        await _permit(bench, StatementId="t")
        assert _sids(book, FUNCTION) == ["s", "t"]
        assert book.generation(ACCOUNT) > before
        await bench.call("RemovePermission", FunctionName="f", StatementId="s")
        assert _sids(book, FUNCTION) == ["t"]
        await bench.call("UntagResource", Resource=FUNCTION, TagKeys=["team"])
        assert book.tags(FUNCTION) == {}
        await bench.call("PublishVersion", FunctionName="f")
        await _permit(bench, Qualifier="1")
        assert _sids(book, f"{FUNCTION}:1") == ["s"]
        await bench.call("PublishVersion", FunctionName="f", Description="2")
        await bench.call("DeleteFunction", FunctionName="f", Qualifier="1")
        assert (_sids(book, f"{FUNCTION}:1"), _sids(book, FUNCTION)) == ([], ["t"])
        await bench.call("DeleteFunction", FunctionName="f")
        assert _sids(book, FUNCTION) == []

    run(scenario)


def test_a_start_finds_what_there_was(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create(Tags={"team": "red"})
        await bench.create("other")
        await _permit(bench)
        book = ResourceBook()
        await book.load(bench.database)
        assert (_sids(book, FUNCTION), book.tags(FUNCTION)) == (["s"], {"team": "red"})
        assert book.policies(f"{FUNCTION}x") == ()

    run(scenario)


def test_layers_have_policies_too(run: Run, make_zip: Callable[..., bytes]) -> None:
    async def scenario(bench: Any) -> None:
        book = bench.service.resource_facts
        content = {"ZipFile": make_zip(a_py="")}
        await bench.call("PublishLayerVersion", LayerName="l", Content=content)
        await bench.call(
            "AddLayerVersionPermission",
            LayerName="l",
            VersionNumber=1,
            StatementId="s",
            Action="lambda:GetLayerVersion",
            Principal="*",
        )
        assert _sids(book, LAYER) == ["s"]
        started = ResourceBook()
        await started.load(bench.database)
        assert _sids(started, LAYER) == ["s"]
        await bench.call("DeleteLayerVersion", LayerName="l", VersionNumber=1)
        assert _sids(book, LAYER) == []

    run(scenario)


def test_code_signing_configurations_have_tags(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        book = bench.service.resource_facts
        created = await bench.call(
            "CreateCodeSigningConfig",
            AllowedPublishers={"SigningProfileVersionArns": []},
            Tags={"team": "red"},
        )
        arn = created["CodeSigningConfig"]["CodeSigningConfigArn"]
        started = ResourceBook()
        await started.load(bench.database)
        assert book.tags(arn) == started.tags(arn) == {"team": "red"}
        await bench.call("UntagResource", Resource=arn, TagKeys=["team"])
        assert book.tags(arn) == {}

    run(scenario)


def test_a_reset_leaves_nothing(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        book = bench.service.resource_facts
        await bench.create(Tags={"team": "red"})
        await _permit(bench)
        before = book.generation(ACCOUNT)
        await bench.service.reset()
        assert (_sids(book, FUNCTION), book.tags(FUNCTION)) == ([], {})
        assert book.generation(ACCOUNT) > before

    run(scenario)

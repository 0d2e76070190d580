"""What function URLs lead to, in memory: never what it was before a change."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from lambent.services.lambda_.errors import ResourceConflict, ResourceNotFound
from lambent.services.lambda_.url_door import UrlDoor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

REGION = "eu-west-1"


def urls_of(service: Any) -> Any:
    (door,) = (each for each in service.doors if isinstance(each, UrlDoor))
    return door._urls


async def id_of(bench: Any, **request: Any) -> str:
    """The id of a new URL."""
    made = await bench.call("CreateFunctionUrlConfig", AuthType="NONE", **request)
    return str(made["FunctionUrl"]).split("/")[2].partition(".")[0]


@pytest.fixture
def run(run: Run) -> Run:
    def run_with_urls(scenario: Callable[[Any], Awaitable[None]]) -> None:
        async def prepared(bench: Any) -> None:
            unused: Any = object()
            bench.service = bench.new_service(signatures=_Signatures(), authority=unused)
            await scenario(bench)

        run(prepared)

    return run_with_urls


class _Signatures:
    is_open = False


@pytest.mark.parametrize(
    "change",
    [
        ("UpdateFunctionUrlConfig", {"AuthType": "AWS_IAM"}),
        ("DeleteFunctionUrlConfig", {}),
        ("DeleteFunction", {}),
    ],
)
def test_what_was_read_before_a_change_is_not_kept(run: Run, change: tuple[str, Any]) -> None:
    """A change is made, and answered, between the reading and the taking note of what was read."""

    async def scenario(bench: Any) -> None:
        await bench.create()
        url_id = await id_of(bench, FunctionName="f")
        urls, read = urls_of(bench.service), bench.database.read

        async def read_slowly(fn: Any) -> Any:
            found = await read(fn)
            bench.database.read = read
            name, members = change
            await bench.call(name, FunctionName="f", **members)
            return found

        bench.database.read = read_slowly
        old = await urls.load(url_id, REGION)
        assert old.config["AuthType"] == "NONE"  # of a request that came before the change
        assert urls.get(url_id, REGION) is None
        new = await urls.load(url_id, REGION)
        assert (new and new.config["AuthType"]) == change[1].get("AuthType")
        assert urls.get(url_id, REGION) is new

    run(scenario)


async def change(bench: Any, chance: random.Random, ids: set[str]) -> None:
    """Something that there is may be refused, and something that there is not."""
    name, qualifier = chance.choice("fg"), chance.choice(({}, {"Qualifier": "live"}))
    where = {"FunctionName": name, **qualifier}
    what = chance.randrange(8)
    if what < 2:
        ids.add(await id_of(bench, **where))
    elif what < 4:
        kind = chance.choice(("NONE", "AWS_IAM"))
        await bench.call("UpdateFunctionUrlConfig", **where, AuthType=kind)
    elif what == 4:
        await bench.call("DeleteFunctionUrlConfig", **where)
    elif what == 5:
        await bench.call("DeleteAlias", FunctionName=name, Name="live")
    elif what == 6:
        await bench.call("DeleteFunction", FunctionName=name)
    else:
        await bench.create(name)
        version = (await bench.call("PublishVersion", FunctionName=name))["Version"]
        await bench.settle()
        given = {"FunctionName": name, "Name": "live"}
        await bench.call("CreateAlias", **given, FunctionVersion=version)


def test_urls_lead_where_they_would_be_found_to_lead(run: Run) -> None:
    """Whatever changes: URLs, aliases, functions that go and come again."""
    chance = random.Random(9)

    async def scenario(bench: Any) -> None:
        urls, seen = urls_of(bench.service), 0
        ids: set[str] = set()
        for _ in range(60):
            with contextlib.suppress(ResourceConflict, ResourceNotFound):
                await change(bench, chance, ids)
            anew = urls_of(bench.new_service(signatures=_Signatures(), authority=object()))
            for url_id in sorted(ids):
                known = urls.get(url_id, REGION) or await urls.load(url_id, REGION)
                assert known == await anew.load(url_id, REGION)
                assert await urls.load(url_id, "us-east-1") is None
                assert urls.get(url_id, "us-east-1") is None
                seen += known is not None
        assert seen > 20

    run(scenario)

"""Links to code: good for ten minutes, for what they were made for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lambent.core.http import BytesBody, Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]


async def _fetch(bench: Any, link: str, method: str = "GET") -> Response:
    parts = urlsplit(link)
    request = Request(method, parts.path, parts.query, Headers(), BytesBody())
    (door,) = bench.service.doors
    assert door.matches(request)
    response: Response = await door.handle(request)
    return response


async def _link(bench: Any) -> str:
    await bench.create()
    answer = await bench.call("GetFunction", FunctionName="f")
    assert answer["Code"]["RepositoryType"] == "S3"
    return str(answer["Code"]["Location"])


def test_the_link_leads_to_the_zip_as_it_was_uploaded(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        link = await _link(bench)
        assert link.startswith("http://127.0.0.1:4566/_lambent/code/")
        answer = await _fetch(bench, link)
        assert (answer.status, answer.body) == (200, make_request()["Code"]["ZipFile"])
        headers = dict(answer.headers)
        assert headers["Content-Type"] == "application/zip"
        assert len(headers["x-amzn-RequestId"]) == 36

    run(scenario)


def test_the_link_is_good_for_ten_minutes(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        link = await _link(bench)
        bench.clock.advance(timedelta(seconds=600))
        assert (await _fetch(bench, link)).status == 200
        bench.clock.advance(timedelta(seconds=1))
        late = await _fetch(bench, link)
        assert late.status == 403
        assert isinstance(late.body, bytes)
        assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in late.body

    run(scenario)


def test_a_link_that_was_tampered_with_is_refused(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        link = await _link(bench)
        other = "0" * 64
        archive = bench.archives()[0]
        for forged in (
            link.replace("Expires=", "Expires=9"),
            link.replace(archive, other),
            link.replace(archive, f"../{archive}"),
            link.split("?")[0],
            link[:-1] + ("0" if link[-1] != "0" else "1"),
            link.replace("Signature=", "Signature=\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ):
            assert (await _fetch(bench, forged)).status == 403, forged

    run(scenario)


def test_a_link_to_code_that_was_deleted_is_gone(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        link = await _link(bench)
        await bench.call("DeleteFunction", FunctionName="f")
        await bench.settle()
        assert (await _fetch(bench, link)).status == 404

    run(scenario)


def test_links_are_only_for_reading(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        assert (await _fetch(bench, await _link(bench), "PUT")).status == 405

    run(scenario)


def test_the_door_leaves_other_paths_alone(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        request = Request("GET", "/_lambent/health", "", Headers(), BytesBody())
        assert not bench.service.doors[0].matches(request)

    run(scenario)

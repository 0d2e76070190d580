"""What is compiled of APIs goes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambent.apis.domains import Domains
from lambent.core.clock import VirtualClock
from lambent.core.context import Scope
from lambent.core.http import BytesBody, Headers, Request
from lambent.services.apigateway.data_plane.places import Places
from lambent.services.apigateway.stages_in_memory import Live, Stages
from lambent.services.apigatewayv2.data_plane.door import HttpApiDoor
from lambent.services.apigatewayv2.live_apis import LiveApis, LiveStage

if TYPE_CHECKING:
    from collections.abc import Callable

SCOPE = Scope("123456789012", "us-east-1")
Api = tuple[
    Any, "Callable[[str, str], None]", "Callable[[str, str], None]", "Callable[[], set[Any]]"
]


def request(api_id: str, stage: str) -> Request:
    fields = [("Host", f"{api_id}.execute-api.us-east-1.amazonaws.com")]
    return Request("GET", f"/{stage}/a", "", Headers(fields), BytesBody())


def rest() -> Api:
    stages = Stages()
    places = Places(stages)

    def put(api_id: str, stage: str) -> None:
        stages.put_stage(
            Live(SCOPE.account_id, SCOPE.region, api_id, {"stageName": stage}, {"resources": []})
        )

    def ask(api_id: str, stage: str) -> None:
        assert places.find(request(api_id, stage)) is not None

    return stages, put, ask, lambda: set(places._plans)


def http() -> Api:
    live_apis = LiveApis(Domains())
    unused: Any = None
    door = HttpApiDoor(live_apis, unused, unused, unused, unused, VirtualClock())

    def put(api_id: str, stage: str) -> None:
        snapshot: dict[str, Any] = {"Api": {}, "Routes": []}
        live_apis.put_stage(LiveStage(SCOPE, api_id, {"StageName": stage}, snapshot))

    def ask(api_id: str, stage: str) -> None:
        door._entered(request(api_id, stage))

    return live_apis, put, ask, lambda: set(door._routes)


@pytest.mark.parametrize("make", [rest, http])
def test_plans_of_apis_and_stages_that_are_gone_are_dropped(make: Callable[[], Api]) -> None:
    apis, put, ask, kept = make()
    for api_id in "abc":
        for stage in ("one", "two"):
            put(api_id, stage)
            ask(api_id, stage)
    assert len(kept()) == 6
    apis.remove_api("a")
    apis.remove_stage("b", "one")
    put("c", "two")
    ask("c", "two")
    assert kept() == {("b", "two"), ("c", "one"), ("c", "two")}
    apis.clear()
    put("d", "one")
    ask("d", "one")
    assert kept() == {("d", "one")}

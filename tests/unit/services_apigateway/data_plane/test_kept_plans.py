"""What is kept of APIs is what they are, and goes with them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from lambent.apis.domains import Domain, Domains
from lambent.core.clock import VirtualClock
from lambent.core.context import Scope
from lambent.core.http import BytesBody, Headers, Request, Response
from lambent.services.apigateway.data_plane.places import Places
from lambent.services.apigateway.stages_in_memory import Live, Stages
from lambent.services.apigatewayv2.data_plane.door import HttpApiDoor
from lambent.services.apigatewayv2.live_apis import LiveApis, LiveStage

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.apigateway.data_plane.places import Place

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


API_IDS, STAGES, NAMES = ("a", "b"), ("one", "two"), ("x.example.com", "*.example.com")
PATHS = ("/", "/one", "/one/p", "/two/p/q", "/two", "/p", "/base/one/p", "/base/p")
OWN_PATHS = ("/_aws/execute-api/a/one/p", "/restapis/b/two/_user_request_/p")
HOSTS = (
    *(f"{api_id}.execute-api.us-east-1.amazonaws.com" for api_id in API_IDS),
    *(f"{api_id}.execute-api.eu-west-1.localhost:4566" for api_id in API_IDS),
    *("x.example.com", "y.example.com:80", "127.0.0.1"),
)


def change_domains(domains: Domains, chance: random.Random) -> None:
    name = chance.choice(NAMES)
    if chance.random() < 0.3:
        domains.remove(name)
        return
    mapping = (chance.choice(("", "base")), chance.choice(API_IDS), chance.choice(("", *STAGES)))
    domains.put(Domain(SCOPE.account_id, SCOPE.region, name, (mapping,)))


def requests() -> list[Request]:
    return [
        Request(method, path, "", Headers([("Host", host)]), BytesBody())
        for host in HOSTS
        for path in (*PATHS, *OWN_PATHS)
        for method in ("GET", "PUT")
    ]


def rest_snapshot(chance: random.Random) -> dict[str, Any]:
    paths = chance.sample(("/", "/p", "/{q}", "/p/q", "/{r+}"), 3)
    method = {"methodIntegration": {"type": "MOCK", "mark": chance.random()}}
    resources = [
        {"id": path, "path": path, "resourceMethods": {chance.choice(("GET", "ANY")): method}}
        for path in paths
    ]
    return {"restApi": {"mark": chance.random()}, "resources": resources}


def change_stages(stages: Stages, chance: random.Random) -> None:
    api_id, stage = chance.choice(API_IDS), chance.choice(STAGES)
    what = chance.randrange(12)
    if what < 6:
        document: dict[str, Any] = {"stageName": stage}
        canary = None
        if chance.random() < 0.3:  # which takes all or nothing, so that chance decides nothing
            document["canarySettings"] = {"percentTraffic": chance.choice((0, 100))}
            canary = rest_snapshot(chance)
        where = SCOPE.account_id, chance.choice(("us-east-1", "eu-west-1")), api_id
        stages.put_stage(Live(*where, document, rest_snapshot(chance), canary=canary))
    elif what == 6:
        stages.remove_stage(api_id, stage)
    elif what == 7:
        stages.remove_api(api_id)
    elif what == 8:
        stages.put_api(SCOPE.account_id, SCOPE.region, api_id)
    elif what == 9 and chance.random() < 0.2:
        stages.clear()
    else:
        change_domains(stages.domains, chance)


def test_places_are_those_that_would_be_found_anew() -> None:
    """Whatever changes between requests: stages, APIs, domain names, canaries."""
    chance = random.Random(7)
    stages = Stages()
    places = Places(stages)
    found = 0
    for _ in range(300):
        change_stages(stages, chance)
        anew = Places(stages)
        for each in chance.sample(requests(), 60):
            for _ in range(2):
                known, expected = places.find(each), anew.find(each)
                assert told(known) == told(expected)
                found += known is not None
    assert found > 1000


def told(place: Place | None) -> tuple[Any, ...] | None:
    """What says whether two places are the same."""
    if place is None:
        return None
    address, plan, method, parameters = place
    return address, plan.live, plan.snapshot, method.resource_path, method.document, parameters


def test_routes_are_those_that_would_be_found_anew() -> None:
    chance = random.Random(8)
    live_apis = LiveApis(Domains())
    unused: Any = None

    def new_door() -> HttpApiDoor:
        return HttpApiDoor(live_apis, unused, unused, unused, unused, VirtualClock())

    def change() -> None:
        api_id, stage = chance.choice(API_IDS), chance.choice((*STAGES, "$default"))
        what = chance.randrange(10)
        if what < 5:
            keys = chance.sample(("GET /p", "ANY /{q}", "$default", "PUT /{r+}", "GET /"), 3)
            api = {"DisableExecuteApiEndpoint": chance.random() < 0.2}
            snapshot = {"Api": api, "Routes": [{"RouteKey": key} for key in keys]}
            scope = Scope(SCOPE.account_id, chance.choice(("us-east-1", "eu-west-1")))
            live_apis.put_stage(LiveStage(scope, api_id, {"StageName": stage}, snapshot))
        elif what == 5:
            live_apis.remove_stage(api_id, stage)
        elif what == 6:
            live_apis.remove_api(api_id)
        elif what == 7 and chance.random() < 0.2:
            live_apis.clear()
        else:
            change_domains(live_apis.domains, chance)

    door, found = new_door(), 0
    for _ in range(300):
        change()
        anew = new_door()
        for each in chance.sample(requests(), 60):
            known, expected = door._entered(each), anew._entered(each)
            if isinstance(known, Response) or isinstance(expected, Response):
                assert isinstance(known, Response)
                assert isinstance(expected, Response)
                assert known.status == expected.status
                continue
            found += 1
            assert known.address == expected.address
            assert known.path_parameters == expected.path_parameters
            assert known.route.document is expected.route.document
    assert found > 1000

"""Where requests lead: to a method of what is deployed to a stage. Found once for each address that comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lambent.core import ids
from lambent.services.apigateway.data_plane.addresses import address_of
from lambent.services.apigateway.data_plane.plan import MethodPlan, compiled

if TYPE_CHECKING:
    from lambent.core.http import Request
    from lambent.services.apigateway.data_plane.addresses import Address
    from lambent.services.apigateway.data_plane.plan import ApiPlan
    from lambent.services.apigateway.stages_in_memory import Live, Stages

# A few hundred KB at the most.
_KEPT = 1024
_KEPT_LENGTH = 256

NO_METHOD = MethodPlan("", "", {}, {}, {}, {}, None, ())


class Place(NamedTuple):
    """What answers a request; NO_METHOD where the stage has none for it. `parameters` are the path's, as sent."""

    address: Address
    plan: ApiPlan
    method: MethodPlan
    parameters: dict[str, str]


class Places:
    """Finds them in what is deployed."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        # By API and stage: the plan, and that of the canary. Made anew when its generation is over, and dropped when
        # another one is made and the stage has gone.
        self._plans: dict[tuple[str, str], tuple[ApiPlan, ApiPlan | None]] = {}
        # By host, method and path; of one generation of everything that is deployed.
        self._known: dict[tuple[str, str, str], Place] = {}
        self._known_at = 0

    def find(self, request: Request) -> Place | None:
        """None where no API answers."""
        key = (request.host, request.method, request.path)
        if self._known_at != self._stages.generation:
            self._known.clear()
            self._known_at = self._stages.generation
        return self._known.get(key) or self._look(request, key)

    def _look(self, request: Request, key: tuple[str, str, str]) -> Place | None:
        address = address_of(request, self._stages)
        live = None if address is None else self._live(address)
        if address is None or live is None:
            return None
        plan = self._plan(live)
        found = plan.routes.find(request.method, address.path)
        method, parameters = found or (NO_METHOD, {})
        place = Place(address, plan, method, parameters)
        # Domain names have rules of their own; and a canary gets its part of the requests, not of the addresses.
        if address.is_default_endpoint and live.canary is None:
            self._keep(key, place)
        return place

    def _keep(self, key: tuple[str, str, str], place: Place) -> None:
        if sum(map(len, key)) <= _KEPT_LENGTH:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = place

    def _live(self, address: Address) -> Live | None:
        api = self._stages.find_api(address.api_id)
        if api is None or (address.region and address.region != api.region):
            return None
        return api.stages.get(address.stage)

    def _is_there(self, api_id: str, stage: str) -> bool:
        api = self._stages.find_api(api_id)
        return api is not None and stage in api.stages

    def _plan(self, live: Live) -> ApiPlan:
        """Of the deployment, or for a part of the requests of its canary."""
        key = (live.api_id, live.stage_name)
        held = self._plans.get(key)
        if held is None or held[0].live.generation != live.generation:
            canary = None if live.canary is None else compiled(live, live.canary)
            held = (compiled(live), canary)
            self._plans = {
                each: plans for each, plans in self._plans.items() if self._is_there(*each)
            }
            self._plans[key] = held
        plan, canary = held
        if canary is not None:
            percent = float(live.stage.get("canarySettings", {}).get("percentTraffic") or 0)
            if ids.fraction() * 100 < percent:
                return canary
        return plan

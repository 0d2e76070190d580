"""Where an HTTP API is called: from the host and path of a request to API, stage and the path within the stage.

The first segment of the path names the stage, if there is one of that name; everything else is for `$default`. A
custom domain name has its mappings instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.apis.hosts import HOST, OWN_PATH, name_of, split_path

if TYPE_CHECKING:
    from lambent.core.http import Request
    from lambent.services.apigatewayv2.live_apis import LiveApis, LiveStage

DEFAULT_STAGE = "$default"


@dataclass(frozen=True, slots=True)
class Address:
    """What a request is for.

    Attributes:
        path: within the stage, as sent; begins with a slash.
        raw_path: with the stage before it, unless that is `$default`.
        event_path: with the mapping of a custom domain name (`path` of format 1.0).
        is_default_endpoint: came by `execute-api`, not by a custom domain.
        base_path: of the mapping of a custom domain name that matched, without slashes around.
    """

    live: LiveStage
    path: str
    raw_path: str
    event_path: str
    domain_name: str
    is_default_endpoint: bool = True
    base_path: str = ""


def api_id_of(request: Request, live_apis: LiveApis) -> str | None:
    """The HTTP API that a request is for; None where it is for something else."""
    host = request.headers.first.get("host", "")
    found = HOST.fullmatch(host) if ".execute-api." in host.lower() else None
    if found is not None:
        api_id, region = found[1].lower(), (found[2] or "").lower()
        api = live_apis.find(api_id)
        return api_id if api is not None and region in ("", api.scope.region) else None
    own = OWN_PATH.fullmatch(request.path) if request.path.startswith("/_aws/") else None
    if own is not None:
        return own[1] if live_apis.find(own[1]) is not None else None
    domain = live_apis.domains.of(request)
    target = None if domain is None else domain.target(request)
    if target is None or live_apis.find(target.api_id) is None:
        return None
    return target.api_id


def address_of(request: Request, api_id: str, live_apis: LiveApis) -> Address | None:
    """None: there is no such stage."""
    api = live_apis.find(api_id)
    if api is None:
        return None
    path, name = request.path or "/", name_of(request.host)
    if HOST.fullmatch(request.host):
        stage, rest = split_path(path)
        if stage and stage != DEFAULT_STAGE and stage in api.stages:
            return _address(api.stages[stage], rest, name)
        return _address(api.stages.get(DEFAULT_STAGE), path, name)
    own = OWN_PATH.fullmatch(path)
    if own is not None:
        stage = own[2].replace("%24", "$")
        return _address(api.stages.get(stage), own[3] or "/", f"{api_id}.execute-api.localhost")
    domain = live_apis.domains.find(name)
    target = None if domain is None else domain.target(request)
    if target is None:
        return None
    base, stage = target.base_path, target.stage
    rest = path.removeprefix(f"/{base}") if base else path
    found = _address(api.stages.get(stage), rest or "/", name, path)
    return found and replace(found, base_path=base)


def _address(
    live: LiveStage | None, path: str, domain_name: str, mapped_path: str = ""
) -> Address | None:
    if live is None:
        return None
    raw = path if live.name == DEFAULT_STAGE else f"/{live.name}{path}"
    is_default = not mapped_path
    return Address(live, path, raw, mapped_path or raw, domain_name, is_default)

"""Where an API is called: from the host and path of a request to API, stage and the path within the stage.

* `ID.execute-api.REGION.amazonaws.com/STAGE/...`, and `ID.execute-api.localhost:PORT/STAGE/...` with or without region;
* `/restapis/ID/STAGE/_user_request_/...` and `/_aws/execute-api/ID/STAGE/...` on any host;
* a custom domain name by its Host header, `/BASE/...` by its mappings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.apis.hosts import HOST, OWN_PATH, is_host, name_of, split_path

if TYPE_CHECKING:
    from lambent.apis.domains import Domain
    from lambent.core.http import Request
    from lambent.services.apigateway.stages_in_memory import Stages

_USER_REQUEST = re.compile(r"/restapis/([^/]+)/([^/]+)/_user_request_(/.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """What a request is for.

    Attributes:
        region: as the host names it, "" where it names none.
        path: within the stage, as sent; begins with a slash.
        context_path: as `$context.path` shows it.
        event_path: as functions see it: with the base path of a custom domain.
        base_path: of the mapping of a custom domain, or of the rule, that matched.
        rule_id: of the routing rule that matched.
        is_default_endpoint: came by `execute-api`, not by a custom domain.
    """

    api_id: str
    region: str
    stage: str
    path: str
    context_path: str
    event_path: str
    domain_name: str
    base_path: str = ""
    rule_id: str = ""
    is_default_endpoint: bool = True


def is_address(request: Request, stages: Stages) -> bool:
    """Is the request one for the data plane?"""
    if is_host(request.headers.first.get("host", "")):
        return True
    path = request.path
    if path.startswith("/restapis/") and _USER_REQUEST.fullmatch(path):
        return True
    if path.startswith("/_aws/execute-api/"):
        return OWN_PATH.fullmatch(path) is not None
    return stages.domains.of(request) is not None


def address_of(request: Request, stages: Stages) -> Address | None:
    """None: the custom domain has no mapping for the path, or the path names no stage."""
    host = HOST.fullmatch(request.host)
    if host is not None:
        stage, path = split_path(request.path)
        region = (host[2] or "").lower()
        return _default(host[1].lower(), region, stage, path, request.host)
    for form in (_USER_REQUEST, OWN_PATH):
        match = form.fullmatch(request.path)
        if match is not None:
            return _default(match[1], "", match[2], match[3] or "/", "")
    domain = stages.domains.of(request)
    return None if domain is None else _mapped(request, domain)


def _default(api_id: str, region: str, stage: str, path: str, host: str) -> Address:
    named = host.partition(":")[0] or f"{api_id}.execute-api.localhost"
    return Address(api_id, region, stage, path, f"/{stage}{path}", path, named)


def _mapped(request: Request, domain: Domain) -> Address | None:
    target = domain.target(request)
    if target is None:
        return None
    base_path, api_id, stage = target.base_path, target.api_id, target.stage
    rest = request.path.removeprefix(f"/{base_path}") if base_path else request.path
    rest = rest or "/"
    if not stage:
        stage, rest = split_path(rest)
    return Address(
        api_id,
        domain.region,
        stage,
        rest,
        request.path,
        request.path,
        name_of(request.host),
        target.matched,
        target.rule_id,
        is_default_endpoint=False,
    )

"""Where an API is called: from the host and path of a request to API, stage and the path within the stage.

* `ID.execute-api.REGION.amazonaws.com/STAGE/...`, and `ID.execute-api.localhost:PORT/STAGE/...` with or without region;
* `/restapis/ID/STAGE/_user_request_/...` and `/_aws/execute-api/ID/STAGE/...` on any host;
* a custom domain name by its Host header, `/BASE/...` by its mappings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.apis.domains import Domain
    from lambent.core.http import Request
    from lambent.services.apigateway.stages_in_memory import Stages

_HOST = re.compile(
    r"([a-z0-9]+)\.execute-api\.(?:([a-z0-9-]+)\.)?(?:amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?",
    re.IGNORECASE,
)
_USER_REQUEST = re.compile(r"/restapis/([^/]+)/([^/]+)/_user_request_(/.*)?", re.DOTALL)
_OWN_PATH = re.compile(r"/_aws/execute-api/([^/]+)/([^/]+)(/.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """What a request is for.

    Attributes:
        region: as the host names it, "" where it names none.
        path: within the stage, as sent; begins with a slash.
        context_path: as `$context.path` shows it.
        event_path: as functions see it: with the base path of a custom domain.
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
    is_default_endpoint: bool = True


def is_address(request: Request, stages: Stages) -> bool:
    """Is the request one for the data plane?"""
    host = request.host
    if ".execute-api." in host and _HOST.fullmatch(host):
        return True
    path = request.path
    if path.startswith("/restapis/") and _USER_REQUEST.fullmatch(path):
        return True
    if path.startswith("/_aws/execute-api/"):
        return _OWN_PATH.fullmatch(path) is not None
    return stages.domains.find(_name(host)) is not None


def address_of(request: Request, stages: Stages) -> Address | None:
    """None: the custom domain has no mapping for the path, or the path names no stage."""
    host = _HOST.fullmatch(request.host)
    if host is not None:
        stage, path = _split(request.path)
        region = host[2] or ""
        return _default(host[1].lower(), region, stage, path, request.host)
    for form in (_USER_REQUEST, _OWN_PATH):
        match = form.fullmatch(request.path)
        if match is not None:
            return _default(match[1], "", match[2], match[3] or "/", "")
    domain = stages.domains.find(_name(request.host))
    return None if domain is None else _mapped(request, domain)


def _default(api_id: str, region: str, stage: str, path: str, host: str) -> Address:
    named = host.partition(":")[0] or f"{api_id}.execute-api.localhost"
    return Address(api_id, region, stage, path, f"/{stage}{path}", path, named)


def _mapped(request: Request, domain: Domain) -> Address | None:
    mapping = domain.mapping(request.path)
    if mapping is None:
        return None
    base_path, api_id, stage = mapping
    rest = request.path.removeprefix(f"/{base_path}") if base_path else request.path
    rest = rest or "/"
    if not stage:
        stage, rest = _split(rest)
    return Address(
        api_id,
        domain.region,
        stage,
        rest,
        request.path,
        request.path,
        _name(request.host),
        base_path,
        is_default_endpoint=False,
    )


def _split(path: str) -> tuple[str, str]:
    """`/prod/a/b` is `prod` and `/a/b`."""
    first, _, rest = path.removeprefix("/").partition("/")
    return first, f"/{rest}"


def _name(host: str) -> str:
    return host.partition(":")[0].lower()

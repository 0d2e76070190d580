"""API mappings of custom domain names: to stages of HTTP APIs and of REST APIs, under one or several path segments.

Kept as the REST service keeps base path mappings, with an id; one that the REST service has made has none, and goes by
a digest of its place until it is changed here.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import BASE_PATHS, HTTP_APIS, HTTP_STAGES, REST_APIS, STAGES
from lambent.apis.domains import NO_BASE_PATH
from lambent.apis.errors import BadRequest, Conflict, NotFound
from lambent.core import ids
from lambent.services.apigatewayv2.domain_names import find_domain
from lambent.services.apigatewayv2.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_KEY = re.compile(r"[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*")


@dataclass(frozen=True, slots=True)
class ApiMappings:
    """The operations on API mappings."""

    publisher: Publisher

    def create_api_mapping(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = find_domain(tx, context.scope, request["DomainName"])["domainName"]
        mapping: Document = {
            "id": ids.lower_alphanumeric(6),
            "basePath": _base_path(request.get("ApiMappingKey") or ""),
            "restApiId": request["ApiId"],
            "stage": request["Stage"],
        }
        self._put(tx, context.scope, name, mapping, before="")
        return _shown(name, mapping)

    def get_api_mapping(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = find_domain(tx, context.scope, request["DomainName"])["domainName"]
        return _shown(name, _find(tx, context.scope, name, request["ApiMappingId"]))

    def get_api_mappings(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = find_domain(tx, context.scope, request["DomainName"])["domainName"]
        found = [_shown(name, each) for each in BASE_PATHS.of(tx, context.scope, name)]
        return page(found, request, "ApiMappingId")

    def update_api_mapping(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = find_domain(tx, context.scope, request["DomainName"])["domainName"]
        mapping = _find(tx, context.scope, name, request["ApiMappingId"])
        before = mapping["basePath"]
        mapping |= {"id": request["ApiMappingId"], "restApiId": request["ApiId"]}
        if request.get("Stage"):
            mapping["stage"] = request["Stage"]
        if request.get("ApiMappingKey") is not None:
            mapping["basePath"] = _base_path(request["ApiMappingKey"])
        self._put(tx, context.scope, name, mapping, before)
        return _shown(name, mapping)

    def delete_api_mapping(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = find_domain(tx, context.scope, request["DomainName"])["domainName"]
        mapping = _find(tx, context.scope, name, request["ApiMappingId"])
        BASE_PATHS.remove(tx, context.scope, name, mapping["basePath"])
        self.publisher.domains.changed(tx, context.scope, name)
        return {}

    def _put(self, tx: Tx, scope: Scope, name: str, mapping: Document, before: str) -> None:
        """`before`: the base path that it had."""
        _check(tx, scope, mapping)
        path = mapping["basePath"]
        if path != before:
            if BASE_PATHS.find(tx, scope, name, path) is not None:
                raise Conflict("ApiMapping key already exists for this domain name")
            BASE_PATHS.remove(tx, scope, name, before)
        BASE_PATHS.put(tx, scope, name, path, mapping)
        self.publisher.domains.changed(tx, scope, name)


def _find(tx: Tx, scope: Scope, name: str, mapping_id: str) -> Document:
    """Raises NotFound."""
    for each in BASE_PATHS.of(tx, scope, name):
        if _id(name, each) == mapping_id:
            return each
    raise NotFound("Invalid API mapping identifier specified")


def _check(tx: Tx, scope: Scope, mapping: Document) -> None:
    api_id, stage = mapping["restApiId"], mapping.get("stage", "")
    if HTTP_APIS.find(tx, scope, "", api_id) is not None:
        found = HTTP_STAGES.find(tx, scope, api_id, stage)
    elif REST_APIS.find(tx, scope, "", api_id) is not None:
        found = STAGES.find(tx, scope, api_id, stage)
    else:
        raise NotFound(f"Invalid API identifier specified {scope.account_id}:{api_id}")
    if found is None:
        raise BadRequest("Invalid stage identifier specified")


def _base_path(key: str) -> str:
    if key in ("", NO_BASE_PATH):
        return NO_BASE_PATH
    if not _KEY.fullmatch(key):
        raise BadRequest(
            "An ApiMapping key may contain only letters, numbers and one of $-_.+!*'()"
        )
    return key


def _id(name: str, mapping: Document) -> str:
    place = f"{name}/{mapping['basePath']}".encode()
    return str(mapping.get("id") or hashlib.sha256(place).hexdigest()[:6])


def _shown(name: str, mapping: Document) -> Document:
    path = mapping["basePath"]
    return {
        "ApiId": mapping["restApiId"],
        "ApiMappingId": _id(name, mapping),
        "ApiMappingKey": "" if path == NO_BASE_PATH else path,
        "Stage": mapping.get("stage", ""),
    }

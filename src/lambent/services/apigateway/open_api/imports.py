"""ImportRestApi and PutRestApi.

Documents are parsed in a thread (megabytes of YAML take seconds) and only then brought into the transaction.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import REST_APIS
from lambent.apis.errors import BadRequest
from lambent.apis.open_api_text import read_document
from lambent.apis.passed_roles import check_passed_roles
from lambent.services.apigateway.documents import RESOURCES
from lambent.services.apigateway.endpoints import endpoint_configuration
from lambent.services.apigateway.open_api.applying import Import
from lambent.services.apigateway.open_api.settings import (
    apply_settings,
    parameters_of,
    settings_of,
)
from lambent.services.apigateway.resource_policies import name_own_resources
from lambent.services.apigateway.rest_apis import answered, find_api, new_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Authority, Database, Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Imports:
    """The two operations."""

    database: Database
    publisher: Publisher
    authority: Authority | None

    async def import_rest_api(self, context: RequestContext, request: Request) -> Document:
        document = await self._read(context, request)

        def make(tx: Tx) -> Document:
            return self._import(tx, context, request, document)

        return await self.database.write(make)

    async def put_rest_api(self, context: RequestContext, request: Request) -> Document:
        document = await self._read(context, request)

        def change(tx: Tx) -> Document:
            api = find_api(tx, context.scope, request["restApiId"])
            overwrite = request.get("mode", "merge") == "overwrite"
            return _apply(tx, context, request, document, api, overwrite=overwrite)

        return await self.database.write(change)

    async def _read(self, context: RequestContext, request: Request) -> Document:
        """The document. Raises BadRequest, and AccessDenied where the caller may not pass a role that is in it."""
        document = await asyncio.to_thread(read_document, request["body"])
        check_passed_roles(self.authority, context, document)
        return document

    def _import(
        self, tx: Tx, context: RequestContext, request: Request, document: Document
    ) -> Document:
        settings = settings_of(document)
        if not settings["name"]:
            raise BadRequest("Invalid OpenAPI input. The document has no info.title.")
        types = parameters_of(request).get("endpointconfigurationtypes")
        members = {"name": settings["name"]}
        api = new_api(tx, context, members)
        if types:
            if types not in ("EDGE", "REGIONAL", "PRIVATE"):
                raise BadRequest(f"Invalid EndpointTypes specified: {types}")
            api["endpointConfiguration"] = endpoint_configuration({"types": [types]})
        root = {"id": api["rootResourceId"], "path": "/"}
        RESOURCES.put(tx, context.scope, api["id"], root["id"], root)
        self.publisher.api_created(tx, context.scope, api["id"])
        return _apply(tx, context, request, document, api, overwrite=False)


def _apply(
    tx: Tx,
    context: RequestContext,
    request: Request,
    document: Document,
    api: Document,
    *,
    overwrite: bool,
) -> Document:
    base = parameters_of(request).get("basepath", "ignore")
    api = apply_settings(api, settings_of(document), overwrite=overwrite)
    importing = Import(tx, context.scope, api, document, overwrite=overwrite, base=base)
    importing.run()
    importing.report.settle(fail_on_warnings=bool(request.get("failOnWarnings")))
    name_own_resources(context.scope, api)
    REST_APIS.put(tx, context.scope, "", api["id"], api)
    answer = answered(api)
    if importing.report.warnings:
        answer["warnings"] = importing.report.warnings
    return answer

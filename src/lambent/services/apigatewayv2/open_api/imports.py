"""ImportApi and ReimportApi: an OpenAPI 3.0 document becomes an API, its routes, integrations and authorizers.

"Use OpenAPI definitions for HTTP APIs" (developer guide). What the document says of an API that is imported anew takes
the place of everything that it had; routes without an integration are warned of.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import HTTP_APIS
from lambent.apis.errors import BadRequest
from lambent.apis.open_api_text import is_swagger, read_document
from lambent.apis.passed_roles import check_passed_roles
from lambent.services.apigatewayv2.apis import new_api
from lambent.services.apigatewayv2.documents import (
    AUTHORIZERS,
    INTEGRATIONS,
    ROUTES,
    find_api,
    shown,
)
from lambent.services.apigatewayv2.open_api.applying import Import
from lambent.services.apigatewayv2.open_api.settings import settings_of, tags_of, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Authority, Database, Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Imports:
    """The two operations."""

    database: Database
    publisher: Publisher
    authority: Authority | None

    async def import_api(self, context: RequestContext, request: Request) -> Document:
        document = await self._read(context, request)

        def make(tx: Tx) -> Document:
            api = new_api(tx, context, {"Name": title_of(document), "Tags": tags_of(document)})
            self.publisher.api_created(tx, context.scope, api["ApiId"])
            return self._apply(tx, context, request, document, api)

        return await self.database.write(make)

    async def reimport_api(self, context: RequestContext, request: Request) -> Document:
        document = await self._read(context, request)

        def change(tx: Tx) -> Document:
            api = find_api(tx, context.scope, request["ApiId"])
            for kind in (ROUTES, INTEGRATIONS, AUTHORIZERS):
                kind.remove_of(tx, context.scope, api["ApiId"])
            for name in ("Description", "Version", "CorsConfiguration"):
                api.pop(name, None)
            return self._apply(tx, context, request, document, api)

        return await self.database.write(change)

    async def _read(self, context: RequestContext, request: Request) -> Document:
        """Raises BadRequest, and AccessDenied where the caller may not pass a role that is in it."""
        document = await asyncio.to_thread(read_document, request["Body"].encode())
        if is_swagger(document):
            raise BadRequest("Unsupported specification version: HTTP APIs take OpenAPI 3.0")
        check_passed_roles(self.authority, context, document)
        return document

    def _apply(
        self, tx: Tx, context: RequestContext, request: Request, document: Document, api: Document
    ) -> Document:
        api |= settings_of(document)
        HTTP_APIS.put(tx, context.scope, "", api["ApiId"], api)
        importing = Import(
            tx, context.scope, api["ApiId"], document, request.get("Basepath") or "ignore"
        )
        importing.run()
        importing.report.settle(fail_on_warnings=bool(request.get("FailOnWarnings")))
        self.publisher.definition_changed(tx, context, api["ApiId"])
        answer = shown(api)
        if importing.report.warnings:
            answer["Warnings"] = importing.report.warnings
        return answer

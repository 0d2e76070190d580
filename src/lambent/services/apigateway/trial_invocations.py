"""TestInvokeMethod and TestInvokeAuthorizer: handed to the data plane, with the API as it is now, deployed or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from lambent.apis.errors import Unserved
from lambent.services.apigateway.authorizers import find_authorizer
from lambent.services.apigateway.client_certificates import find_certificate, find_identity
from lambent.services.apigateway.methods import find_method
from lambent.services.apigateway.resources import find_resource
from lambent.services.apigateway.rest_apis import find_api
from lambent.services.apigateway.snapshots import draft_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.apis.client_certificates import ClientCertificate
    from lambent.core.context import RequestContext
    from lambent.core.ports import Database, Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]


class TrialInvoker(Protocol):
    """What the data plane offers. `snapshot` has the shape of `stages_in_memory`; requests and answers have those of
    the API model; `shown` is shown to endpoints that ask for a certificate.
    """

    async def invoke_method(
        self,
        context: RequestContext,
        snapshot: Document,
        request: Request,
        shown: ClientCertificate | None,
    ) -> Document: ...
    async def invoke_authorizer(
        self, context: RequestContext, snapshot: Document, request: Request
    ) -> Document: ...


class TrialInvocations:
    """The two operations; 501 until there is a data plane to hand them to."""

    def __init__(self, database: Database, invoker: TrialInvoker | None) -> None:
        self._database = database
        self._invoker = invoker

    async def test_invoke_method(self, context: RequestContext, request: Request) -> Document:
        certificate_id = request.get("clientCertificateId", "")

        def look(tx: Tx) -> tuple[Document, ClientCertificate | None]:
            snapshot = draft_of(
                tx, context.scope, find_api(tx, context.scope, request["restApiId"])
            )
            resource = find_resource(tx, context.scope, request["restApiId"], request["resourceId"])
            find_method(resource, request["httpMethod"])
            if certificate_id:
                find_certificate(tx, context.scope, certificate_id)
            return snapshot, find_identity(tx, context.scope, certificate_id)

        snapshot, shown = await self._database.read(look)
        invoker = self._plugged_in("TestInvokeMethod")
        return await invoker.invoke_method(context, snapshot, request, shown)

    async def test_invoke_authorizer(self, context: RequestContext, request: Request) -> Document:
        def look(tx: Tx) -> Document:
            find_authorizer(tx, context.scope, request)
            return draft_of(tx, context.scope, find_api(tx, context.scope, request["restApiId"]))

        snapshot = await self._database.read(look)
        invoker = self._plugged_in("TestInvokeAuthorizer")
        return await invoker.invoke_authorizer(context, snapshot, request)

    def _plugged_in(self, operation: str) -> TrialInvoker:
        if self._invoker is None:
            raise Unserved(f"The {operation} operation of apigateway is not implemented by Lambent")
        return self._invoker

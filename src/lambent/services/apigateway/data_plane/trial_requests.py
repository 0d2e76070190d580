"""TestInvokeMethod and TestInvokeAuthorizer as the control plane hands them on: from the API's requests to trials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lambent.services.apigateway.data_plane.trials import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.apis.client_certificates import ClientCertificate
    from lambent.core.context import RequestContext
    from lambent.services.apigateway.data_plane.trials import Trials


class TrialRequests:
    """Implements `trial_invocations.TrialInvoker`. Args: asked for each request, as the data plane is made later."""

    def __init__(self, trials: Callable[[], Trials]) -> None:
        self._trials = trials

    async def invoke_method(
        self,
        context: RequestContext,
        snapshot: dict[str, Any],
        request: Mapping[str, Any],
        shown: ClientCertificate | None = None,
    ) -> dict[str, Any]:
        trial = replace(_trial(context, snapshot, request), shown=shown)
        return await self._trials().method(trial, request["resourceId"], request["httpMethod"])

    async def invoke_authorizer(
        self, context: RequestContext, snapshot: dict[str, Any], request: Mapping[str, Any]
    ) -> dict[str, Any]:
        trial = _trial(context, snapshot, request)
        return await self._trials().authorizer(trial, request["authorizerId"])


def _trial(context: RequestContext, snapshot: dict[str, Any], request: Mapping[str, Any]) -> Trial:
    """A header in both maps has the values of the one that may have several ("TestInvokeMethod", API reference)."""
    several = {name: list(values) for name, values in request.get("multiValueHeaders", {}).items()}
    names = {name.lower() for name in several}
    single = [
        (name, value)
        for name, value in request.get("headers", {}).items()
        if name.lower() not in names
    ]
    return Trial(
        account_id=context.scope.account_id,
        region=context.scope.region,
        api_id=request["restApiId"],
        snapshot=snapshot,
        caller=context.principal,
        headers=[*single, *((name, value) for name, values in several.items() for value in values)],
        path=request.get("pathWithQueryString", ""),
        body=request.get("body", ""),
        stage_variables=request.get("stageVariables", {}),
        user_agent=context.http.headers.get("user-agent"),
    )

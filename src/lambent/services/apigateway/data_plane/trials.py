"""TestInvokeMethod and TestInvokeAuthorizer: calls of what is not deployed yet, with their execution log.

Neither keys nor authorizers nor limits stand in the way of a test ("TestInvokeMethod", API reference); the function
sees the stage `test-invoke-stage` and an identity made up for tests.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.core.http import AnswerCut, BytesBody, DroppableBody, Headers, Request
from lambent.services.apigateway.data_plane.addresses import Address
from lambent.services.apigateway.data_plane.exchange import Exchange
from lambent.services.apigateway.data_plane.execution_log import ExecutionLog
from lambent.services.apigateway.data_plane.failures import UNAUTHORIZED, Failure
from lambent.services.apigateway.data_plane.plan import MethodPlan, compiled
from lambent.services.apigateway.data_plane.routing import Routes
from lambent.services.apigateway.stages_in_memory import Live

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from lambent.apis.client_certificates import ClientCertificate
    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.http import Response
    from lambent.services.apigateway.data_plane.cognito_authorizers import CognitoAuthorizers
    from lambent.services.apigateway.data_plane.lambda_authorizers import LambdaAuthorizers
    from lambent.services.apigateway.data_plane.plan import ApiPlan
    from lambent.services.apigateway.data_plane.serving import Serving
    from lambent.services.apigateway.stages_in_memory import Document

STAGE = "test-invoke-stage"
_DOMAIN = "testPrefix.testDomainName"
# A test shows of a streamed answer what has come after 35 seconds, or when it is over a megabyte ("Troubleshoot issues
# with response streaming in API Gateway", developer guide).
_SHOWN_S = 35
_MOST_SHOWN = 1_048_576


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test is made with, as the API's members say it.

    Attributes:
        snapshot: the API as it is now, in the form of a deployment's.
        headers: with repeats.
        path: with the query, as sent; "" where the caller gave none.
        caller: who tests.
        user_agent: what the caller tests with.
        shown: to endpoints that ask for a certificate.
    """

    account_id: str
    region: str
    api_id: str
    snapshot: Document
    caller: Principal
    headers: Iterable[tuple[str, str]] = ()
    path: str = ""
    body: str = ""
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    shown: ClientCertificate | None = None
    user_agent: str = ""


class Trials:
    """Args: serves without the guards that tests pass by."""

    def __init__(
        self,
        serving: Serving,
        authorizers: LambdaAuthorizers,
        pools: CognitoAuthorizers,
        clock: Clock,
    ) -> None:
        self._serving = serving
        self._authorizers = authorizers
        self._pools = pools
        self._clock = clock

    async def method(self, trial: Trial, resource_id: str, http_method: str) -> dict[str, Any]:
        """TestInvokeMethod's answer. Raises LookupError where there is no such method."""
        plan = _plan(trial)
        method = _method(plan, resource_id, http_method)
        exchange = self._exchange(trial, plan, method, http_method)
        response = await self._serving.serve(exchange)
        if not isinstance(response.body, bytes):  # a test is answered in one piece
            response.body = await _beginning(response.body)
        return self._answer(exchange, response)

    async def authorizer(self, trial: Trial, authorizer_id: str) -> dict[str, Any]:
        """TestInvokeAuthorizer's answer. Raises LookupError where there is no such authorizer."""
        plan = _plan(trial)
        found = [each for each in plan.snapshot["authorizers"] if each["id"] == authorizer_id]
        if not found:
            raise LookupError(authorizer_id)
        method = MethodPlan(
            "test-invoke-resource-id",
            trial.path.partition("?")[0] or "/",
            {},
            {},
            {},
            {},
            found[0],
            (),
        )
        exchange = self._exchange(trial, plan, method, "GET")
        answer: dict[str, Any] = {"clientStatus": 200}
        journal = exchange.journal
        assert journal is not None
        try:
            if found[0]["type"] == "COGNITO_USER_POOLS":
                answer["claims"] = await self._pools.claims(exchange, found[0])
            else:
                # A test asks the function, whatever it has said before.
                grant = await self._authorizers.grant(exchange, found[0], is_fresh=True)
                answer |= {"principalId": grant.principal_id, "policy": grant.policy}
        except Failure as failure:
            answer["clientStatus"] = failure.kind.status
            journal.error(failure.log)
            if failure.kind is UNAUTHORIZED and not failure.reason:  # said by the function
                journal.error("Unauthorized")
        latency = round((self._clock.monotonic() - exchange.started) * 1000)
        return answer | {"log": journal.as_test_answer(), "latency": latency}

    def _exchange(
        self, trial: Trial, plan: ApiPlan, method: MethodPlan, http_method: str
    ) -> Exchange:
        path, _, query = (trial.path or method.resource_path).partition("?")
        path = path if path.startswith("/") else f"/{path}"
        body = trial.body.encode()
        request = Request(
            http_method,
            path,
            query,
            Headers(trial.headers),
            BytesBody(body),
            "test-invoke-source-ip",
        )
        address = Address(trial.api_id, trial.region, STAGE, path, path, path, _DOMAIN)
        routes: Routes[MethodPlan] = Routes()
        routes.add(method.resource_path, {"ANY": method})
        match = routes.find("GET", path) if trial.path else None  # for its parameters
        exchange = Exchange(
            request,
            address,
            plan,
            method,
            {} if match is None else match[1],
            self._clock.calendar(),
            self._clock.monotonic(),
            body=body,
            is_test=True,
        )
        exchange.journal = ExecutionLog(exchange.request_id, self._clock.calendar)
        caller = trial.caller
        # In the order that AWS's tests have, which is another than that of its stages.
        exchange.identity = {
            "cognitoIdentityPoolId": None,
            "cognitoIdentityId": None,
            "apiKey": "test-invoke-api-key",
            "principalOrgId": None,
            "cognitoAuthenticationType": None,
            "userArn": caller.arn or None,
            "apiKeyId": "test-invoke-api-key-id",
            "userAgent": trial.user_agent or None,
            "accountId": caller.account_id or None,
            "caller": caller.user_id or None,
            "sourceIp": request.peer,
            "accessKey": caller.access_key_id or None,
            "cognitoAuthenticationProvider": None,
            "user": caller.user_id or None,
        }
        return exchange

    def _answer(self, exchange: Exchange, response: Response) -> dict[str, Any]:
        journal = exchange.journal
        assert journal is not None
        body = response.body if isinstance(response.body, bytes) else b""
        fields = list(response.headers)
        if exchange.uses_lambda and exchange.error is None:
            fields.append(("X-Amzn-Trace-Id", exchange.answered_trace or exchange.trace_id))
        multi: dict[str, list[str]] = {}
        for name, value in fields:
            multi.setdefault(name, []).append(value)
        return {
            "status": response.status,
            "body": body.decode(errors="replace"),
            "headers": {name: values[-1] for name, values in multi.items()},
            "multiValueHeaders": multi,
            "log": journal.as_test_answer(),
            "latency": round((self._clock.monotonic() - exchange.started) * 1000),
        }


async def _beginning(pieces: AsyncIterator[bytes]) -> bytes:
    """As much as a test shows of an answer that goes out as it comes."""
    got = bytearray()
    try:
        async with asyncio.timeout(_SHOWN_S):
            async for piece in pieces:
                got += piece
                if len(got) > _MOST_SHOWN:
                    break
    except (TimeoutError, AnswerCut):
        pass
    finally:
        if isinstance(pieces, DroppableBody):
            await pieces.aclose()
    return bytes(got)


def _plan(trial: Trial) -> ApiPlan:
    stage = {"stageName": STAGE, "variables": dict(trial.stage_variables)}
    live = Live(
        trial.account_id,
        trial.region,
        trial.api_id,
        stage,
        trial.snapshot,
        certificate=trial.shown,
    )
    return compiled(live)


def _method(plan: ApiPlan, resource_id: str, http_method: str) -> MethodPlan:
    for method in plan.methods:
        if method.resource_id == resource_id and method.document["httpMethod"] == http_method:
            return method
    raise LookupError(f"{resource_id} {http_method}")

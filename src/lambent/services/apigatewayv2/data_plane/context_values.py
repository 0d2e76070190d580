"""`$context`: what parameter mappings and access logs are told ("Logging variables", developer guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange


def context_of(exchange: Exchange) -> dict[str, Any]:
    live, address, request = exchange.live, exchange.address, exchange.request
    iam = exchange.authorizer.get("iam") or {}
    context: dict[str, Any] = {
        "accountId": live.scope.account_id,
        "apiId": live.api_id,
        "authorizer": _authorizer(exchange),
        "domainName": address.domain_name,
        "domainPrefix": address.domain_name.partition(".")[0],
        "extendedRequestId": exchange.request_id,
        "httpMethod": request.method,
        "identity": {
            "accountId": iam.get("accountId"),
            "caller": iam.get("callerId"),
            "sourceIp": request.peer,
            "user": iam.get("userId"),
            "userAgent": request.headers.get("user-agent") or None,
            "userArn": iam.get("userArn"),
        },
        "path": address.event_path,
        "protocol": "HTTP/1.1",
        "requestId": exchange.request_id,
        "requestTime": exchange.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(exchange.now.timestamp() * 1000),
        "routeKey": exchange.route.key,
        "stage": live.name,
    }
    if exchange.integration_ms is not None:
        context["integrationLatency"] = str(exchange.integration_ms)
        context["integration"] = {"latency": str(exchange.integration_ms)}
    if exchange.integration_status is not None:
        context["integrationStatus"] = str(exchange.integration_status)
        integration = context.setdefault("integration", {})
        integration["integrationStatus"] = str(exchange.integration_status)
    if exchange.endpoint_request_id:
        context["awsEndpointRequestId"] = exchange.endpoint_request_id
        context.setdefault("integration", {})["requestId"] = exchange.endpoint_request_id
    if exchange.backend_status is not None:
        context.setdefault("integration", {})["status"] = str(exchange.backend_status)
    if address.base_path:
        context["customDomain"] = {"basePathMatched": address.base_path}
    refusal = exchange.refusal
    if refusal is not None:
        context["error"] = {
            "message": refusal.message,
            "messageString": orjson.dumps(refusal.message).decode(),
        }
        if refusal.reason and not exchange.is_authorized:
            context["authorizer"] |= {"error": refusal.reason}
        elif refusal.reason:
            context["integrationErrorMessage"] = refusal.reason
            context.setdefault("integration", {})["error"] = refusal.reason
    return context


def _authorizer(exchange: Exchange) -> dict[str, Any]:
    if "jwt" in exchange.authorizer:
        return dict(exchange.authorizer["jwt"])
    return dict(exchange.authorizer.get("lambda") or {})

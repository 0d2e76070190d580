"""`$context`: what templates, mappings, access logs and functions are told about a request.

"$context variables for data models, authorizers, mapping templates, and CloudWatch access logging" (developer guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from lambent.services.apigateway.data_plane.exchange import Exchange


# As events have it that came by a custom domain whose mapping has no base path.
_NO_BASE_PATH = "(none)"


def request_context(exchange: Exchange) -> dict[str, Any]:
    """`requestContext` of payload format 1.0, which is the part of `$context` that functions see."""
    live, address, method = exchange.plan.live, exchange.address, exchange.method
    context: dict[str, Any] = {
        "resourceId": method.resource_id,
        "resourcePath": method.resource_path,
    }
    operation = method.document.get("operationName")
    if operation:
        context["operationName"] = operation
    if exchange.authorizer is not None:
        context["authorizer"] = exchange.authorizer
    now = exchange.now
    context |= {
        "httpMethod": exchange.request.method,
        "extendedRequestId": exchange.extended_id,
    }
    if not address.is_default_endpoint:
        context["customDomain"] = {"basePathMatched": address.base_path or _NO_BASE_PATH}
        if address.rule_id:
            context["customDomain"]["routingRuleIdMatched"] = address.rule_id
    context |= {
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "path": address.context_path,
        "accountId": live.account_id,
        "protocol": "HTTP/1.1",
        "stage": address.stage,
        "domainPrefix": address.domain_name.partition(".")[0],
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "requestId": exchange.request_id,
        "identity": exchange.identity,
        "domainName": address.domain_name,
    }
    if not exchange.is_test:  # what is tested is not deployed
        context["deploymentId"] = live.stage.get("deploymentId")
    context["apiId"] = live.api_id
    return context


def template_context(exchange: Exchange) -> dict[str, Any]:
    """`$context` for templates and mappings of parameters."""
    context = request_context(exchange)
    context["isCanaryRequest"] = exchange.plan.is_canary
    context["xrayTraceId"] = exchange.trace_id
    if exchange.error is not None:
        response_type, message, detail = exchange.error
        context["error"] = {
            "message": message,
            "messageString": "null" if message is None else orjson.dumps(message).decode(),
            "responseType": response_type,
            "validationErrorString": detail,
        }
    if exchange.integration_status is not None:
        status, backend = exchange.integration_status, exchange.backend_status
        context["integration"] = {
            # Behind AWS_PROXY what the function says, and not Lambda ("Variables for access logging").
            "status": status if backend is None else backend,
            "integrationStatus": status,
            "latency": exchange.integration_ms,
        }
    if exchange.endpoint_request_id:
        context["awsEndpointRequestId"] = exchange.endpoint_request_id
        context.setdefault("integration", {})["requestId"] = exchange.endpoint_request_id
    return context

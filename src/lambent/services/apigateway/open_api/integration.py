"""`x-amazon-apigateway-integration`: an integration of an import, and its responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
from lambent.apis.open_api_parts import a_list, a_map, a_text, texts
from lambent.services.apigateway.integrations import (
    check_integration,
    check_integration_response,
    new_integration,
    new_integration_response,
)

if TYPE_CHECKING:
    from lambent.apis.open_api_report import Report

    Document = dict[str, Any]

TYPES = ("HTTP", "AWS", "MOCK", "HTTP_PROXY", "AWS_PROXY")
_MEMBERS = frozenset(
    {
        "cacheKeyParameters",
        "cacheNamespace",
        "connectionId",
        "connectionType",
        "contentHandling",
        "credentials",
        "httpMethod",
        "integrationTarget",
        "passthroughBehavior",
        "requestParameters",
        "requestTemplates",
        "responseTransferMode",
        "responses",
        "timeoutInMillis",
        "tlsConfig",
        "type",
        "uri",
    }
)
_TEXTS = ("type", "httpMethod", "uri", "credentials", "connectionId")


def check_form(path: str, given: object) -> None:
    """Raises BadRequest where an integration is no object, or has one where a text is wanted, as for `uri`."""
    if given is None:
        return
    if not isinstance(given, dict) or any(isinstance(given.get(n), dict | list) for n in _TEXTS):
        raise BadRequest(
            f"Unable to parse API definition because of a malformed integration at path {path}."
        )


def unread_members(given: Document) -> list[str]:
    """Members that mean nothing to a REST API. Its functions get events of format 1.0, so that may be said."""
    said = {"payloadFormatVersion"} if a_text(given, "payloadFormatVersion") == "1.0" else set()
    return sorted(given.keys() - _MEMBERS - said)


def integration_request(given: Document, resource_id: str, method: Document) -> Document:
    """The integration that PutIntegration would make of the extension. Raises BadRequest."""
    request: Document = {
        "type": a_text(given, "type").upper(),
        "integrationHttpMethod": _http_method(given),
        "requestParameters": texts(given.get("requestParameters")),
        "requestTemplates": texts(given.get("requestTemplates")),
        "passthroughBehavior": a_text(given, "passthroughBehavior").upper(),
        "contentHandling": a_text(given, "contentHandling").upper(),
        "cacheKeyParameters": a_list(given, "cacheKeyParameters"),
        "connectionType": a_text(given, "connectionType"),
        "responseTransferMode": a_text(given, "responseTransferMode"),
    }
    for name in ("uri", "credentials", "cacheNamespace", "connectionId", "integrationTarget"):
        request[name] = a_text(given, name)
    timeout = given.get("timeoutInMillis")
    if isinstance(timeout, int):
        request["timeoutInMillis"] = timeout
    tls = a_map(given, "tlsConfig")
    if tls:
        skip = tls.get("insecureSkipVerification") is True
        request["tlsConfig"] = {"insecureSkipVerification": skip}
    integration = new_integration(request, resource_id)
    check_integration(integration, method)
    return integration


def response_requests(
    given: Document, method: Document, report: Report, where: str
) -> dict[str, Document]:
    """Its responses by status. In the document they stand under their patterns; `default` has none."""
    responses: dict[str, Document] = {}
    named = a_map(given, "responses")
    for pattern in named:
        part = a_map(named, pattern)
        request: Document = {
            "statusCode": a_text(part, "statusCode"),
            "responseParameters": texts(part.get("responseParameters")),
            "contentHandling": a_text(part, "contentHandling").upper(),
        }
        if pattern != "default":
            request["selectionPattern"] = pattern
        if "responseTemplates" in part:
            request["responseTemplates"] = texts(part["responseTemplates"])
        with report.error(f"Unable to put integration response on {where}"):
            response = new_integration_response(request)
            check_integration_response(response, method)
            responses[response["statusCode"]] = response
    return responses


def _http_method(given: Document) -> str:
    name = a_text(given, "httpMethod").upper()
    return "ANY" if name == "X-AMAZON-APIGATEWAY-ANY-METHOD" else name

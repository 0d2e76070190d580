"""Members of the API model as OpenAPI documents write them, with a small first letter, and back."""

from __future__ import annotations

from typing import Any

# Integrations of no operation in particular, under `components`; exports have those that no route leads to there.
INTEGRATIONS = "x-amazon-apigateway-integrations"
UNUSED = "unusedIntegration_"
# Members of integrations that documents name in another way (x-amazon-apigateway-integration).
INTEGRATION_NAMES = {
    "type": "IntegrationType",
    "httpMethod": "IntegrationMethod",
    "uri": "IntegrationUri",
    "credentials": "CredentialsArn",
    "connectionType": "ConnectionType",
    "connectionId": "ConnectionId",
    "payloadFormatVersion": "PayloadFormatVersion",
    "requestParameters": "RequestParameters",
    "responseParameters": "ResponseParameters",
    "timeoutInMillis": "TimeoutInMillis",
    "description": "Description",
    "integrationSubtype": "IntegrationSubtype",
}


def from_document(members: dict[str, Any]) -> dict[str, Any]:
    """`allowOrigins` becomes `AllowOrigins`."""
    return {f"{name[:1].upper()}{name[1:]}": value for name, value in members.items()}


def to_document(members: dict[str, Any]) -> dict[str, Any]:
    """The other way round."""
    return {f"{name[:1].lower()}{name[1:]}": value for name, value in members.items()}

"""One request on its way through an HTTP API, with what has been found out about it so far."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from lambent.core import trace
from lambent.core.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambent.core.http import Request
    from lambent.services.apigatewayv2.data_plane.addresses import Address
    from lambent.services.apigatewayv2.data_plane.routing import Route
    from lambent.services.apigatewayv2.live_apis import LiveStage

    Fields = list[tuple[str, str]]

# Fields of the connection to us (RFC 9110, section 7.6.1).
_DROPPED = frozenset({"connection", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"})


class Refusal(Exception):
    """An answer of the gateway's own.

    Args:
        status, message: of the answer.
        reason: for access logs (`$context.integrationErrorMessage`, `$context.authorizer.error`).
        headers: besides those that every answer has.
    """

    def __init__(
        self, status: int, message: str, reason: str = "", headers: Fields | None = None
    ) -> None:
        super().__init__(reason or message)
        self.status = status
        self.message = message
        self.reason = reason
        self.headers = headers or []

    def response(self) -> Response:
        body = orjson.dumps({"message": self.message})
        return Response(self.status, [("Content-Type", "application/json"), *self.headers], body)


def fresh_request_id() -> str:
    """As in `Apigw-Requestid`: sixteen characters of base64 for URLs."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


def unauthorized(reason: str = "", challenge: str = "") -> Refusal:
    """401. `challenge` as in `WWW-Authenticate`."""
    headers = [("WWW-Authenticate", challenge)] if challenge else []
    return Refusal(401, "Unauthorized", reason, headers)


def invalid_token(description: str) -> Refusal:
    """401 for a token that does not hold. Access logs have the description, too, as on AWS."""
    challenge = f'Bearer scope="" error="invalid_token" error_description="{description}"'
    return unauthorized(f"invalid_token: {description}", challenge)


def forbidden(reason: str = "", challenge: str = "") -> Refusal:
    """403. `challenge` as in `WWW-Authenticate`."""
    headers = [("WWW-Authenticate", challenge)] if challenge else []
    return Refusal(403, "Forbidden", reason, headers)


def internal_error(reason: str) -> Refusal:
    """500: the configuration, or what a function has returned."""
    return Refusal(500, "Internal Server Error", reason)


def joined(fields: Fields) -> dict[str, str]:
    """Values of a name that comes again, with commas between."""
    found: dict[str, str] = {}
    for name, value in fields:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


@dataclass(eq=False)
class Exchange:
    """The facts of one request.

    Attributes:
        path_parameters: decoded.
        authorizer: what is known of the caller: `{"jwt": ...}`, `{"lambda": ...}` or `{"iam": ...}`.
        integration_status: of the answer of Lambda, or of the backend.
        backend_status: what the function says, or the backend.
        headers, query, path: as the integration gets them, which parameter mappings may change.
    """

    request: Request
    address: Address
    route: Route
    path_parameters: dict[str, str]
    now: datetime
    started: float  # monotonic
    body: bytes = b""
    request_id: str = field(default_factory=fresh_request_id)
    authorizer: dict[str, Any] = field(default_factory=dict)
    integration_ms: int | None = None
    integration_status: int | None = None
    endpoint_request_id: str = ""  # of the function's invocation
    backend_status: int | None = None
    refusal: Refusal | None = None
    is_authorized: bool = False

    @property
    def live(self) -> LiveStage:
        return self.address.live

    @property
    def stage_variables(self) -> Mapping[str, str]:
        variables: Mapping[str, str] = self.live.stage.get("StageVariables") or {}
        return variables

    @property
    def integration(self) -> Mapping[str, Any]:
        """Empty for a route without one."""
        id_ = str(self.route.document.get("Target", "")).removeprefix("integrations/")
        found: Mapping[str, Any] = self.live.snapshot["Integrations"].get(id_) or {}
        return found

    @cached_property
    def trace_id(self) -> str:
        return trace.given(self.request.headers) or trace.fresh(int(self.now.timestamp()))

    @cached_property
    def headers(self) -> Fields:
        """By lower-case name, with what the gateway adds; the body must have been read."""
        request = self.request
        fields = [(name.lower(), value) for name, value in request.headers.items()]
        peers = ", ".join([*request.headers.getall("x-forwarded-for"), request.peer])
        port = request.host.rpartition(":")[2] if ":" in request.host else ""
        ours = {
            "content-length": str(len(self.body)),
            "x-amzn-trace-id": self.trace_id,
            "x-forwarded-for": peers,
            "x-forwarded-port": port or ("443" if request.scheme == "https" else "80"),
            "x-forwarded-proto": request.scheme,
        }
        kept = [each for each in fields if each[0] not in _DROPPED and each[0] not in ours]
        return kept + list(ours.items())

    @cached_property
    def query(self) -> Fields:
        return parse_qsl(self.request.query, keep_blank_values=True, max_num_fields=None)

    @property
    def api_arn(self) -> str:
        scope = self.live.scope
        return f"arn:aws:execute-api:{scope.region}:{scope.account_id}:{self.live.api_id}"

    @property
    def arn(self) -> str:
        """What `execute-api:Invoke` is asked for."""
        return f"{self.api_arn}/{self.live.name}/{self.request.method}{self.address.path}"

    @property
    def source_arn(self) -> str:
        """`aws:SourceArn` towards functions: names the route as it is defined."""
        if self.route.key == "$default":
            return f"{self.api_arn}/{self.live.name}/$default"
        return f"{self.api_arn}/{self.live.name}/{self.request.method}{self.route.path}"

"""One request on its way through an API, with what has been found out about it so far."""

from __future__ import annotations

import binascii
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from lambent.core import ids, trace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambent.core.context import Principal
    from lambent.core.http import Headers, Request
    from lambent.services.apigateway.data_plane.addresses import Address
    from lambent.services.apigateway.data_plane.execution_log import ExecutionLog
    from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan

Multi = dict[str, list[str]]

# Fields of the connection to us, which are not the integration's business (RFC 9110, section 7.6.1), and
# Content-Length, which AWS takes away as well.
_DROPPED = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"}
)
# `requestContext.identity` of a caller without a name, in AWS's order.
_NOBODY = (
    "cognitoIdentityPoolId",
    "accountId",
    "cognitoIdentityId",
    "caller",
    "sourceIp",
    "principalOrgId",
    "accessKey",
    "cognitoAuthenticationType",
    "cognitoAuthenticationProvider",
    "userArn",
    "userAgent",
    "user",
)


# Without the functions around it, of which `urlsafe_b64encode` has three: one is made for every request.
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def extended_request_id() -> str:
    """As in `x-amz-apigw-id`: sixteen characters of base64 for URLs."""
    text = binascii.b2a_base64(os.urandom(11), newline=False).translate(_URL_SAFE)
    return text.decode("ascii")


@dataclass(eq=False)
class Exchange:
    """The facts of one request.

    Attributes:
        sent_path_parameters: as they stand in the path, with their percent signs.
        identity: `requestContext.identity`.
        authorizer: what an authorizer said, with `principalId`; None where there was none.
        integration_ms: what the integration took; None where it was not called.
        integration_status: of Lambda's answer, or of the backend's.
        backend_status: what a function says behind AWS_PROXY.
        error: the failure it ended with, for `$context.error`, as (type, message, validation detail).
        error_log: what the execution log says of it.
        phases: what access logs tell of `authenticate`, `authorizer` and `authorize`; see phases.py.
    """

    request: Request
    address: Address
    plan: ApiPlan
    method: MethodPlan
    sent_path_parameters: dict[str, str]
    now: datetime
    started: float  # monotonic
    journal: ExecutionLog | None = None
    body: bytes = b""
    request_id: str = field(default_factory=ids.request_id)
    extended_id: str = field(default_factory=extended_request_id)
    authorizer: dict[str, Any] | None = None
    usage_key: str = ""  # the API key that an authorizer named
    integration_ms: int | None = None
    integration_status: int | None = None
    backend_status: int | None = None
    answered_trace: str = ""  # the trace header of the function's answer
    endpoint_request_id: str = ""  # of the function's invocation
    error: tuple[str, str | None, str] | None = None
    error_log: str = ""
    phases: dict[str, dict[str, str]] = field(default_factory=dict)
    # Set by templates through $context.requestOverride and $context.responseOverride.
    request_override: Mapping[str, Any] = field(default_factory=dict)
    response_override: Mapping[str, Any] = field(default_factory=dict)
    uses_lambda: bool = False
    caller: Principal | None = None  # who has signed the request
    is_from_cache: bool | None = None  # None where nothing was looked up
    is_test: bool = False  # TestInvokeMethod

    @property
    def stage(self) -> str:
        return self.address.stage

    @property
    def stage_variables(self) -> Mapping[str, str]:
        return self.plan.stage_variables

    @property
    def integration(self) -> Mapping[str, Any]:
        return self.method.integration

    @cached_property
    def trace_id(self) -> str:
        return trace.given(self.request.headers) or trace.fresh(int(self.now.timestamp()))

    @cached_property
    def path_parameters(self) -> dict[str, str]:
        """Decoded."""
        return {name: unquote(value) for name, value in self.sent_path_parameters.items()}

    @cached_property
    def headers(self) -> Multi:
        """What the integration may see, by name as sent; a name sent in several spellings goes by the first."""
        found = multi_of(self.request.headers)
        if self.is_test:
            return found
        request, first = self.request, self.request.headers.first
        peers = [request.peer]
        if "x-forwarded-for" in first:
            peers = [*request.headers.getall("x-forwarded-for"), request.peer]
        host = first.get("host", "")
        port = host.rpartition(":")[2] if ":" in host else ""
        default = "443" if request.scheme == "https" else "80"
        for name, value in (
            ("X-Amzn-Trace-Id", self.trace_id),
            ("X-Forwarded-For", ", ".join(peers)),
            ("X-Forwarded-Port", port or default),
            ("X-Forwarded-Proto", request.scheme),
        ):
            lower = name.lower()
            if lower in first:
                for spelling in [each for each in found if each.lower() == lower]:
                    del found[spelling]
            found[name] = [value]
        return found

    @cached_property
    def query(self) -> Multi:
        found: Multi = {}
        query = self.request.query
        if "%" not in query and "+" not in query:  # nothing to decode
            pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
        else:
            pairs = parse_qsl(query, keep_blank_values=True)
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        return found

    @cached_property
    def identity(self) -> dict[str, Any]:
        identity: dict[str, Any] = dict.fromkeys(_NOBODY)
        identity["sourceIp"] = self.request.peer
        identity["userAgent"] = self.request.headers.get("user-agent") or None
        return identity

    @property
    def arn(self) -> str:
        """What `execute-api:Invoke` is asked for, and `aws:SourceArn` towards functions."""
        return f"{self.stage_arn}/{self.request.method}{self.address.path}"

    @property
    def stage_arn(self) -> str:
        live = self.plan.live
        stage = "test-invoke-stage" if self.is_test else self.stage
        return f"arn:aws:execute-api:{live.region}:{live.account_id}:{live.api_id}/{stage}"

    @property
    def source_arn(self) -> str:
        """Names the resource as it is defined: `.../GET/pets/{id}`, with `*` for its parameters."""
        return f"{self.stage_arn}/{self.request.method}{self.method.path_of_sources}"

    def last_header(self, name: str) -> str | None:
        """The last value of a header, as AWS takes it; None where there is none."""
        headers, lower = self.request.headers, name.lower()
        return headers.getall(lower)[-1] if lower in headers.first else None


def multi_of(headers: Headers) -> Multi:
    """All values of each header, by its name in the spelling it first came in."""
    found: Multi = {}
    spellings: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower not in _DROPPED:
            found.setdefault(spellings.setdefault(lower, name), []).append(value)
    return found


def last_of(values: Multi) -> dict[str, str]:
    """Where one value per name is shown it is the last."""
    return {name: each[-1] for name, each in values.items()}

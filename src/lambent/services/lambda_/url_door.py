"""The door of function URLs: `ID.lambda-url.REGION.on.aws` and `ID.lambda-url.REGION.localhost[:PORT]`.

Who may come in: whoever may both `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`, which URLs ask for since
October 2025. With AuthType NONE nobody has a name, so the function's policy must let everybody; with AWS_IAM a
signature says who calls ("Control access to Lambda function URLs", Lambda developer guide).
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.core.context import ANONYMOUS, Scope
from lambent.core.errors import MissingAuthenticationToken, ServiceError
from lambent.core.http import BodyTooLarge, Response
from lambent.services.lambda_.names import FunctionRef
from lambent.services.lambda_.resources import URLS
from lambent.services.lambda_.url_cors import cors_headers, preflight
from lambent.services.lambda_.url_events import url_answer, url_event
from lambent.services.lambda_.url_streams import streamed_answer

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.http import Request
    from lambent.core.ports import Authority, Database, Signatures, Tx
    from lambent.services.lambda_.invocations import Invocations
    from lambent.services.lambda_.response_streams import ResponseStreams

_log = logging.getLogger(__name__)
_HOST = re.compile(r"([a-z0-9]{1,64})\.lambda-url\.([a-z0-9-]+)\.(?:on\.aws|localhost)(?::\d+)?")
# "6 MB each for request and response (synchronous)" (Lambda quotas).
_MAX_BODY = 6_291_456
# The second one since October 2025.
_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a URL leads to: a function or an alias, and the URL's configuration."""

    ref: FunctionRef
    config: dict[str, Any]


class UrlDoor:
    """Answers requests to function URLs."""

    def __init__(
        self,
        database: Database,
        invocations: Invocations,
        streams: ResponseStreams,
        signatures: Signatures,
        authority: Authority,
        clock: Clock,
    ) -> None:
        self._database = database
        self._invocations = invocations
        self._streams = streams
        self._signatures = signatures
        self._authority = authority
        self._clock = clock

    def matches(self, request: Request) -> bool:
        host = request.headers.first.get("host", "").lower()
        return ".lambda-url." in host and _HOST.fullmatch(host) is not None

    async def handle(self, request: Request) -> Response:
        match = _HOST.fullmatch(request.host.lower())
        assert match is not None
        entry = await self._database.read(partial(_find, url_id=match[1], region=match[2]))
        if entry is None:
            return refusal(403, "AccessDeniedException", {"Message": None})
        cors = entry.config.get("Cors") or {}
        answered = preflight(request, cors)
        if answered is not None:
            return answered
        try:
            response = await self._answer(request, entry, match[1])
        except BodyTooLarge:
            message = (
                f"Request must be smaller than {_MAX_BODY} bytes for the InvokeFunction operation"
            )
            response = refusal(413, "RequestEntityTooLargeException", {"message": message})
        except ServiceError as error:
            members = {"Reason": error.members["Reason"]} if "Reason" in error.members else {}
            document = {**members, "Type": "User", "message": error.message}
            if error.status >= 500:
                document = {"Message": "Internal Server Error"}
            response = refusal(error.status, error.code, document)
        extra = cors_headers(request, cors)
        if extra:
            # What is configured stands above what the function says.
            names = {name.lower() for name, _ in extra}
            kept = [field for field in response.headers if field[0].lower() not in names]
            response.headers = kept + extra
        return response

    async def _caller(self, request: Request, body: bytes) -> Principal | None:
        """Who signed; None for a request without a signature. Raises ServiceError for a bad one."""
        try:
            return await self._signatures.verify(request, "lambda", body)
        except MissingAuthenticationToken:
            return None

    def _is_allowed(self, request: Request, entry: Entry, principal: Principal | None) -> bool:
        keys = {
            "lambda:FunctionUrlAuthType": entry.config["AuthType"],
            "lambda:InvokedViaFunctionUrl": "true",
        }
        caller = principal or ANONYMOUS
        return all(
            self._authority.allows(caller, action, entry.ref.arn, keys, request)
            for action in _ACTIONS
        )

    async def _answer(self, request: Request, entry: Entry, url_id: str) -> Response:
        body = await request.body.read(_MAX_BODY)
        principal: Principal | None = None
        if entry.config["AuthType"] == "AWS_IAM":
            principal = await self._caller(request, body)
        if not self._signatures.is_open and not self._is_allowed(request, entry, principal):
            return refusal(403, "AccessDeniedException", {"Message": _FORBIDDEN})
        request_id = ids.request_id()
        now = self._clock.calendar()
        event = url_event(request, body, url_id, principal, request_id, now)
        payload, trace = orjson.dumps(event), event["headers"]["x-amzn-trace-id"]
        if entry.config["InvokeMode"] == "RESPONSE_STREAM":
            stream = await self._streams.open(entry.ref, payload, request_id, trace)
            answer = await streamed_answer(stream)
        else:
            outcome = (await self._invocations.call(entry.ref, payload, request_id, trace)).outcome
            answer = None if outcome.is_error else url_answer(outcome.payload)
        if answer is None:
            _log.info("the answer of %s is none for HTTP", entry.ref.arn)
            return refusal(502, "InternalServerErrorException", None)
        answer.headers.append(("x-amzn-RequestId", request_id))
        return answer


def refusal(status: int, code: str, document: dict[str, Any] | None) -> Response:
    """An answer that no function gave. Without a document it says what AWS says of faults inside functions."""
    body = b"Internal Server Error" if document is None else orjson.dumps(document)
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    return Response(status, [*headers, ("x-amzn-RequestId", ids.request_id())], body)


def _find(tx: Tx, url_id: str, region: str) -> Entry | None:
    row = URLS.holding(tx, f'"url_id":"{url_id}"')
    if row is None or row.scope.region != region:
        return None
    ref = FunctionRef(Scope(row.scope.account_id, region), row.owner, row.id)
    return Entry(ref, row.document)

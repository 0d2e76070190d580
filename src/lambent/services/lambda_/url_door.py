"""The door of function URLs: `ID.lambda-url.REGION.on.aws` and `ID.lambda-url.REGION.localhost[:PORT]`.

Who may come in: whoever may both `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`, which URLs ask for since
October 2025. With AuthType NONE nobody has a name, so the function's policy must let everybody; with AWS_IAM a
signature says who calls ("Control access to Lambda function URLs", Lambda developer guide).
"""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.core.context import ANONYMOUS
from lambent.core.errors import MissingAuthenticationToken, ServiceError
from lambent.core.http import BodyTooLarge, BytesBody, Response
from lambent.services.lambda_.url_cors import cors_headers, preflight
from lambent.services.lambda_.url_events import url_answer, url_event
from lambent.services.lambda_.url_streams import streamed_answer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.http import Request, Respond
    from lambent.core.ports import Authority, Signatures
    from lambent.services.lambda_.invocations import Invocations, Ran
    from lambent.services.lambda_.live_urls import Entry, LiveUrls
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


class UrlDoor:
    """Answers requests to function URLs."""

    def __init__(
        self,
        urls: LiveUrls,
        invocations: Invocations,
        streams: ResponseStreams,
        signatures: Signatures,
        authority: Authority,
        clock: Clock,
    ) -> None:
        self._urls = urls
        self._invocations = invocations
        self._streams = streams
        self._signatures = signatures
        self._authority = authority
        self._clock = clock

    def matches(self, request: Request) -> bool:
        host = request.headers.first.get("host", "").lower()
        return ".lambda-url." in host and _HOST.fullmatch(host) is not None

    def begin(self, request: Request, respond: Respond) -> Coroutine[Any, Any, Response] | None:
        """As `core.http.Begin`: a URL in memory that asks for no signature, a function that answers as a whole."""
        url_id, region = _named(request)
        entry, body = self._urls.get(url_id, region), request.body
        if (
            entry is None
            or entry.config["AuthType"] != "NONE"
            or entry.config["InvokeMode"] != "BUFFERED"
            or request.method == "OPTIONS"
            or not isinstance(body, BytesBody)
            or len(body.data) > _MAX_BODY
        ):
            return self.handle(request)
        try:
            if not self._signatures.is_open and not self._is_allowed(request, entry, None):
                respond(_shared(_forbidden(), request, entry))
                return None
            request_id = ids.request_id()
            event = self._event(request, body.data, url_id, None, request_id)
            payload, trace = orjson.dumps(event), event["headers"]["x-amzn-trace-id"]
            told = partial(_told, request, entry, request_id, respond)
            if self._invocations.begin_call(entry.ref, payload, request_id, trace, told):
                return None
        except ServiceError as error:
            respond(_shared(_refused(error), request, entry))
            return None
        return self.handle(request)

    async def handle(self, request: Request) -> Response:
        url_id, region = _named(request)
        entry = self._urls.get(url_id, region) or await self._urls.load(url_id, region)
        if entry is None:
            return refusal(403, "AccessDeniedException", {"Message": None})
        answered = preflight(request, entry.config.get("Cors") or {})
        if answered is not None:
            return answered
        try:
            response = await self._answer(request, entry, url_id)
        except BodyTooLarge:
            message = (
                f"Request must be smaller than {_MAX_BODY} bytes for the InvokeFunction operation"
            )
            response = refusal(413, "RequestEntityTooLargeException", {"message": message})
        except ServiceError as error:
            response = _refused(error)
        return _shared(response, request, entry)

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

    def _event(
        self,
        request: Request,
        body: bytes,
        url_id: str,
        principal: Principal | None,
        request_id: str,
    ) -> dict[str, Any]:
        return url_event(request, body, url_id, principal, request_id, self._clock.calendar())

    async def _answer(self, request: Request, entry: Entry, url_id: str) -> Response:
        body = await request.body.read(_MAX_BODY)
        principal: Principal | None = None
        if entry.config["AuthType"] == "AWS_IAM":
            principal = await self._caller(request, body)
        if not self._signatures.is_open and not self._is_allowed(request, entry, principal):
            return _forbidden()
        request_id = ids.request_id()
        event = self._event(request, body, url_id, principal, request_id)
        payload, trace = orjson.dumps(event), event["headers"]["x-amzn-trace-id"]
        if entry.config["InvokeMode"] == "RESPONSE_STREAM":
            stream = await self._streams.open(entry.ref, payload, request_id, trace)
            return _whole(await streamed_answer(stream), entry, request_id)
        ran = await self._invocations.call(entry.ref, payload, request_id, trace)
        return _of_function(ran, entry)


def _named(request: Request) -> tuple[str, str]:
    """Id and region of the URL that a request is for."""
    match = _HOST.fullmatch(request.host.lower())
    assert match is not None, "the door matches hosts"
    return match[1], match[2]


def _told(
    request: Request,
    entry: Entry,
    request_id: str,
    respond: Respond,
    result: Ran | ServiceError,
) -> None:
    """Answer a request that was begun. Raises nothing: who calls it has other work to finish."""
    try:
        response = (
            _refused(result) if isinstance(result, ServiceError) else _of_function(result, entry)
        )
        response = _shared(response, request, entry)
    except Exception:  # noqa: BLE001 - the boundary: one answer, one log record
        _log.exception("a request failed", extra={"request_id": request_id})
        response = refusal(502, "InternalServerErrorException", None)
    respond(response)


def _of_function(ran: Ran, entry: Entry) -> Response:
    """What a function's answer means."""
    outcome = ran.outcome
    answer = None if outcome.is_error else url_answer(outcome.payload)
    return _whole(answer, entry, ran.request_id)


def _whole(answer: Response | None, entry: Entry, request_id: str) -> Response:
    """With its request id; without an answer, what AWS says of that."""
    if answer is None:
        _log.info("the answer of %s is none for HTTP", entry.ref.arn)
        return refusal(502, "InternalServerErrorException", None)
    answer.headers.append(("x-amzn-RequestId", request_id))
    return answer


def _shared(response: Response, request: Request, entry: Entry) -> Response:
    """With the CORS headers of the URL: what is configured stands above what the function says."""
    extra = cors_headers(request, entry.config.get("Cors") or {})
    if extra:
        names = {name.lower() for name, _ in extra}
        kept = [field for field in response.headers if field[0].lower() not in names]
        response.headers = kept + extra
    return response


def _forbidden() -> Response:
    return refusal(403, "AccessDeniedException", {"Message": _FORBIDDEN})


def _refused(error: ServiceError) -> Response:
    """What Lambda refuses, as URLs say it."""
    members = {"Reason": error.members["Reason"]} if "Reason" in error.members else {}
    document = {**members, "Type": "User", "message": error.message}
    if error.status >= 500:
        document = {"Message": "Internal Server Error"}
    return refusal(error.status, error.code, document)


def refusal(status: int, code: str, document: dict[str, Any] | None) -> Response:
    """An answer that no function gave. Without a document it says what AWS says of faults inside functions."""
    body = b"Internal Server Error" if document is None else orjson.dumps(document)
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    return Response(status, [*headers, ("x-amzn-RequestId", ids.request_id())], body)

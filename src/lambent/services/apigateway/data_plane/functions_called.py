"""Functions as APIs name and call them: the URI of an integration or an authorizer, permissions, failures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.apis.callers import caller_for, with_stage_variables
from lambent.core import ids
from lambent.core.errors import ServiceError
from lambent.services.apigateway.data_plane.execution_log import shown
from lambent.services.apigateway.data_plane.failures import (
    INTERNAL,
    REQUEST_TOO_LARGE,
    Failure,
    misconfigured,
)

if TYPE_CHECKING:
    from datetime import datetime

    from lambent.core.ports import FunctionAnswer, Functions, ServiceCaller
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.execution_log import ExecutionLog

_URI = re.compile(
    r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path/"
    r"(?:2015-03-31/functions/(.+)/invocations|2014-11-13/functions/(.+)/invoke-async/?"
    r"|2021-11-15/functions/(.+)/response-streaming-invocations)"
)
_NO_OPERATION = (
    "<AccessDeniedException>\n"
    "  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    "</AccessDeniedException>\n"
)
_DENIED = frozenset({"AccessDeniedException", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Callee:
    """A function that an API calls, and in whose name: the service's, or that of a session of a role."""

    arn: str
    caller: ServiceCaller

    @property
    def url(self) -> str:
        """Where AWS calls it, which is what execution logs show."""
        region = self.arn.split(":")[3] if self.arn.count(":") > 3 else "us-east-1"
        return f"https://lambda.{region}.amazonaws.com/2015-03-31/functions/{self.arn}/invocations"


def callee(exchange: Exchange, uri: str, credentials: str, source_arn: str) -> Callee:
    """The function of a URI. Raises Failure for a URI that names none."""
    match = _URI.fullmatch(with_stage_variables(uri, exchange.stage_variables))
    if match is None:
        raise misconfigured("Invalid endpoint address")
    arn = match[1] or match[2] or match[3]
    role = with_stage_variables(credentials, exchange.stage_variables)
    caller = caller_for(role, source_arn, exchange.plan.live.account_id)
    if caller is None:
        raise misconfigured("Invalid credentials: the ARN of a role is needed")
    return Callee(arn, caller)


async def call(
    functions: Functions, target: Callee, payload: bytes, trace_id: str
) -> FunctionAnswer:
    """The function's answer. Raises Failure."""
    try:
        return await functions.invoke(target.arn, payload, target.caller, trace_id)
    except ServiceError as error:
        raise not_called(error) from error


def tell_request(journal: ExecutionLog, exchange: Exchange, target: Callee, payload: bytes) -> None:
    """What the execution log has of a call before it is made."""
    live = exchange.plan.live
    headers = {
        "x-amzn-apigateway-api-id": live.api_id,
        "Accept": "application/json",
        "User-Agent": f"AmazonAPIGateway_{live.api_id}",
        "Host": target.url.split("/")[2],
        "X-Amzn-Trace-Id": exchange.trace_id,
        "x-amzn-lambda-integration-tag": exchange.request_id,
        "X-Amz-Source-Arn": target.caller.source_arn,
    }
    journal.info(f"Endpoint request URI: {target.url}")
    journal.data(f"Endpoint request headers: {shown(headers)}")
    text = payload.decode(errors="replace")
    journal.data(f"Endpoint request body after transformations: {text}")
    journal.info(f"Sending request to {target.url}")


def refused_verb(journal: ExecutionLog | None, now: datetime) -> Failure:
    """What Lambda makes of a call that is no POST, which is what an integration's `httpMethod` says."""
    request_id = ids.request_id()
    if journal is not None:
        headers = {
            "Date": f"{now:%a, %d %b %Y %H:%M:%S GMT}",
            "Content-Length": str(len(_NO_OPERATION)),
            "Connection": "keep-alive",
            "x-amzn-RequestId": request_id,
        }
        journal.info("Received response. Status: 403, Integration latency: 0 ms")
        journal.data(f"Endpoint response headers: {shown(headers)}")
        journal.data(f"Endpoint response body before transformations: {_NO_OPERATION}")
        journal.error(f"Lambda invocation failed with status: 403. Lambda request id: {request_id}")
    return misconfigured("")


def not_called(error: ServiceError) -> Failure:
    """Why a function could not be called; to clients it is all one."""
    if error.code in _DENIED:
        return misconfigured("Invalid permissions on Lambda function")
    if error.status == 413:
        return Failure(REQUEST_TOO_LARGE, log="Execution failed: the event is over Lambda's limit")
    return Failure(INTERNAL, log=f"Lambda invocation failed with status: {error.status}")

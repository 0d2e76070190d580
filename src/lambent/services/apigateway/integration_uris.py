"""What the URI of an integration may be.

`arn:aws:apigateway:REGION:[SUBDOMAIN.]SERVICE:path|action/SERVICE_API` for AWS services, an HTTP address for the others
(PutIntegration, `uri`); both may hold stage variables.
"""

from __future__ import annotations

import re

from lambent.apis.errors import BadRequest

_VARIABLE = r"\$\{stageVariables\.\w+\}"
_ARN = re.compile(r"arn:aws[\w-]*:apigateway:(?:[\w-]+|" + _VARIABLE + r"):([^:]+):(.+)", re.DOTALL)
# What is to be called itself, where a call of it is wanted.
_RESOURCE = re.compile(r"arn:aws[\w-]*:(?!apigateway:)[\w-]+:[\w-]*:\d*:.+", re.DOTALL)
_NO_CALL = "AWS ARN for integration must contain path or action"
_FUNCTION = re.compile(
    r"path/\d{4}-\d{2}-\d{2}/functions/[^/]+/(invocations|response-streaming-invocations)"
)
# A host, or a stage variable that stands for it.
_HTTP = re.compile(
    r"(https?://)(" + _VARIABLE + r"|[A-Za-z0-9._\-{}$:\[\]]+)([/?#].*)?|" + _VARIABLE + r".*"
)
_STREAMING = "/response-streaming-invocations"
_PROXIED = ("lambda", "firehose", "states")


def check_uri(kind: str, uri: str, mode: str = "BUFFERED") -> None:
    """Raises BadRequest where an integration of that type, and of that mode of transfer, cannot have that URI."""
    if kind in ("HTTP", "HTTP_PROXY"):
        if not _HTTP.fullmatch(uri):
            raise BadRequest("Invalid HTTP endpoint specified for URI")
        return
    found = _ARN.fullmatch(uri)
    if found is None:
        if _RESOURCE.fullmatch(uri):
            raise BadRequest(_NO_CALL)
        raise BadRequest("Invalid ARN specified in the request")
    service, call = found[1].rpartition(".")[2], found[2]
    if not call.startswith(("path/", "action/")):
        raise BadRequest(_NO_CALL)
    if kind == "AWS_PROXY" and service not in _PROXIED:
        raise BadRequest(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and "
            "Firehose stream invocations."
        )
    if service == "lambda" and call.startswith("path/") and not _FUNCTION.fullmatch(call):
        raise BadRequest("Invalid function ARN or invalid uri")
    if kind == "AWS_PROXY":
        _check_mode(call, mode)


def _check_mode(call: str, mode: str) -> None:
    invoked_by = "InvokeWithResponseStream" if call.endswith(_STREAMING) else "Invoke"
    if (invoked_by == "Invoke") != (mode == "BUFFERED"):
        raise BadRequest(
            f"Invalid ResponseTransferMode. Cannot use ResponseTransferMode {mode} for Lambda functions "
            f"invoked by {invoked_by} for AWS_PROXY integrations."
        )

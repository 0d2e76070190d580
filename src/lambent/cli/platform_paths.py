"""Requests to the platform's own paths, most of them signed with a root key that the command line has.

They hold what nobody else is to see, so they go to the platform and never to a proxy.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import click
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_PATIENCE_S = 30.0
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(access: dict[str, str], path: str, document: dict[str, Any]) -> Any:
    """What the platform answers to a POST. Raises ClickException, one line, where it refuses or is not there.

    Args:
        access: what `lambent env` prints.
    """
    url = f"{access['AWS_ENDPOINT_URL']}{path}"
    signed = AWSRequest("POST", url, data=json.dumps(document).encode())
    root = Credentials(access["AWS_ACCESS_KEY_ID"], access["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(root, "lambent", access["AWS_REGION"]).add_auth(signed)
    request = urllib.request.Request(  # noqa: S310 - the platform's own address
        url, signed.data, dict(signed.headers.items()), method="POST"
    )
    return answer_to(request)


def answer_to(request: urllib.request.Request, patience_s: float = _PATIENCE_S) -> Any:
    """The document of an answer. Raises ClickException, one line, where the platform refuses or is not there."""
    try:
        with _opener.open(request, timeout=patience_s) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            raise click.ClickException(_message(refused)) from refused
    except (OSError, ValueError, http.client.HTTPException) as problem:
        where = f"{request.type}://{request.host}"
        raise click.ClickException(f"no platform answers at {where}: {problem}") from problem


def _message(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(refused)["message"])
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return f"no platform answers at {refused.url}: {refused}"

"""Requests to the platform's own paths, signed with a root key that the command line has."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import click
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_PATIENCE_S = 30


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
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            raise click.ClickException(json.load(refused)["message"]) from refused
    except OSError as problem:
        raise click.ClickException(f"no platform answers at {url}: {problem}") from problem

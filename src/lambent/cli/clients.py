"""AWS clients of the platform on this machine: with its root key, and nothing of the caller's own configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3.session
import botocore.session
from botocore.config import Config as ClientConfig

from lambent.cli.access import variables_of

if TYPE_CHECKING:
    from lambent.config import Config

_PATIENCE_S = 60


def client_of(config: Config, service: str, *, read_timeout: float = _PATIENCE_S) -> Any:
    """A boto3 client that tries once. Raises ClickException where no platform was started."""
    access = variables_of(config)
    # Without the caller's profile, which belongs to another account and need not even exist.
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    make: Any = boto3.session.Session(botocore_session=session).client
    return make(
        service,
        endpoint_url=access["AWS_ENDPOINT_URL"],
        region_name=access["AWS_REGION"],
        aws_access_key_id=access["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=access["AWS_SECRET_ACCESS_KEY"],
        config=ClientConfig(read_timeout=read_timeout, retries={"total_max_attempts": 1}),
    )

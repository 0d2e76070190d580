"""How clients on this machine reach the platform, as the environment variables of AWS's SDKs and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lambent.storage.client_access import ClientAccessMissing, read_client_access
from lambent.storage.data_dir import DataDir

if TYPE_CHECKING:
    from lambent.config import Config


def variables_of(config: Config, account_id: str = "") -> dict[str, str]:
    """Endpoint, region and root credentials, of the default account when none is given.

    Raises ClickException, one line, where no platform was started or it has no such account.
    """
    try:
        access = read_client_access(DataDir(config.data_dir), account_id)
    except ClientAccessMissing as problem:
        raise click.ClickException(str(problem)) from problem
    return {
        "AWS_ENDPOINT_URL": access.endpoint,
        "AWS_REGION": access.region,
        "AWS_DEFAULT_REGION": access.region,
        "AWS_ACCESS_KEY_ID": access.access_key_id,
        "AWS_SECRET_ACCESS_KEY": access.secret_access_key,
    }

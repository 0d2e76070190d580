"""`lambent env`: what AWS clients need to find the platform, for `eval "$(lambent env)"`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from lambent.cli.commands import settings
from lambent.storage.client_access import ClientAccessMissing, read_client_access
from lambent.storage.data_dir import DataDir

if TYPE_CHECKING:
    from lambent.config import Config


@click.command("env")
@settings("data_dir")
def command(config: Config) -> None:
    """Print endpoint, region and root credentials as shell exports."""
    try:
        access = read_client_access(DataDir(config.data_dir))
    except ClientAccessMissing as problem:
        raise click.ClickException(str(problem)) from problem
    variables = {
        "AWS_ENDPOINT_URL": access.endpoint,
        "AWS_REGION": access.region,
        "AWS_DEFAULT_REGION": access.region,
        "AWS_ACCESS_KEY_ID": access.access_key_id,
        "AWS_SECRET_ACCESS_KEY": access.secret_access_key,
    }
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")

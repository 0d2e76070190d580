"""`lambent env`: what AWS clients need to find the platform, for `eval "$(lambent env)"`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from lambent import app
from lambent.cli.commands import settings

if TYPE_CHECKING:
    from lambent.config import Config


@click.command("env")
@settings("data_dir", "port", "host", "region", "account")
def command(config: Config) -> None:
    """Print endpoint, region and root credentials as shell exports."""
    try:
        variables = app.client_environment(config)
    except app.NotStarted as problem:
        raise click.ClickException(str(problem)) from problem
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")

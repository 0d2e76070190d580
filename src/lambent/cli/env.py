"""`lambent env`: what AWS clients need to find the platform, for `eval "$(lambent env)"`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from lambent.cli.access import variables_of
from lambent.cli.commands import settings

if TYPE_CHECKING:
    from lambent.config import Config


@click.command("env")
@click.option("--account", default="", help="Of another account than the default one.")
@settings("data_dir")
def command(config: Config, account: str) -> None:
    """Print endpoint, region and root credentials as shell exports."""
    for name, value in variables_of(config, account).items():
        click.echo(f"export {name}={shlex.quote(value)}")

"""`lambent core`: the core process itself, started by the launcher and by nobody else."""

from __future__ import annotations

import sys

import click

from lambent import app
from lambent.config import Config


@click.command("core", hidden=True)
@click.option("--control-fd", type=int, required=True)
@click.option("--runtimes", required=True)
@click.argument("config_json")
def command(control_fd: int, runtimes: str, config_json: str) -> None:
    """Run the core on the launcher's control socket."""
    try:
        app.run_core(Config.from_json(config_json), control_fd, runtimes)
    except app.CannotStart as problem:
        click.echo(f"lambent: {problem}", err=True)
        sys.exit(app.EXIT_CANNOT_START)

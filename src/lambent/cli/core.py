"""`lambent core`: the core process itself, started by the launcher and by nobody else."""

from __future__ import annotations

import os
import socket
import sys

import click

from lambent.config import Config
from lambent.core import plain_log
from lambent.storage.data_dir import DataDir
from lambent.storage.errors import StorageUnusable

# sysexits.h: EX_CONFIG. The supervisor that started us need not try again.
EXIT_CANNOT_START = 78


@click.command("core", hidden=True)
@click.option("--control-fd", type=int, required=True)
@click.option("--secrets-fd", type=int, required=True)
@click.option("--runtimes", required=True)
@click.argument("config_json")
def command(control_fd: int, secrets_fd: int, runtimes: str, config_json: str) -> None:
    """Run the core on the launcher's control socket."""
    os.umask(
        0o077
    )  # what functions print and events carry is nobody else's; code sets modes of its own
    with open(secrets_fd) as secrets:
        secrets.seek(0)
        config = Config.from_json(config_json, secrets.read())
    plain_log.start(config.log_style, "core")
    control = socket.socket(fileno=control_fd)
    data_dir = DataDir(config.data_dir)
    try:
        data_dir.claim()
        # From here on the directory is ours, and the launcher may start a spawner, which sweeps what an earlier one
        # left. It starts while we import everything else.
        control.send(b"claimed")
        from lambent.cli import serve  # noqa: PLC0415 - see above

        serve.run(config, data_dir, control, runtimes)
    except StorageUnusable as problem:
        click.echo(f"lambent: {problem}", err=True)
        sys.exit(EXIT_CANNOT_START)

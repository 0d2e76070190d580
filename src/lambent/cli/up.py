"""`lambent up`: hands over to the launcher, which stays as parent of all that runs."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import lambent
from lambent.cli.commands import settings
from lambent.storage.data_dir import DataDir
from lambent.storage.errors import StorageUnusable

if TYPE_CHECKING:
    from lambent.config import Config

# The launcher is privileged: it runs without site-packages and without the user's Python settings (-I -S).
_LAUNCH = "import sys; sys.path.insert(0, {source!r}); from lambent.execution.launcher.main import main; main()"


@click.command("up")
@settings(
    "data_dir",
    "port",
    "host",
    "account",
    "region",
    "auth",
    "isolation",
    "network_mode",
    "test_mode",
    "core_user",
)
def command(config: Config) -> None:
    """Start the platform and keep it running until Ctrl-C."""
    if config.auth == "open":
        click.echo("WARNING: --auth open: signatures and permissions are not checked.", err=True)
    if config.isolation == "none":
        click.echo("WARNING: --isolation none: functions are not isolated.", err=True)
    if config.core_user == "root" and os.geteuid() == 0:
        click.echo("WARNING: --core-user root: the core runs with all of root's power.", err=True)
    try:
        DataDir(config.data_dir).prepare(config.core_uid)
    except StorageUnusable as problem:
        raise click.ClickException(str(problem)) from problem
    sys.stdout.flush()
    source = str(Path(lambent.__file__).parent.parent)
    # The launcher takes them once it can; until then none ends it halfway. A mask outlives exec.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    os.execv(  # noqa: S606 - replacing ourselves is the point: one process less
        sys.executable,
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            _LAUNCH.format(source=source),
            config.to_json(),
            str(config.core_uid),
        ],
    )

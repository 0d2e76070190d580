"""`lambent up`: hands over to the launcher, which stays as parent of all that runs."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import lambent
from lambent.cli.commands import settings
from lambent.core import plain_log
from lambent.storage.data_dir import DataDir
from lambent.storage.errors import StorageUnusable

if TYPE_CHECKING:
    from lambent.config import Config

_log = logging.getLogger(__name__)

# The launcher is privileged: it runs without site-packages and without the user's Python settings (-I -S).
_LAUNCH = "import sys; sys.path.insert(0, {source!r}); from lambent.execution.launcher.main import main; main()"
_OPEN = (
    "--auth open: signatures and permissions are not checked. Whoever reaches this platform is the root of every "
    "account. For throw-away test runs only."
)


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
    "log_format",
    "log_level",
)
def command(config: Config) -> None:
    """Start the platform and keep it running until Ctrl-C."""
    if config.otel_endpoint and not _has_exporter():
        raise click.ClickException("otel_endpoint needs an extra: pip install 'lambent[otel]'")
    _warn(config)
    try:
        DataDir(config.data_dir).prepare(config.core_uid)
    except StorageUnusable as problem:
        raise click.ClickException(str(problem)) from problem
    sys.stdout.flush()
    secrets = os.memfd_create("lambent-secrets")  # it outlives exec, and no other user can open it
    os.write(secrets, config.secrets_to_json().encode())
    os.set_inheritable(secrets, True)
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
            str(secrets),
        ],
    )


def _has_exporter() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # not even what it would be in
        return False


def _warn(config: Config) -> None:
    """What makes it less safe than it could be is said loudly: to people, or as lines of the log."""
    warnings = {
        _OPEN: config.auth == "open",
        "--isolation none: functions are not isolated.": config.isolation == "none",
        "--core-user root: the core runs with all of root's power.": config.core_user == "root"
        and os.geteuid() == 0,
    }
    if config.log_style.is_json():
        plain_log.start(config.log_style, "up")
    for text, is_so in warnings.items():
        if is_so and config.log_style.is_json():
            _log.warning(text)
        elif is_so:
            click.echo(f"WARNING: {text}", err=True)

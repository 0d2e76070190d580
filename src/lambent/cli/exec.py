"""`lambent exec -- COMMAND`: any tool that speaks AWS, against this platform.

Endpoint, region and root keys go into its environment; whatever the caller has set of another account goes out. The
JavaScript SDK v2 (claudia, node-lambda, Serverless 3, grunt and gulp plugins) has no setting for the endpoint, so Node
programs get a preload that sets it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lambent.cli.access import variables_of
from lambent.cli.commands import settings

if TYPE_CHECKING:
    from lambent.config import Config

_PRELOAD = Path(__file__).parents[1] / "execution" / "runtimes" / "node" / "aws_sdk_v2.js"
# They would win over the keys, or lead elsewhere.
_ELSEWHERE = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("command_line", nargs=-1, required=True, type=click.UNPROCESSED)
@settings("data_dir")
def command(config: Config, command_line: tuple[str, ...]) -> None:
    """Run a command against this platform: endpoint, keys and region are set for it."""
    environment = dict(os.environ)
    for name in _ELSEWHERE:
        environment.pop(name, None)
    # A service's own endpoint wins over the general one.
    for name in [name for name in environment if name.startswith("AWS_ENDPOINT_URL_")]:
        del environment[name]
    environment |= variables_of(config)
    options = environment.get("NODE_OPTIONS", "")
    environment["NODE_OPTIONS"] = f'{options} --require "{_PRELOAD}"'.strip()
    try:
        os.execvpe(command_line[0], command_line, environment)  # noqa: S606 - what the user asks for
    except OSError as problem:
        click.echo(f"lambent exec: {command_line[0]}: {problem.strerror}", err=True)
        raise SystemExit(
            _NOT_FOUND if isinstance(problem, FileNotFoundError) else _NOT_EXECUTABLE
        ) from None

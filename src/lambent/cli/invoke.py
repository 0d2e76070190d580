"""`lambent invoke FUNCTION`: call a function, see its answer on stdout and its log on stderr.

The exit status tells what the AWS CLI's does not: 1 for a function that failed, 2 for a call that never reached it.
"""

from __future__ import annotations

import base64
import sys
from typing import IO, TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from lambent.cli.clients import client_of
from lambent.cli.commands import settings

if TYPE_CHECKING:
    from lambent.config import Config

_FUNCTION_FAILED = 1
_NOT_CALLED = 2
# The longest that a function may run, and a little more.
_PATIENCE_S = 930


@click.command("invoke")
@click.argument("function")
@click.option(
    "-e",
    "--event",
    type=click.File("rb"),
    help="JSON file with the event; - is stdin. Default: {}.",
)
@click.option("--qualifier", help="A version or an alias.")
@settings("data_dir")
def command(config: Config, function: str, event: IO[bytes] | None, qualifier: str | None) -> None:
    """Invoke a function and print its answer; its log goes to stderr."""
    payload = event.read() if event is not None else b"{}"
    try:
        answer = client_of(config, "lambda", read_timeout=_PATIENCE_S).invoke(
            FunctionName=function,
            Payload=payload,
            LogType="Tail",
            **({"Qualifier": qualifier} if qualifier else {}),
        )
    except (ClientError, BotoCoreError) as problem:
        click.echo(f"lambent invoke: {_words(problem)}", err=True)
        sys.exit(_NOT_CALLED)
    click.echo(
        base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace"), err=True, nl=False
    )
    sys.stdout.buffer.write(answer["Payload"].read() + b"\n")
    sys.stdout.buffer.flush()
    sys.exit(_FUNCTION_FAILED if "FunctionError" in answer else 0)


def _words(problem: ClientError | BotoCoreError) -> str:
    """What the platform has said, without the client's sentence around it; one line."""
    if isinstance(problem, EndpointConnectionError):
        text = f"no platform answers at {problem.kwargs['endpoint_url']}"
    elif isinstance(problem, ClientError):
        error = problem.response.get("Error", {})
        message, code = error.get("Message"), error.get("Code", "Unknown")
        text = f"{message} ({code})" if message else str(code)
    else:
        text = str(problem)
    return " ".join(text.split())

"""`lambent account create`: one more account on a running platform, with a root key of its own."""

from __future__ import annotations

import json
import shlex
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import click
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lambent.cli.access import variables_of
from lambent.cli.commands import settings

if TYPE_CHECKING:
    from lambent.config import Config

_PATIENCE_S = 30


@click.group("account")
def command() -> None:
    """Accounts of the platform."""


@command.command("create")
@click.argument("account_id", required=False)
@settings("data_dir")
def create(config: Config, account_id: str | None) -> None:
    """Make an account (a random id when none is given) and print its root key as shell exports."""
    access = variables_of(config)
    made = _ask(access, {} if account_id is None else {"account_id": account_id})
    click.echo(f"# account {made['account_id']}; again: lambent env --account {made['account_id']}")
    exports = access | {
        "AWS_ACCESS_KEY_ID": made["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": made["secret_access_key"],
    }
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _ask(access: dict[str, str], document: dict[str, str]) -> Any:
    """What the platform answers. Raises ClickException, one line, where it refuses or is not there."""
    url = f"{access['AWS_ENDPOINT_URL']}/_lambent/accounts"
    signed = AWSRequest("POST", url, data=json.dumps(document).encode())
    root = Credentials(access["AWS_ACCESS_KEY_ID"], access["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(root, "lambent", access["AWS_REGION"]).add_auth(signed)
    request = urllib.request.Request(  # noqa: S310 - the platform's own address
        url, signed.data, dict(signed.headers.items()), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            raise click.ClickException(json.load(refused)["message"]) from refused
    except OSError as problem:
        raise click.ClickException(f"no platform answers at {url}: {problem}") from problem

"""`lambent account create`: one more account on a running platform, with a root key of its own."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from lambent.cli.access import variables_of
from lambent.cli.commands import option_given, settings
from lambent.cli.platform_paths import ask

if TYPE_CHECKING:
    from lambent.config import Config


@click.group("account")
def command() -> None:
    """Accounts of the platform."""


@command.command("create")
@click.argument("account_id", required=False)
@settings("data_dir")
def create(config: Config, account_id: str | None) -> None:
    """Make an account (a random id when none is given) and print its root key as shell exports."""
    access = variables_of(config)
    made = ask(
        access, "/_lambent/accounts", {} if account_id is None else {"account_id": account_id}
    )
    again = f"lambent env --account {made['account_id']}{option_given('data_dir')}"
    click.echo(f"# account {made['account_id']}; again: {again}")
    exports = access | {
        "AWS_ACCESS_KEY_ID": made["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": made["secret_access_key"],
    }
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")

"""The `lambent` command: its groups and the options that several commands share."""

from __future__ import annotations

import dataclasses
import importlib
import shlex
from typing import TYPE_CHECKING, Any

import click

from lambent import __version__, config
from lambent.config import Config, ConfigInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

# Command -> the module that holds it, imported when it is used: `lambent version` must not wait for SQLAlchemy.
_COMMANDS = {
    "up": "lambent.cli.up",
    "env": "lambent.cli.env",
    "account": "lambent.cli.account",
    "iam": "lambent.cli.iam",
    "invoke": "lambent.cli.invoke",
    "logs": "lambent.cli.logs",
    "top": "lambent.cli.top",
    "bill": "lambent.cli.bill",
    "cost": "lambent.cli.cost",
    "exec": "lambent.cli.exec",
    "events": "lambent.cli.events",
    "doctor": "lambent.cli.doctor",
    "version": "lambent.cli.version",
    "core": "lambent.cli.core",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        return command


@click.group(cls=_LazyGroup)
@click.version_option(__version__, prog_name="lambent")
def lambent() -> None:
    """A self-hosted AWS Lambda."""


_HELP = {setting.name: setting.metadata["help"] for setting in dataclasses.fields(Config)}

_OPTIONS: dict[str, dict[str, Any]] = {
    "data_dir": {"type": click.Path()},
    "host": {},
    "port": {"type": int},
    "account": {},
    "region": {},
    "auth": {"type": click.Choice(["iam", "open"])},
    "isolation": {"type": click.Choice(["auto", "require", "none"])},
    "network_mode": {"type": click.Choice(["auto", "internet", "platform", "none"])},
    "test_mode": {"is_flag": True, "default": None},
    "log_format": {"type": click.Choice(["auto", "json", "text"])},
    "log_level": {"type": click.Choice(["debug", "info", "warning", "error"])},
    "core_user": {"type": click.Choice(["auto", "root"])},
}
# Where the option is not called as the setting.
_FLAGS = {"network_mode": "--network"}


def option_given(name: str) -> str:
    """An option as it was given to this command, to be put behind another one; "" where it was not."""
    value = click.get_current_context().params.get(name)
    return "" if value is None else f" {_flag(name)} {shlex.quote(str(value))}"


def _flag(name: str) -> str:
    return _FLAGS.get(name, "--" + name.replace("_", "-"))


def settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these settings as options; it receives one `Config` made of them."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**options: Any) -> None:
            given = {name: options.pop(name) for name in names}
            try:
                loaded = config.load(given)
            except ConfigInvalid as problem:
                raise click.ClickException(str(problem)) from problem
            command(loaded, **options)

        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        decorated: Callable[..., None] = run
        for name in reversed(names):
            decorated = click.option(_flag(name), name, help=_HELP[name], **_OPTIONS[name])(
                decorated
            )
        return decorated

    return decorate

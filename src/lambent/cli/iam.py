"""`lambent iam`: which statement lets somebody do something, or does not; and what a role really needs."""

from __future__ import annotations

import json
import sys
from datetime import UTC
from typing import TYPE_CHECKING, Any, TextIO, get_args

import click

from lambent.cli.access import variables_of
from lambent.cli.commands import settings
from lambent.cli.platform_paths import ask
from lambent.cli.since import Since
from lambent.policy.documents import parse
from lambent.policy.faults import MalformedPolicy
from lambent.policy.rules import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from lambent.config import Config

_DENIED = 1


class _NotAnswered(click.ClickException):
    """Not the same as a no."""

    exit_code = 2


@click.group("iam")
def command() -> None:
    """Permissions, and why they are what they are."""


@command.command("explain")
@click.option(
    "--principal",
    required=True,
    help="The ARN of a user, a role, a session or a root; or a service such as logs.amazonaws.com.",
)
@click.option("--action", required=True, help="Such as lambda:InvokeFunction.")
@click.option("--resource", required=True, help="The ARN that it is done to, or *.")
@click.option(
    "--context",
    "keys",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition key of the request, as often as needed.",
)
@settings("data_dir")
def explain(
    config: Config, principal: str, action: str, resource: str, keys: tuple[str, ...]
) -> None:
    """Name the statements that decide, and those that came near; exit with 1 for a no."""
    asked = {
        "principal": principal,
        "action": action,
        "resource": resource,
        "context": _context(keys),
    }
    try:
        found = ask(variables_of(config), "/_lambent/iam/explain", asked)
    except click.ClickException as problem:
        raise _NotAnswered(problem.message) from problem
    click.echo(f"{'allowed' if found['allowed'] else 'denied'}: {found['reason']}")
    for line in (*_lines(found["deciding"]), *_lines(found["passed_over"])):
        click.echo(line)
    if not found["allowed"] and not found["deciding"]:
        click.echo(f"  policies looked at: {', '.join(found['policies']) or 'there are none'}")
    sys.exit(0 if found["allowed"] else _DENIED)


@command.command("suggest")
@click.option("--role", required=True, help="The name or ARN of a role.")
@click.option(
    "--since",
    type=Since(),
    help="Only what was called since then: 12h, 7d, 4w, or a time. If not given, everything.",
)
@click.option("--include-denied", is_flag=True, help="Cover what was refused, too.")
@settings("data_dir")
def suggest(config: Config, role: str, since: datetime | None, include_denied: bool) -> None:
    """Print the least policy that covers what a role has called."""
    asked: dict[str, Any] = {"role": role, "include_denied": include_denied}
    if since is not None:
        asked["since_ms"] = int(since.timestamp() * 1000)
    found = ask(variables_of(config), "/_lambent/iam/suggest", asked)
    for note in found["notes"]:
        click.echo(note, err=True)
    for denied in found["denied"]:
        click.echo(f"denied: {denied['action']} on {denied['resource']}", err=True)
    if not found["policy"]["Statement"]:
        what = "been allowed" if found["denied"] else "called"
        when = "" if since is None else f" since {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        raise click.ClickException(f"{found['role']} has {what} nothing{when}")
    click.echo(json.dumps(found["policy"], indent=2))


@command.command("check")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option(
    "--kind",
    type=click.Choice(get_args(Kind)),
    default="identity",
    show_default=True,
    help="Where the policy is to stand: what it may say hangs on that.",
)
def check(file: TextIO, kind: Kind) -> None:
    """Say whether IAM would take a policy document, and if not, why and where; exit with 1 then.

    FILE is a JSON document, - for standard input. No platform is asked.
    """
    try:
        parse(file.read(), kind)
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file.name}: not UTF-8, from byte {error.start} on") from error
    except MalformedPolicy as fault:
        click.echo(f"{file.name}:{fault.line}:{fault.column}: {fault.reason or fault.message}")
        if fault.reason:
            click.echo(f"  IAM says: {fault.message}")
        sys.exit(_DENIED)
    click.echo(f"{file.name}: IAM would take it")


def _context(keys: Iterable[str]) -> dict[str, list[str]]:
    context: dict[str, list[str]] = {}
    for each in keys:
        key, is_pair, value = each.partition("=")
        if not is_pair:
            raise click.BadParameter(f"{each!r} is not KEY=VALUE", param_hint="--context")
        context.setdefault(key, []).append(value)
    return context


def _lines(places: Iterable[dict[str, Any]]) -> Iterator[str]:
    for place in places:
        yield f"  {place['text']}"
        for number, line in enumerate(place["statement"], place["line"]):
            yield f"    {number:4}  {line}"

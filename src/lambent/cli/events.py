"""`lambent events`: sample events of AWS's event sources, to test functions with."""

from __future__ import annotations

import json

import click

from lambent.testing import sample_events


@click.group("events")
def command() -> None:
    """Sample events of AWS's event sources."""


@command.command("generate")
@click.argument("source", type=click.Choice(list(sample_events.SOURCES)))
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
def generate(source: str, parameters: tuple[str, ...]) -> None:
    """Print an event of SOURCE as JSON; `bucket=mine` and the like set what is in it."""
    given = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals:
            raise click.BadParameter(f"{parameter} is not NAME=VALUE")
        given[name.replace("-", "_")] = value
    try:
        event = sample_events.generate(source, **given)
    except (sample_events.UnknownParameter, ValueError) as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(json.dumps(event, indent=2))

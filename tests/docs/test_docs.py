"""What can be set, typed or called is in the documentation, and nothing documented is gone."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import click

from lambent.cli.commands import lambent
from lambent.config import Config

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


def test_every_setting_is_documented_and_no_other() -> None:
    page = (DOCS / "reference" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))

    assert documented == {setting.name for setting in fields(Config)}


def test_the_default_of_every_setting_is_the_documented_one() -> None:
    page = (DOCS / "reference" / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", page, re.MULTILINE))
    config = Config()

    for name, text in rows.items():
        if name == "data_dir":
            continue
        value = getattr(config, name)
        shown = (
            str(value).lower()
            if isinstance(value, bool)
            else f"{value:g}"
            if isinstance(value, float)
            else str(value)
        )
        assert shown == text, name


def _parameters(command: click.Command) -> list[click.Parameter]:
    """Those of a command and of its subcommands."""
    found = list(command.params)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            found += _parameters(each)
    return found


def test_every_command_and_option_is_documented() -> None:
    page = (DOCS / "reference" / "cli.md").read_text()
    context = click.Context(lambent)

    for name in lambent.list_commands(context):
        command = lambent.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        section = page.split(f"## `lambent {name}`")[1].split("\n## ")[0]
        for parameter in _parameters(command):
            if isinstance(parameter, click.Argument):
                continue  # in the heading
            assert f"`{parameter.opts[0]}" in section, f"{name} {parameter.opts[0]}"


def test_every_option_that_is_documented_exists() -> None:
    page = (DOCS / "reference" / "cli.md").read_text()
    context = click.Context(lambent)
    options = {
        option
        for name in lambent.list_commands(context)
        if (command := lambent.get_command(context, name)) is not None
        for parameter in _parameters(command)
        for option in parameter.opts
    }

    assert set(re.findall(r"`(--[a-z-]+)", page)) - {"--help"} <= options


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]

    for page in pages:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page}: {target}"

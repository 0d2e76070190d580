"""`lambent version`, `--version` and the list of commands."""

from __future__ import annotations

import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lambent import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


def test_version(run: Callable[..., Result]) -> None:
    result = run("version")
    assert result.exit_code == 0
    assert result.stdout == f"lambent {__version__} (Python {platform.python_version()})\n"


def test_version_option(run: Callable[..., Result]) -> None:
    assert run("--version").stdout.split()[-1] == __version__


def test_help_names_what_people_use(run: Callable[..., Result]) -> None:
    shown = run("--help").stdout.partition("Commands:")[2]
    assert [line.split()[0] for line in shown.splitlines() if line] == [
        *("up", "env", "account", "iam", "invoke", "logs", "top", "bill"),
        *("cost", "exec", "events", "doctor", "version"),
    ]


def test_an_unknown_command(run: Callable[..., Result]) -> None:
    result = run("down")
    assert result.exit_code == 2
    assert "No such command 'down'" in result.stderr


@pytest.mark.parametrize("command", ["version", "env"])
def test_quick_commands_wait_for_no_database_and_no_models(command: str) -> None:
    heavy = ("sqlalchemy", "alembic", "botocore", "asyncio")
    program = (
        "import sys; from click.testing import CliRunner; from lambent.cli.commands import lambent\n"
        f"before = set(sys.modules)\nCliRunner().invoke(lambent, ['{command}', '--help'])\n"
        f"print([name for name in {heavy} if name in set(sys.modules) - before])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


def test_the_platform_starts_without_what_it_seldom_needs() -> None:
    """Each costs a tenth of a second and ten megabytes, whether there is anything to do for it or not."""
    heavy = ("alembic", "botocore", "boto3", "urllib3", "airspeed", "jsonschema")
    program = f"import sys, lambent.app; print([name for name in {heavy} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"

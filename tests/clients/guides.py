"""Guides of docs/guides, followed in a shell: what a block prints must be what the guide says it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.conftest import require

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
LIMIT_S = 120
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"(?:#|//) ([\w.]+\.\w+)\n")
_END = "--- the end of a block ---"


class Guide:
    """One guide. Args: the name of its file."""

    def __init__(self, name: str) -> None:
        first, *rest = (GUIDES / name).read_text().split("\n## ")
        self._sections = {"": first}
        for each in rest:
            title, _, text = each.partition("\n")
            self._sections[title] = text

    @property
    def titles(self) -> list[str]:
        """The headings; "" for what stands above the first."""
        return list(self._sections)

    def blocks(self, title: str) -> Iterator[tuple[str, str]]:
        """(language, text) of a section."""
        for match in _BLOCK.finditer(self._sections[title]):
            yield match[1], match[2]


class Shell:
    """Follows guides in a directory, as the account of a boto3 client.

    Args:
        programs: what a program is instead, as a line of shell: downloads are there already.
    """

    def __init__(self, directory: Path, client: Any, **programs: str) -> None:
        self._directory = directory
        self._port = urlsplit(client.meta.endpoint_url).port
        tools = directory / "bin"
        tools.mkdir()
        given = {"aws": f'exec {sys.executable} -m awscli "$@"', **programs}
        for name, line in given.items():
            (tools / name).write_text(f"#!/bin/sh\nset -e\n{line}\n")
            (tools / name).chmod(0o755)
        keys = client._request_signer._credentials
        places = {str(Path(require(tool)).parent) for tool in ("zip", "curl", "bash")}
        self._environment = {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": client.meta.endpoint_url,
            "AWS_CONFIG_FILE": str(directory / "none"),
            "HOME": str(directory),
            "PATH": ":".join((str(tools), *sorted(places), "/usr/bin", "/bin")),
        }

    def follow(self, guide: Guide, *titles: str) -> list[str]:
        """Write the files and run the commands of these sections, in one shell. Returns its `$URL` after each."""
        script: list[str] = ["URL=none"]
        expected: list[str | None] = []
        for title in titles:
            for language, text in guide.blocks(title):
                if language == "sh":
                    script += [
                        text.replace("localhost:4566", f"localhost:{self._port}"),
                        _say(_END),
                    ]
                    expected.append(None)
                elif language == "text":
                    expected[-1] = text.strip()
                elif named := _FILE.match(text):
                    (self._directory / named[1]).write_text(text)
            script += ['echo "$URL"', _say(_END)]
            expected.append("URL")
        done = subprocess.run(
            ["bash", "-euc", "\n".join(script)],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        printed = [each.strip() for each in done.stdout.split(_END)]
        assert done.returncode == 0, (printed, done.stderr)
        urls = []
        for said, wanted in zip(printed, expected, strict=False):
            if wanted == "URL":
                urls.append(said)
            else:
                assert said == (wanted or ""), (said, wanted)
        return urls


def _say(text: str) -> str:
    return f"printf '\\n%s\\n' '{text}'"

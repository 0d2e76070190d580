"""A `lambent up` as a user starts it, and the deployment tools that npm has."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from tests.conftest import cached, is_readable, passable_directory, require

from lambent.cli.access import variables_of
from lambent.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_lambda import LambdaClient

LIMIT_S = 30
_ATTEMPTS = 3
_INSTALLED = Path("node_modules/.package-lock.json")
_NPM = Path(__file__).parent / "npm"
_NPM_CLAUDIA = Path(__file__).parent / "npm_claudia"
_NPM_WEB = Path(__file__).parent / "npm_web"


class Lambent:
    """A running platform with full isolation, signatures checked; commands against it as `lambent exec` runs them."""

    def __init__(self, directory: str) -> None:
        self._data_dir = f"{directory}/data"
        with Path(directory, "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                [*self._command("up"), "--port", "0", "--isolation", "require"],
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        assert self._process.stdout is not None
        said = is_readable(self._process.stdout, LIMIT_S)
        first = self._process.stdout.readline() if said else b""
        if not first.startswith(b"Lambent "):
            self.stop()
            pytest.fail(f"{first!r}; {Path(directory, 'stderr').read_text()}")

    def _command(self, command: str) -> list[str]:
        return [sys.executable, "-m", "lambent", command, "--data-dir", self._data_dir]

    def client(self) -> LambdaClient:
        """A boto3 client of Lambda with the root key."""
        access = variables_of(Config(data_dir=self._data_dir))
        client: LambdaClient = boto3.client(
            "lambda",
            endpoint_url=access["AWS_ENDPOINT_URL"],
            region_name=access["AWS_REGION"],
            aws_access_key_id=access["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=access["AWS_SECRET_ACCESS_KEY"],
        )
        return client

    def run(self, directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """`lambent exec -- command` in a directory, with what is above it as home and for temporary files."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return subprocess.run(
            [*self._command("exec"), "--", *command],
            cwd=directory,
            env=environment | dict.fromkeys(("HOME", "TMPDIR"), str(directory.parent)),
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    def succeed(self, directory: Path, *command: str) -> str:
        """What a command that has to succeed prints."""
        done = self.run(directory, *command)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(LIMIT_S)
        finally:
            self._process.kill()
            assert self._process.stdout is not None
            self._process.stdout.close()


@pytest.fixture(scope="session")
def lambent() -> Iterator[Lambent]:
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    with passable_directory() as directory:
        running = Lambent(directory)
        yield running
        running.stop()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The tools of npm/package-lock.json."""
    return _installed(_NPM)


@pytest.fixture(scope="session")
def web_modules() -> Path:
    """What a web application is made of: npm_web/package-lock.json."""
    return _installed(_NPM_WEB)


@pytest.fixture(scope="session")
def claudia_modules() -> Path:
    """claudia, and what its applications need: npm_claudia/package-lock.json."""
    return _installed(_NPM_CLAUDIA)


def _installed(packages: Path) -> Path:
    """The packages of a lock file: installed once, by `npm ci` without their scripts."""
    npm = require("npm")

    def install(directory: Path) -> str:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(packages / name, directory)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        for _ in range(_ATTEMPTS):
            done = subprocess.run(
                [npm, "ci", *options], cwd=directory, check=False, capture_output=True, text=True
            )
            # Written last. npm was seen to end with 0 and nothing installed when a registry faltered.
            if done.returncode == 0 and (directory / _INSTALLED).exists():
                return ""
        return f"npm ci ended with {done.returncode}: {done.stderr}"

    lock = hashlib.sha256((packages / "package-lock.json").read_bytes()).hexdigest()[:16]
    return cached(f"npm-{lock}", install) / "node_modules"


@pytest.fixture
def project(tmp_path: Path, node_modules: Path) -> Path:
    """A folder with a package.json, in which the tools are found as if they had been installed there."""
    directory = tmp_path / "hello"
    directory.mkdir()
    (directory / "node_modules").symlink_to(node_modules)
    (directory / "package.json").write_text('{"name": "hello", "version": "1.2.3"}')
    return directory

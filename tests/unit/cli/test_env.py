"""`lambent env`: lines that a shell evaluates, or one line that says why there are none."""

from __future__ import annotations

import json
import os
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from lambent.storage.client_access import write_client_access
from lambent.storage.data_dir import DataDir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from lambent.core.ports import Credential

    Run = Callable[..., Result]

SECRET = "a/b+c'd $(false)"


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[DataDir]:
    """One in which a platform runs, as far as `env` can see."""
    directory = DataDir(tmp_path / "data")
    directory.claim()
    yield directory
    directory.release()


@pytest.fixture
def written(data_dir: DataDir) -> DataDir:
    root = SimpleNamespace(
        access_key_id="AKIAEXAMPLE",
        secret_access_key=SECRET,
        principal=SimpleNamespace(account_id="000000000000"),
    )
    write_client_access(data_dir, cast("Credential", root), "http://127.0.0.1:4566", "eu-west-1")
    return data_dir


def test_exports_what_clients_read(run: Run, written: DataDir) -> None:
    result = run("env", "--data-dir", str(written.path))
    assert result.exit_code == 0
    script = result.stdout + 'env -0 | grep -z "^AWS_"'
    said = subprocess.run(
        ["sh", "-c", script], capture_output=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert dict(line.split("=", 1) for line in said.stdout.decode().split("\0") if line) == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


def test_every_line_is_one_export(run: Run, written: DataDir) -> None:
    lines = run("env", "--data-dir", str(written.path)).stdout.splitlines()
    assert [line.split("=")[0].split()[0] for line in lines] == ["export"] * 5


def _one_line(result: Result) -> str:
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_no_platform_has_run_there(run: Run, tmp_path: Path) -> None:
    assert str(tmp_path / "data") in _one_line(run("env", "--data-dir", str(tmp_path / "data")))
    assert not (tmp_path / "data").exists()


def test_a_platform_that_is_not_up_yet(run: Run, data_dir: DataDir) -> None:
    assert str(data_dir.path) in _one_line(run("env", "--data-dir", str(data_dir.path)))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '"text"', json.dumps({"endpoint": 1}), "\udcff"]
)
def test_a_spoilt_file(text: str, run: Run, written: DataDir) -> None:
    written.root_key_path.write_text(text, errors="surrogateescape")
    assert str(written.path) in _one_line(run("env", "--data-dir", str(written.path)))


def test_a_bad_setting(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lambent.toml").write_text("prot = 4566\n")
    assert "unknown setting 'prot'" in _one_line(run("env"))


def test_a_data_directory_from_the_environment(
    run: Run, written: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBENT_DATA_DIR", str(written.path))
    assert run("env").exit_code == 0

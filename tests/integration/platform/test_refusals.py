"""What cannot be started says why in one line, ends with a status, and harms nobody."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[..., Any]  # fixtures of conftest.py, which cannot be imported from here
    Refused = Callable[..., Any]

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

EX_CONFIG = 78


def test_a_second_platform_on_a_data_directory_leaves_the_first_alone(
    start: Start, refused: Refused
) -> None:
    first = start()
    client = first.client()
    first.create(client, "f")
    warm = first.invoke(client, "f")
    running = {process.pid for process in first.tree()}
    second = refused(first.data_dir)
    assert second.status == EX_CONFIG
    assert second.output == ""
    assert len(second.complaint) == 1
    assert str(first.data_dir) in second.complaint[0]
    assert first.invoke(client, "f") == warm, "its environment was taken away"
    assert {first.core.pid, first.spawner.pid} <= running & {p.pid for p in first.tree()}


def test_a_port_in_use_is_named(refused: Refused, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        second = refused(tmp_path / "data", "--port", str(port))
    assert second.status == EX_CONFIG
    assert second.output == ""
    assert len(second.complaint) == 1, second.complaint
    assert f"127.0.0.1 port {port} is in use" in second.complaint[0]


def test_an_address_that_is_not_ours_is_named(refused: Refused, tmp_path: Path) -> None:
    answer = refused(tmp_path / "data", "--host", "192.0.2.1")  # RFC 5737: nobody's
    assert answer.status == EX_CONFIG
    assert len(answer.complaint) == 1, answer.complaint
    assert "192.0.2.1" in answer.complaint[0]


def test_a_host_that_does_not_exist_is_named(refused: Refused, tmp_path: Path) -> None:
    answer = refused(tmp_path / "data", "--host", "no-such-host.invalid")
    assert answer.status == EX_CONFIG
    assert len(answer.complaint) == 1, answer.complaint
    assert "no-such-host.invalid" in answer.complaint[0]


def test_a_data_directory_of_another_user_is_refused(refused: Refused, tmp_path: Path) -> None:
    foreign = tmp_path / "data"
    foreign.mkdir()
    os.chown(foreign, 12_345, 12_345)
    answer = refused(foreign)
    assert answer.status != 0
    assert len(answer.complaint) == 1, answer.complaint
    assert str(foreign) in answer.complaint[0]
    assert "user" in answer.complaint[0]
    assert list(foreign.iterdir()) == []
    assert foreign.stat().st_uid == 12_345


def test_a_directory_full_of_something_else_is_left_alone(refused: Refused, tmp_path: Path) -> None:
    foreign = tmp_path / "data"
    foreign.mkdir(mode=0o750)
    (foreign / "thesis.tex").write_text("years of work")
    answer = refused(foreign)
    assert answer.status != 0
    assert len(answer.complaint) == 1, answer.complaint
    assert "thesis.tex" in answer.complaint[0]
    assert [entry.name for entry in foreign.iterdir()] == ["thesis.tex"]
    assert foreign.stat().st_mode & 0o777 == 0o750


def test_a_file_in_place_of_the_data_directory_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    answer = refused(tmp_path / "data")
    assert answer.status != 0
    assert len(answer.complaint) == 1, answer.complaint
    assert str(tmp_path / "data") in answer.complaint[0]
    assert (tmp_path / "data").read_text() == "a file"


def test_a_database_of_a_newer_version_is_refused(start: Start, refused: Refused) -> None:
    first = start()
    assert first.stop() == 0
    (first.data_dir / "state" / "format").write_text("999\n")
    answer = refused(first.data_dir)
    assert answer.status == EX_CONFIG
    assert len(answer.complaint) == 1, answer.complaint
    assert "newer" in answer.complaint[0]


@pytest.mark.parametrize("network", ["internet", "none"])
def test_a_network_that_cannot_be_had_is_refused(
    network: str, refused: Refused, tmp_path: Path
) -> None:
    options = ("--isolation", "none", "--network", network)
    answer = refused(tmp_path / "data", *options)
    assert answer.status == EX_CONFIG
    assert answer.output == "" or "Lambent" in answer.output
    warning, complaint = answer.complaint
    assert "--isolation none: functions are not isolated." in warning
    assert f"--network {network}: functions that are not isolated" in complaint

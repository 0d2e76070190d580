from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import botocore.session
import pytest

from lambent.execution.runtimes import libraries
from lambent.execution.runtimes.discovery import discover
from lambent.execution.runtimes.table import RUNTIME_IDS, Runtimes

if TYPE_CHECKING:
    from pathlib import Path


def program(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))
    path.chmod(0o755)
    return path


def python(directory: Path, version: str, prefix: str = "/usr") -> Path:
    minor = ".".join(version.split(".")[:2])
    name = f"python{minor}"
    binary = directory / name
    return program(binary, f"echo {version}", f"echo {binary}", f"echo {prefix}")


def test_every_runtime_id_of_the_api_is_known() -> None:
    model = botocore.session.Session().get_service_model("lambda")
    assert set(model.shape_for("Runtime").metadata["enum"]) == set(RUNTIME_IDS)


def test_exact_versions_serve_their_ids_and_the_nearest_serve_the_others(tmp_path: Path) -> None:
    python(tmp_path, "3.10.4", "/opt/python310")
    python(tmp_path, "3.12.1")
    program(tmp_path / "node", "echo 20.1.0", "echo /opt/node/bin/node")
    found = discover([str(tmp_path)])
    assert json.loads(json.dumps(found)) == found
    assert found["python3.10"] == {
        "language": "python",
        "interpreter": str(tmp_path / "python3.10"),
        "version": "3.10.4",
        "exact": True,
        "prefixes": ["/opt/python310"],
        "libraries": libraries.libraries("python", "3.10.4"),
    }
    assert found["python3.12"]["prefixes"] == []
    chosen = {name: (entry["version"], entry["exact"]) for name, entry in found.items()}
    assert chosen["python2.7"] == ("3.10.4", False)
    assert chosen["python3.11"] == ("3.12.1", False)  # the next newer one
    assert chosen["python3.14"] == ("3.12.1", False)  # there is no newer one
    assert chosen["nodejs20.x"] == ("20.1.0", True)
    assert chosen["nodejs4.3"] == ("20.1.0", False)
    assert found["nodejs20.x"]["prefixes"] == ["/opt/node"]
    assert not any(name.startswith(("java", "ruby")) for name in found)


def test_rubies_are_told_apart_by_major_and_minor_and_bring_the_hosts_gems(tmp_path: Path) -> None:
    gems = ["/usr/share/gems", "/opt/ruby-3.2/gems", "/var/lib/gems/3.2.0"]
    for name, version in (("ruby3.2", "3.2.8"), ("ruby3.4", "3.4.1"), ("ruby2.6", "2.6.9")):
        binary = tmp_path / name
        program(
            binary, f"echo {version}", f"echo {binary}", "echo /opt/ruby-3.2", *map(_echo, gems)
        )
    (tmp_path / "ruby").symlink_to("ruby3.4")
    found = discover([str(tmp_path)])
    assert found["ruby3.2"] == {
        "language": "ruby",
        "interpreter": str(tmp_path / "ruby3.2"),
        "version": "3.2.8",
        "exact": True,
        "prefixes": ["/opt/ruby-3.2", "/var/lib/gems/3.2.0"],
        "libraries": [],
    }
    chosen = {name: entry["version"] for name, entry in found.items() if "ruby" in name}
    assert chosen == {
        "ruby2.5": "3.2.8",  # a 2.6 would be nearer, but does not serve
        "ruby2.7": "3.2.8",
        "ruby3.2": "3.2.8",
        "ruby3.3": "3.4.1",
        "ruby3.4": "3.4.1",
        "ruby4.0": "3.4.1",
    }


def _echo(text: str) -> str:
    return f"echo {text}"


def test_a_directory_of_shims_stands_for_the_versions_beside_it(tmp_path: Path) -> None:
    program(tmp_path / "shims" / "python3.11", "exit 127")
    real = python(tmp_path / "versions" / "3.11.9" / "bin", "3.11.9")
    found = discover([str(tmp_path / "shims")])
    assert found["python3.11"]["interpreter"] == str(real)


def test_an_interpreter_that_fails_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    program(tmp_path / "a" / "python3.11", "exit 1")
    python(tmp_path / "b", "3.11.5")
    found = discover([str(tmp_path / "a"), str(tmp_path / "b")])
    assert found["python3.11"]["version"] == "3.11.5"


def test_the_first_directory_wins(tmp_path: Path) -> None:
    python(tmp_path / "a", "3.11.1")
    python(tmp_path / "b", "3.11.5")
    found = discover([str(tmp_path / "a"), str(tmp_path / "b")])
    assert found["python3.11"]["version"] == "3.11.1"


@pytest.mark.parametrize("version", ["3.8.1", "2.7.18"])
def test_versions_that_the_bootstrap_is_not_written_for_are_left_out(
    tmp_path: Path, version: str
) -> None:
    python(tmp_path, version)
    program(tmp_path / "node", "echo 10.1.0", "echo /opt/node/bin/node")
    assert {entry["language"] for entry in discover([str(tmp_path)]).values()} == {"provided"}


@pytest.mark.parametrize(
    ("release", "version", "exact"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, "debian12", []),
        ({"ID": "amzn", "VERSION_ID": "2023"}, "amzn2023", ["provided.al2023"]),
        ({"ID": "amzn", "VERSION_ID": "2"}, "amzn2", ["provided.al2"]),
        (None, "linux", []),
    ],
)
def test_what_brings_its_own_runtime_runs_on_this_host_as_it_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    release: dict[str, str] | None,
    version: str,
    exact: list[str],
) -> None:
    def read() -> dict[str, str]:
        if release is None:
            raise OSError
        return release

    monkeypatch.setattr("platform.freedesktop_os_release", read)
    found = discover([str(tmp_path)])
    assert list(found) == ["provided", "provided.al2", "provided.al2023"]
    assert {entry["version"] for entry in found.values()} == {version}
    assert [name for name, entry in found.items() if entry["exact"]] == exact


def test_our_own_python_is_found_on_this_host() -> None:
    name = f"python3.{sys.version_info.minor}"
    assert discover()[name]["exact"]


def test_runtimes_on_one_interpreter_have_one_pool_named_after_the_exact_id(
    tmp_path: Path,
) -> None:
    python(tmp_path, "3.12.1")
    runtimes = Runtimes(discover([str(tmp_path)]))
    found = runtimes.find("python3.9")
    assert found is not None
    assert found.pool == "python3.12"
    assert not found.is_exact
    assert "python3.12" in runtimes.names()


def test_a_runtime_that_is_missing_is_explained() -> None:
    runtimes = Runtimes({})
    assert runtimes.find("python3.12") is None
    assert runtimes.missing("python3.12").endswith("no python3.9 or newer was found on this host")
    assert "no JDK 17 or newer with Jackson and JNA was found" in runtimes.missing("java21")
    assert runtimes.missing("ruby3.4").endswith("no Ruby 2.7 or newer was found on this host")
    assert runtimes.missing("dotnet8") == "the runtime dotnet8 is not served yet"
    assert runtimes.missing("cobol") == "unknown runtime: cobol"

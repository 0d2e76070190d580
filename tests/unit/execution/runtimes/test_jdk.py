from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambent.execution.runtimes import jdk
from lambent.execution.runtimes.commands import Bootstrap
from lambent.execution.runtimes.discovery import discover, java_lacks
from lambent.execution.runtimes.java import classes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = tmp_path / "some.jar"
    jar.touch()
    monkeypatch.setattr(jdk, "JARS", (str(jar),))


def install(home: Path, version: str, *, has_compiler: bool = True) -> str:
    """A Java installation that is never started; returns its bin."""
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    for name in ("java", "javac") if has_compiler else ("java",):
        (home / "bin" / name).write_text("#!/bin/false\n")
        (home / "bin" / name).chmod(0o755)
    return str(home / "bin")


def test_ids_run_on_the_nearest_jdk(tmp_path: Path) -> None:
    found = discover([install(tmp_path / "a", "17.0.1"), install(tmp_path / "b", "25")])
    chosen = {
        name: (entry["version"], entry["exact"])
        for name, entry in found.items()
        if entry["language"] == "java"
    }
    assert chosen["java8"] == ("17.0.1", False)
    assert chosen["java11"] == ("17.0.1", False)
    assert chosen["java17"] == ("17.0.1", True)
    assert chosen["java17.al2023"] == ("17.0.1", True)
    assert chosen["java21"] == ("25", False)
    assert chosen["java25"] == ("25", True)
    assert found["java17"]["interpreter"] == str(tmp_path / "a/bin/java")
    assert found["java17"]["prefixes"] == [str(tmp_path / "a")]


def test_the_first_of_one_version_serves_it(tmp_path: Path) -> None:
    directories = [install(tmp_path / "b", "17.0.2"), install(tmp_path / "a", "17.0.1")]
    assert [home.name for home in jdk.find(directories)] == ["b"]


@pytest.mark.parametrize(
    ("version", "has_compiler", "why"),
    [
        ("11.0.2", True, "Java 11.0.2 is older than 17"),
        ("1.8.0_392", True, "Java 8.0_392 is older than 17"),
        ("17.0.2", False, "a runtime environment only, without javac: the JDK is needed"),
    ],
)
def test_why_a_java_serves_nothing(
    tmp_path: Path, version: str, has_compiler: bool, why: str
) -> None:
    directory = install(tmp_path / "j", version, has_compiler=has_compiler)
    assert not any(name.startswith("java") for name in discover([directory]))
    assert java_lacks([directory]) == [f"{tmp_path / 'j'}: {why}"]


def test_jars_are_needed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = install(tmp_path / "j", "17.0.2")
    assert java_lacks([directory]) == []
    monkeypatch.setattr(jdk, "JARS", ("/no/such.jar",))
    assert "libjackson2-databind-java, libjna-java" in java_lacks([directory])[0]


def test_what_is_no_java_is_passed_over(tmp_path: Path) -> None:
    directory = install(tmp_path / "j", "17.0.2")
    (tmp_path / "j/release").write_text("nothing")
    assert jdk.homes([directory, str(tmp_path)]) == []
    (tmp_path / "j/release").unlink()
    assert jdk.homes([directory]) == []


def test_the_heap_follows_the_memory(tmp_path: Path) -> None:
    java = Bootstrap("java", "/j/bin/java", "/var/runtime")
    waiting = java.command(512, is_assigned=False)
    assert waiting[:2] == ["/j/bin/java", "-Xmx445644k"]
    assert "-Duser.dir=/var/task" in waiting
    assert "assigned" not in waiting
    executed = java.command(128, is_assigned=True)
    assert executed[1] == "-Xmx111411k"
    assert executed[-1] == "assigned"
    assert "-Duser.dir=/var/task" not in executed


def test_classes_are_compiled_again_for_another_jdk(tmp_path: Path) -> None:
    java = install(tmp_path / "j", "17.0.1") + "/java"
    first = classes.directory("/c", java)
    assert classes.directory("/c", java) == first
    assert first.startswith("/c/")
    (tmp_path / "j/release").write_text('JAVA_VERSION="17.0.2"\n')
    assert classes.directory("/c", java) != first


def test_sources_that_do_not_compile_leave_nothing(tmp_path: Path) -> None:
    java = install(tmp_path / "j", "17.0.1") + "/java"  # its javac fails
    with pytest.raises(OSError, match="the Java runtime cannot be compiled"):
        classes.ensure(java, str(tmp_path / "c/x"))
    assert list((tmp_path / "c").iterdir()) == []

"""`lambent doctor`: what is there, what is missing and what to do about it. The host is made up, but for one test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from lambent import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]
    Describe = Callable[..., None]

GOOD: dict[str, Any] = {
    "isolation": "root",
    "namespaces": True,
    "seccomp": True,
    "user_namespace": False,
    "cgroup_version": 2,
    "cgroup_controllers": ["memory", "pids"],
    "uid_range": [2_000_000, 2_065_535],
    "tmp": "memory",
    "network": {"mode": "internet", "lacks": "", "notes": [], "addresses": ""},
    "snap_start": "on",
    "missing": [],
    "refusal": "",
}
PYTHON = {
    "language": "python",
    "version": "3.11.7",
    "interpreter": "/usr/bin/python3.11",
    "exact": True,
}
NODE = {"language": "node", "version": "20.1.0", "interpreter": "/usr/bin/node", "exact": True}
JAVA = {"language": "java", "version": "17.0.1", "interpreter": "/j/bin/java", "exact": True}
RUBY = {"language": "ruby", "version": "3.3.8", "interpreter": "/usr/bin/ruby3.3", "exact": True}
RUNTIMES = {
    "python3.11": PYTHON,
    "python3.10": PYTHON | {"exact": False},
    "nodejs20.x": NODE,
    "java17": JAVA,
    "ruby3.3": RUBY,
}


@pytest.fixture
def describe(monkeypatch: pytest.MonkeyPatch) -> Describe:
    """Makes up what the host offers, beginning with one that lacks nothing."""

    def make_up(runtimes: dict[str, Any] | None = None, **differences: Any) -> None:
        served = RUNTIMES if runtimes is None else runtimes
        report = app.HostReport(GOOD | differences, served, ("java21",))
        monkeypatch.setattr(app, "inspect_host", lambda _config: report)

    make_up()
    return make_up


def _line(result: Result, about: str) -> str:
    [line] = [line for line in result.stdout.splitlines() if line[6:].startswith(about)]
    return line


def test_a_host_with_everything(run: Run, describe: Describe) -> None:
    result = run("doctor")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "functions can run here"
    for about in ("kernel", "namespaces", "seccomp", "cgroup", "uids"):
        assert _line(result, about).startswith("ok  "), about
    assert "version 2: memory pids" in _line(result, "cgroup")
    assert "2000000-2065535" in _line(result, "uids")
    assert "remedy" not in result.stdout


def test_each_interpreter_with_what_it_serves(run: Run, describe: Describe) -> None:
    result = run("doctor")
    assert "/usr/bin/python3.11 serves python3.11 python3.10*" in _line(result, "python 3.11.7")
    assert "/usr/bin/node serves nodejs20.x" in _line(result, "node 20.1.0")
    assert "* another version" in result.stdout
    assert "java21" in _line(result, "not served")


def test_node_without_the_sdk_says_so_beside_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `pip install .`, which runs no npm."""
    lacks = {"node": "npm ci --ignore-scripts --prefix /opt/node"}
    report = app.HostReport(GOOD, RUNTIMES, (), lacks)
    monkeypatch.setattr(app, "inspect_host", lambda _config: report)
    result = run("doctor")
    lines = result.stdout.splitlines()
    line = _line(result, "node 20.1.0")
    assert line.startswith("--  ")
    at = lines.index(line)
    assert lines[at + 1 : at + 3] == [
        "      no AWS SDK for functions that bring none",
        f"      remedy: {lacks['node']}, and start the platform again",
    ]
    assert (result.exit_code, lines[-1]) == (0, "functions can run here")
    assert _line(result, "python 3.11.7").startswith("ok  ")


def test_an_interpreter_that_is_missing_comes_with_a_remedy(run: Run, describe: Describe) -> None:
    describe({"python3.11": PYTHON, "nodejs20.x": NODE, "java17": JAVA})
    result = run("doctor")
    assert (result.exit_code, _line(result, "ruby")[:2]) == (0, "--")
    assert "remedy: apt-get install ruby" in result.stdout


def test_java_that_serves_nothing_says_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    report = app.HostReport(GOOD, {"python3.11": PYTHON}, (), {}, ("/usr/lib/jvm/j: no javac",))
    monkeypatch.setattr(app, "inspect_host", lambda _config: report)
    result = run("doctor")
    assert _line(result, "java").endswith("/usr/lib/jvm/j: no javac")
    assert "apt-get install default-jdk-headless" in result.stdout


@pytest.mark.parametrize(
    ("uid", "expected"),
    [(0, "ok    user             root"), (1000, "--    user             uid 1000")],
)
def test_who_asks(
    uid: int, expected: str, run: Run, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert _line(run("doctor"), "user") == expected


@pytest.mark.parametrize(
    ("complaint", "remedy"),
    [
        ("not root: all functions share one uid, the one Lambent runs as", "as root"),
        ("no cgroup memory controller: memory limits are not enforced", "cgroup_enable=memory"),
        ("no cgroup pids controller: only a resource limit bounds processes", "pids controller"),
        ("isolation is off: functions see the host", "--isolation none"),
    ],
)
def test_a_weakness_has_a_remedy(complaint: str, remedy: str, run: Run, describe: Describe) -> None:
    describe(missing=[complaint])
    result = run("doctor")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    at = lines.index(f"      {complaint}")
    assert lines[at + 1].startswith("      remedy: ")
    assert remedy in lines[at + 1]


@pytest.mark.parametrize(
    ("lacks", "remedy"),
    [
        ("without root functions have no network", "start Lambent as root"),
        ("no nft program, so functions have no network", "apt-get install nftables"),
        ("this host has no network for functions: nft: no such table", "CAP_NET_ADMIN"),
    ],
)
@pytest.mark.parametrize(("wanted", "status"), [("auto", 0), ("none", 0), ("internet", 1)])
def test_no_network(
    wanted: str, status: int, lacks: str, remedy: str, run: Run, describe: Describe
) -> None:
    describe(network={"mode": "none", "lacks": lacks, "notes": []})
    result = run("doctor", "--network", wanted)
    assert result.exit_code == status
    assert _line(result, "network") == "--    network          functions reach nothing"
    lines = result.stdout.splitlines()
    assert remedy in lines[lines.index(f"      {lacks}") + 1]


@pytest.mark.parametrize(
    ("note", "remedy"),
    [
        ("names will not resolve in functions: no name server", "/etc/resolv.conf"),
        ("ip filter drops forwarded packets", "DOCKER-USER"),
    ],
)
def test_a_network_that_needs_help(note: str, remedy: str, run: Run, describe: Describe) -> None:
    describe(network={"mode": "internet", "lacks": "", "notes": [note]})
    result = run("doctor", "--network", "internet")
    assert result.exit_code == 0
    assert _line(result, "network").startswith("ok  ")
    lines = result.stdout.splitlines()
    assert remedy in lines[lines.index(f"      {note}") + 1]


def test_a_host_without_snapshots(run: Run, describe: Describe) -> None:
    describe(snap_start="SnapStart needs isolation, and Lambent to run as root")
    result = run("doctor")
    assert result.exit_code == 0
    assert _line(result, "SnapStart").startswith("--    SnapStart        SnapStart needs isolation")


def test_a_host_that_cannot_isolate(run: Run, describe: Describe) -> None:
    refusal = "this host cannot isolate functions (a user namespace: Operation not permitted)"
    describe(namespaces=False, seccomp=False, uid_range=[], refusal=refusal)
    result = run("doctor")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "functions cannot run here"
    for about in ("namespaces", "seccomp", "uids"):
        assert _line(result, about).startswith("--  "), about
        assert _line(result, about).endswith("not available")
    assert "unprivileged_userns_clone" in result.stdout
    assert refusal in result.stdout


def test_no_control_groups(run: Run, describe: Describe) -> None:
    describe(cgroup_version=0, cgroup_controllers=[])
    assert _line(run("doctor"), "cgroup") == "--    cgroup           not available"


def test_no_interpreter(run: Run, describe: Describe) -> None:
    describe(runtimes={})
    result = run("doctor")
    assert result.exit_code == 1
    assert "no interpreter found" in _line(result, "python")
    assert "apt-get install python3" in result.stdout
    assert "apt-get install nodejs" in result.stdout


def test_one_language_is_enough(run: Run, describe: Describe) -> None:
    describe(runtimes={"python3.11": PYTHON})
    result = run("doctor")
    assert result.exit_code == 0
    assert "apt-get install nodejs" in result.stdout
    assert "apt-get install python3" not in result.stdout


def test_an_unknown_isolation(run: Run) -> None:
    result = run("doctor", "--isolation", "perhaps")
    assert result.exit_code == 2
    assert "'perhaps' is not one of" in result.stderr


@pytest.mark.slow
def test_this_host(run: Run) -> None:
    result = run("doctor")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    served = [line for line in result.stdout.splitlines() if " serves " in line]
    assert any("python3" in line for line in served), "the Python that runs us was not found"
    is_usable = result.stdout.splitlines()[-1] == "functions can run here"
    assert result.exit_code == (0 if is_usable else 1)


@pytest.mark.parametrize(("isolation", "status"), [("auto", 0), ("require", 1)])
def test_require_takes_no_weakness(
    isolation: str, status: int, run: Run, describe: Describe
) -> None:
    describe(missing=["no cgroup memory controller: memory limits are not enforced"])
    assert run("doctor", "--isolation", isolation).exit_code == status


@pytest.mark.slow
def test_require_names_what_is_missing_instead_of_giving_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = run("doctor", "--isolation", "require")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "      not root" in result.stdout
    assert "      remedy: start Lambent as root" in result.stdout
    assert result.stdout.splitlines()[-1] == "functions cannot run here"

"""`lambent doctor`: what this host offers, line by line, and the remedy for what it lacks."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from lambent import app
from lambent.cli.commands import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lambent.config import Config

# What a complaint of the spawner is about -> what to do.
_REMEDIES = (
    ("not root", "start Lambent as root: every sandbox then has a uid of its own"),
    ("memory controller", "use a host with cgroup v2, or boot with cgroup_enable=memory"),
    ("pids controller", "use a host with cgroup v2, or mount the pids controller"),
    (
        "user namespace",
        (
            "start as root, or allow them: sysctl kernel.unprivileged_userns_clone=1 (Debian), "
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)"
        ),
    ),
    ("cannot isolate", "start as root on the host itself, or in a container with CAP_SYS_ADMIN"),
    ("isolation is off", "leave out --isolation none"),
    ("not isolated have the host's", "leave out --isolation none, or --network"),
    ("without root", "start Lambent as root: functions can then connect to the outside"),
    ("no nft program", "apt-get install nftables"),
    (
        "no network for functions",
        (
            "load the modules veth, nf_tables, nft_fib_inet, nft_reject_inet, nft_masq and nft_ct; in a container, "
            "give it CAP_NET_ADMIN and a /proc/sys that can be written"
        ),
    ),
    ("names will not resolve", "name a server that is not this host in /etc/resolv.conf"),
    (
        "drops forwarded packets",
        (
            "let those of functions pass, with Docker: iptables -I DOCKER-USER -i lambent+ -j ACCEPT; "
            "iptables -I DOCKER-USER -o lambent+ -j ACCEPT"
        ),
    ),
)
_NETWORKS = {
    "internet": "functions reach the outside; not this host, each other or metadata services",
    "platform": "functions reach this platform's own AWS endpoint, and nothing else",
    "none": "functions reach nothing",
    "host": "functions reach what this host reaches, and this host",
}
_LIBRARIES = {"node": "no AWS SDK", "python": "no boto3"}
_INSTALL = {
    "java": "apt-get install default-jdk-headless libjackson2-databind-java libjna-java",
    "node": "apt-get install nodejs",
    "python": "apt-get install python3",
    "ruby": "apt-get install ruby",
}


@click.command("doctor")
@settings("isolation", "network_mode")
def command(config: Config) -> None:
    """Say what this host offers for running functions, and what is missing."""
    # `require` gives up at the first thing missing; doctor is there to name them all.
    is_strict = config.isolation == "require"
    report = app.inspect_host(replace(config, isolation="auto") if is_strict else config)
    for line in _host_lines(report):
        click.echo(line)
    for line in _runtime_lines(report):
        click.echo(line)
    lacks = report.host["refusal"] or (is_strict and report.host["missing"])
    # As a start would: what was asked for by name is had, or there is no start.
    lacks = lacks or config.network_mode not in ("auto", report.host["network"]["mode"])
    usable = bool(report.runtimes) and not lacks
    click.echo("functions can run here" if usable else "functions cannot run here")
    sys.exit(0 if usable else 1)


def _host_lines(report: app.HostReport) -> Iterator[str]:
    host = report.host
    kernel = os.uname()
    yield _line(True, "kernel", f"{kernel.sysname} {kernel.release} {kernel.machine}")
    yield _line(os.geteuid() == 0, "user", "root" if os.geteuid() == 0 else f"uid {os.geteuid()}")
    yield _line(
        host["namespaces"], "namespaces", "pid mount ipc uts cgroup net" * host["namespaces"]
    )
    yield _line(host["seccomp"], "seccomp", "filter loads and refuses" * host["seccomp"])
    version, controllers = host["cgroup_version"], host["cgroup_controllers"]
    yield _line(
        bool(version), "cgroup", f"version {version}: {' '.join(controllers)}" * bool(version)
    )
    first_last = host["uid_range"]
    yield _line(bool(first_last), "uids", "-".join(map(str, first_last)))
    yield _line(
        True,
        "scratch space",
        {
            "disk": "a disk image per sandbox, 512 MB to 10,240 MB",
            "memory": "in memory, and counted as such (no loop devices, no mkfs.ext4 or no root)",
        }.get(host["tmp"], "the host's own"),
    )
    network = host["network"]
    yield _line(not network["lacks"], "network", _NETWORKS[network["mode"]])
    is_on = host["snap_start"] == "on"
    text = "environments are forked from a template" if is_on else host["snap_start"]
    yield _line(is_on, "SnapStart", text)
    complaints = (network["lacks"], *network["notes"], *host["missing"], host["refusal"])
    for complaint in filter(None, complaints):
        yield f"      {complaint}"
        for about, remedy in _REMEDIES:
            if about in complaint:
                yield f"      remedy: {remedy}"


def _runtime_lines(report: app.HostReport) -> Iterator[str]:
    interpreters: dict[tuple[str, str, str], list[str]] = {}
    for name, found in report.runtimes.items():
        key = (found["language"], found["version"], found["interpreter"])
        interpreters.setdefault(key, []).append(name if found["exact"] else f"{name}*")
    for (language, version, path), names in sorted(interpreters.items()):
        remedy = report.library_lacks.get(language, "")
        yield _line(not remedy, f"{language} {version}", f"{path} serves {' '.join(names)}")
        if remedy:
            yield f"      {_LIBRARIES[language]} for functions that bring none"
            yield f"      remedy: {remedy}, and start the platform again"
    if any("*" in name for names in interpreters.values() for name in names):
        yield "      * another version: the nearest installed one serves it"
    languages = {found["language"] for found in report.runtimes.values()}
    for language in sorted(_INSTALL.keys() - languages):
        yield _line(False, language, _why_missing(report, language))
        yield f"      remedy: {_INSTALL[language]}"
    yield _line(False, "not served yet", _joined(report.unserved))


def _why_missing(report: app.HostReport, language: str) -> str:
    if language == "java":
        return "; ".join(report.unusable_java) or "no JDK found"
    return "no interpreter found"


def _joined(names: Iterable[str]) -> str:
    return " ".join(names)


def _line(is_there: bool, what: str, text: str) -> str:
    return f"{'ok  ' if is_there else '--  '}  {what:<16} {text or 'not available'}"

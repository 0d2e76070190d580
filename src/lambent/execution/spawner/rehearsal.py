"""What `lambent doctor` says of the network: everything is tried, in a network namespace that is thrown away."""

from __future__ import annotations

import os
from pathlib import Path

from lambent.execution.sandbox import namespaces
from lambent.execution.sandbox.netlink import Netlink
from lambent.execution.sandbox.network import raise_loopback
from lambent.execution.spawner import firewall, forwarding, network, resolvers
from lambent.execution.spawner.network import Network


def inspect(wanted: str, *, isolated: bool, is_root: bool, deny: str) -> Network:
    """What `network.connect` would find, without a change to this host."""
    found = network.examine(wanted, isolated=isolated, is_root=is_root)
    if found.mode != network.INTERNET:
        return found
    if trouble := _try(deny):
        return Network(network.PLATFORM, f"{network.UNABLE}: {trouble}")
    return Network(network.INTERNET, notes=_notes())


def _try(deny: str) -> str:
    """The text of what fails, "" if nothing does."""
    trouble_out, trouble_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(trouble_in, _rehearse(deny).encode())
        os._exit(0)
    os.close(trouble_in)
    os.waitpid(child, 0)
    with os.fdopen(trouble_out, "rb") as file:
        said = file.read().decode("utf-8", "replace")
    return said.removeprefix("ok") if said.startswith("ok") else said or "the trial died"


def _rehearse(deny: str) -> str:
    try:
        namespaces.unshare(namespaces.NEWNET)
        raise_loopback()
        router = network.Router("/rehearsal", network.split(deny))
        router.open()
        router.close()
    except Exception as error:  # noqa: BLE001 - the boundary of a forked child
        return str(error) or type(error).__name__
    return "ok"


def _notes() -> list[str]:
    with Netlink() as outer:
        routes = outer.routes()
    notes = []
    if opened := _opened():
        notes.append(f"Lambent has switched IPv4 forwarding on for {' '.join(opened)}")
    if closed := forwarding.closed_interfaces(routes):
        notes.append(f"IPv4 forwarding will be switched on for {' '.join(closed)} at the start")
    if not resolvers.find(network.own_networks(routes)):
        notes.append("names will not resolve in functions: no name server outside this host")
    notes += [f"{table} drops forwarded packets" for table in firewall.dropping_tables()]
    return notes


def _opened() -> list[str]:
    try:
        return Path(forwarding.record_path()).read_text("ascii").split()
    except FileNotFoundError:
        return []

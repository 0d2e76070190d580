"""The way out of sandboxes: a router of the platform's own between them and the host.

The router is a network namespace without any process. Each sandbox has a cable to it (sandbox/network.py), and it has
one to the host, so the host sees a single interface and a single route however many sandboxes there are; the namespace
goes, with every cable, when the last descriptor of it is closed, which a kill -9 does as well. The sandbox's number is
its uid's place in the platform's range of uids, and its address that place in the platform's network: no list of
addresses is kept, and none is used again before its uid is.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import logging
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent.execution.sandbox import namespaces, netlink
from lambent.execution.sandbox.netlink import End, Netlink
from lambent.execution.sandbox.network import FAR_INDEX, GATEWAY, MAC, raise_loopback
from lambent.execution.spawner import firewall, forwarding, resolvers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lambent.execution.sandbox.netlink import Route
    from lambent.execution.spawner.loop import Loop

_log = logging.getLogger(__name__)

AUTO, INTERNET, PLATFORM, NONE, HOST = "auto", "internet", "platform", "none", "host"
_WIDEST_FIRST = (INTERNET, PLATFORM, NONE)
# Their sandboxes hand out a listener for the platform's AWS endpoint.
WITH_ENDPOINT = frozenset({INTERNET, PLATFORM})
UNABLE = "this host has no network for functions"
# Carrier-grade NAT's range (RFC 6598) is the one that a host's own network uses least; the others follow.
_POOLS = ("100.64.0.0/10", "172.16.0.0/12", "10.0.0.0/8")
_PREFIX = 16  # as many addresses as a platform has uids
# Whom the router's refusals come from: the dummy address for this purpose (RFC 7600).
_ITSELF = "192.0.0.8"
# How soon after somebody has changed the host's rules we look for ours.
_CHECK_S = 0.02
_MESSAGE = 65_536
_SWITCHES = Path("/proc/sys/net")
_ROUTER_SWITCHES = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "1",
    "ipv4/conf/default/rp_filter": "1",
    "ipv4/conf/all/accept_redirects": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}


class NetworkUnavailable(Exception):
    """Functions cannot be let out here, and that was asked for. The text says why, in one line."""


@dataclass
class Network:
    """What functions reach: `mode` is internet, platform, none or (not isolated) host.

    `lacks`: why it is not internet, unless less was wanted. `notes`: what else is to be known of this host.
    """

    mode: str
    lacks: str = ""
    notes: list[str] = field(default_factory=list)
    router: Router | None = None

    def narrowed(self, wanted: str | None) -> str:
        """The mode of a sandbox for which `wanted` was asked: never more than there is. Not isolated, all are alike."""
        if wanted is None or self.mode == HOST:
            return self.mode
        return max(self.mode, wanted, key=_WIDEST_FIRST.index)

    def describe(self) -> dict[str, Any]:
        addresses = str(self.router.network) if self.router else ""
        return {"mode": self.mode, "lacks": self.lacks, "notes": self.notes, "addresses": addresses}


class Router:
    """Args: the data directory, by which everything is named, and what may not be reached (CIDRs)."""

    def __init__(self, data_dir: str, deny: Sequence[str]) -> None:
        digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()
        self._seed = int(digest[:4], 16)
        self._table = f"{firewall.TABLE_PREFIX}{digest[:16]}"
        self._link = _link_of(self._table)
        self._deny = deny
        self._record = forwarding.record_path()
        self._guarded: list[str] = []
        self._watched: list[Netlink | socket.socket] = []
        self._is_check_due = False
        self.namespace = -1
        self.network = ipaddress.IPv4Network("0.0.0.0/32")
        self.resolvers: list[str] = []

    def open(self) -> None:
        """Sweep what an earlier run left, then make everything.

        Raises:
            OSError: something is missing here; nothing is left behind.
        """
        with forwarding.locked(self._record) as record, Netlink() as outer:
            self._sweep(outer)
            routes = outer.routes()
            self.resolvers = resolvers.find(own_networks(routes))
            try:
                self._make(outer, routes, record)
            except OSError:
                self._remove(outer, record)
                raise

    def sweep(self) -> None:
        """Only take away what a killed run left, where one did; its record tells."""
        if os.path.exists(self._record):  # noqa: PTH110
            with forwarding.locked(self._record) as record, Netlink() as outer:
                self._sweep(outer)
                record.close_all()

    def close(self) -> None:
        """Take everything away; the cables go with the last sandbox."""
        for each in self._watched:
            each.close()
        with forwarding.locked(self._record) as record, Netlink() as outer:
            self._remove(outer, record)

    def watch(self, loop: Loop) -> None:
        """Let answers in by interfaces that come later, too; and have our rules stay, whoever flushes all others."""
        routes = Netlink(netlink.ROUTES_CHANGED)
        loop.watch(routes.fileno(), lambda: self._look_again(routes))
        rules = firewall.listen()
        loop.watch(rules.fileno(), lambda: self._rules_changed(rules, loop))
        self._watched = [routes, rules]

    def plan(self, first_uid: int) -> dict[str, Any]:
        """For a zygote: how to connect sandboxes."""
        return {
            "router": self.namespace,
            "first_uid": first_uid,
            "first_address": int(self.network.network_address),
            "resolv_conf": resolvers.as_file(self.resolvers),
        }

    def _make(self, outer: Netlink, routes: list[Route], record: forwarding.Record) -> None:
        with _fresh_namespace() as self.namespace:
            for name, value in _ROUTER_SWITCHES.items():
                with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
                    (_SWITCHES / name).write_text(value)
            firewall.apply(firewall.of_router(self._deny, self.resolvers))
            raise_loopback()
            inner = Netlink()
        with inner:
            near = End(self._link, 0, netlink.UP | netlink.NOARP)
            far = End(firewall.UPLINK, FAR_INDEX, netlink.NOARP, namespace=self.namespace)
            outer.do(netlink.add_pair(near, far, MAC))
            index = socket.if_nametoindex(self._link)
            self.network = self._take_network(outer, routes, index)
            inner.do(
                netlink.raise_link(FAR_INDEX),
                netlink.add_address(_ITSELF, 1),
                netlink.add_route("0.0.0.0/0", FAR_INDEX, GATEWAY),
            )
        fresh = record.claim(routes)
        self._guarded = record.opened
        firewall.apply(self._rules())
        for name in (*fresh, self._link):
            forwarding.switch(name, is_on=True)

    def _take_network(
        self, outer: Netlink, routes: list[Route], index: int
    ) -> ipaddress.IPv4Network:
        """One that no route of this host overlaps, now ours by a route of its own."""
        networks = [ipaddress.IPv4Network(route.network) for route in routes]
        taken = [each for each in networks if each.prefixlen]
        for candidate in _candidates(self._seed):
            if any(candidate.overlaps(each) for each in taken):
                continue
            with contextlib.suppress(FileExistsError):
                outer.do(netlink.add_route(str(candidate), index, GATEWAY, exclusive=True))
                return candidate
        raise OSError("every private network is in use on this host")

    def _sweep(self, outer: Netlink) -> None:
        """What a killed run left: its link goes with its namespace, if not yet, then now; its rules wait for us.

        Rules of other platforms whose link is gone are of no use, either.
        """
        self._unplug(outer)
        links = {name for _, name in socket.if_nameindex()}
        tables = [name for name in firewall.own_tables() if _link_of(name) not in links]
        if tables:
            firewall.apply("".join(firewall.removal(name) for name in tables))

    def _unplug(self, outer: Netlink) -> None:
        with contextlib.suppress(OSError):
            outer.do(netlink.remove_link(self._link))

    def _remove(self, outer: Netlink, record: forwarding.Record) -> None:
        self._unplug(outer)
        with contextlib.suppress(OSError):
            firewall.apply(firewall.removal(self._table))
        if self.namespace >= 0:
            os.close(self.namespace)
            self.namespace = -1
        record.close_all()

    def _rules(self) -> str:
        own = (self._table, self._link, str(self.network))
        return firewall.of_host(*own, self._guarded, forwarding.LINK_PREFIX)

    def _rules_changed(self, listener: socket.socket, loop: Loop) -> None:
        """One change comes as many messages, and they are read before the change is over: look a little later."""
        with contextlib.suppress(OSError):  # nothing more, or more than there was room for
            while listener.recv(_MESSAGE):
                pass
        if not self._is_check_due:
            self._is_check_due = True
            loop.after(_CHECK_S, self._check_rules)

    def _check_rules(self) -> None:
        self._is_check_due = False
        if not firewall.is_there(self._table):
            try:
                firewall.apply(self._rules())
            except OSError as error:
                _log.error("functions can reach this host: %s", error)

    def _look_again(self, watched: Netlink) -> None:
        try:
            watched.drain()
            with forwarding.locked(self._record) as record, Netlink() as outer:
                fresh = record.claim(outer.routes())
                if record.opened != self._guarded:
                    firewall.apply(firewall.guarding(self._table, record.opened))
                    self._guarded = record.opened
                for name in fresh:
                    forwarding.switch(name, is_on=True)
        except OSError as error:
            _log.warning("answers from a new network may not arrive: %s", error)


def connect(wanted: str, *, isolated: bool, is_root: bool, data_dir: str, deny: str) -> Network:
    """Make the network for functions, as `wanted` (auto, internet, platform, none).

    Raises:
        NetworkUnavailable: exactly this was wanted, and it cannot be.
    """
    network = examine(wanted, isolated=isolated, is_root=is_root)
    router = Router(data_dir, split(deny))
    if network.mode != INTERNET and is_root:
        with contextlib.suppress(OSError):
            router.sweep()
    if network.mode == INTERNET:
        try:
            router.open()
        except OSError as error:
            network = Network(PLATFORM, f"{UNABLE}: {error}")
            if wanted == AUTO:
                _log.warning("%s", network.lacks)
        else:
            network.router = router
    if wanted not in (AUTO, network.mode):
        raise NetworkUnavailable(network.lacks)
    return network


def examine(wanted: str, *, isolated: bool, is_root: bool) -> Network:
    """What can be said without trying."""
    if not isolated:
        return Network(HOST, "functions that are not isolated have the host's own network")
    if wanted in (PLATFORM, NONE):
        return Network(wanted)
    if not is_root:
        # A user namespace cannot lay a cable out of itself; programs that do it for us are not used.
        return Network(
            PLATFORM, "without root functions have no network (no pasta, no slirp4netns)"
        )
    if firewall.find_program() is None:
        return Network(PLATFORM, "no nft program, so functions have no network")
    return Network(INTERNET)


def own_networks(routes: Sequence[Route]) -> list[ipaddress.IPv4Network]:
    """The host's own addresses."""
    return [ipaddress.IPv4Network(each.network) for each in routes if each.kind == netlink.LOCAL]


def split(deny: str) -> list[str]:
    """The CIDRs in the setting `network_deny`."""
    return deny.replace(",", " ").split()


def _link_of(table: str) -> str:
    return f"{forwarding.LINK_PREFIX}{table.removeprefix(firewall.TABLE_PREFIX)[:8]}"


def _candidates(seed: int) -> Iterator[ipaddress.IPv4Network]:
    for pool in _POOLS:
        parts = list(ipaddress.IPv4Network(pool).subnets(new_prefix=_PREFIX))
        first = seed % len(parts)
        yield from parts[first:] + parts[:first]


@contextlib.contextmanager
def _fresh_namespace() -> Iterator[int]:
    """The body runs in a new network namespace; its descriptor is given out and stays open."""
    home = namespaces.open_own("net")
    try:
        namespaces.unshare(namespaces.NEWNET)
        try:
            yield namespaces.open_own("net")
        finally:
            namespaces.enter(home, namespaces.NEWNET)
    finally:
        os.close(home)

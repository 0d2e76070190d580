"""Network: a namespace with nothing but its own loopback, and, where functions may go out, one cable to a router.

The router is a network namespace of the platform's own (spawner/network.py). A sandbox makes its cable itself while it
is locked in: it has the privilege then, nobody waits for it, and the spawner need not touch it. Both ends of a cable
have one MAC address and no ARP, so there are no neighbours to look for or to forge.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
from dataclasses import dataclass
from typing import Any

from lambent.execution.sandbox import namespaces, netlink
from lambent.execution.sandbox.netlink import End, Netlink

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1

# Locally administered; every end of every cable has it.
MAC = bytes.fromhex("020000000001")
# What sandboxes call their way out. Nobody answers there and nothing is ever sent to it: it only names a link.
GATEWAY = "169.254.1.1"
# Interface numbers we choose ourselves, so that nobody has to ask: 1 is a namespace's loopback.
FAR_INDEX = 2
_FIRST_INDEX = 16


@dataclass(frozen=True)
class Cable:
    """How one sandbox is connected: `router` is a descriptor of the router's namespace, `number` the sandbox's own."""

    router: int
    number: int
    address: str


def of_uid(plan: dict[str, Any], uid: int) -> Cable:
    """The cable of the sandbox with this uid. `plan` is that of spawner/network.py."""
    number = uid - int(plan["first_uid"])
    packed = struct.pack(">I", int(plan["first_address"]) + number)
    return Cable(int(plan["router"]), number, socket.inet_ntoa(packed))


def raise_loopback() -> None:
    """127.0.0.1 and ::1 work; there is no other interface and no route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack_from("H", fcntl.ioctl(sock, _SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | _IFF_UP))


def reach(cable: Cable) -> Netlink:
    """Step into the router's namespace for a socket there. The caller leaves it again by unsharing its network."""
    namespaces.enter(cable.router, namespaces.NEWNET)
    return Netlink()


def connect(router: Netlink, cable: Cable) -> None:
    """Lay the cable from the router to our own, fresh namespace, and make it the way to everywhere.

    Raises:
        OSError: the kernel refused; the text names the step.
    """
    near_index = _FIRST_INDEX + cable.number
    near = End(f"s{cable.number}", near_index, netlink.UP | netlink.NOARP)
    far = End("eth0", FAR_INDEX, netlink.NOARP, pid=os.getpid())
    pair = netlink.add_pair(near, far, MAC)
    route = netlink.add_route(f"{cable.address}/32", near_index)
    try:
        router.do(pair, route)
    except FileExistsError:
        # The sandbox that had this number is gone, its network not yet: core still closes a socket that was made in it.
        router.do(netlink.remove_link(near.name))
        router.do(pair, route)
    with Netlink() as own:
        with contextlib.suppress(OSError):  # a kernel without IPv6
            own.do(netlink.leave_without_ipv6(FAR_INDEX))
        own.do(
            netlink.raise_link(FAR_INDEX),
            netlink.add_address(cable.address, FAR_INDEX),
            netlink.add_route("0.0.0.0/0", FAR_INDEX, GATEWAY),
        )

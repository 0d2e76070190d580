"""rtnetlink(7): links, addresses and routes without a program, several requests in one datagram.

A socket belongs for good to the network namespace in which it was opened. Requests are built by the functions below and
carried out in order by `Netlink.do`. Sandboxes are forked with this file loaded, so it imports little: what is loaded
hides a module of the same name that a function brings. Numbers: include/uapi/linux/{netlink,rtnetlink,if_link,veth}.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # ifaddrmsg: family, prefix length, flags, scope, index
# rtmsg: family, destination and source length, tos, table, protocol, scope, type, flags
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")

_NEWLINK, _DELLINK, _NEWADDR, _NEWROUTE, _GETROUTE = 16, 17, 20, 24, 26
_ERROR, _DONE = 2, 3
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_REPLACE, _EXCLUSIVE, _CREATE = 0x100, 0x200, 0x400

UP, NOARP = 0x1, 0x80  # IFF_*
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_NET_NS_PID = 1, 3, 18, 19
_IFLA_AF_SPEC, _IFLA_NET_NS_FD = 26, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_INET6_GENERATE, _GENERATE_NONE = 8, b"\x01"
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DESTINATION, _RTA_OIF, _RTA_GATEWAY, _RTA_MULTIPATH, _RTA_TABLE = 1, 4, 5, 9, 15
_TABLE_MAIN, _PROTOCOL_STATIC, _UNICAST, _ONLINK = 254, 4, 1, 4
_SCOPE_LINK, _SCOPE_GLOBAL = 253, 0
LOCAL = 2  # RTN_LOCAL: an address of the host itself

ROUTES_CHANGED = 0x40  # RTMGRP_IPV4_ROUTE
# The kernel answers within the call; this is for a kernel that does not.
_PATIENCE_S = 5.0
_BUFFER = 1 << 18


@dataclass(frozen=True)
class Request:
    """One thing to do; `what` names it in an error."""

    what: str
    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True)
class End:
    """One end of a veth pair. `pid` or `namespace` (a descriptor) say in whose network it appears, else in ours."""

    name: str
    index: int
    flags: int = 0
    pid: int = 0
    namespace: int = -1


@dataclass(frozen=True)
class Route:
    """A route of any table: where it leads (CIDR), its type (RTN_*), and through which interfaces."""

    network: str
    kind: int
    interfaces: list[int] = field(default_factory=list)


class Netlink:
    """A socket to the kernel. `groups`: what it is told of unasked, see ROUTES_CHANGED."""

    def __init__(self, groups: int = 0) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._socket.bind((0, groups))
        self._socket.settimeout(_PATIENCE_S)

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def do(self, *requests: Request) -> None:
        """Carry out all of them; every one is tried, whatever became of the one before.

        Raises:
            OSError: with the name of the first that failed.
        """
        pieces = [
            _message(request.kind, request.flags | _REQUEST | _ACK, number, request.body)
            for number, request in enumerate(requests)
        ]
        self._socket.send(b"".join(pieces))
        failed: dict[int, int] = {}
        answered = 0
        while answered < len(requests):
            for kind, number, body in _messages(self._socket.recv(_BUFFER)):
                if kind == _ERROR:
                    answered += 1
                    code = -struct.unpack_from("=i", body)[0]
                    if code:
                        failed[number] = code
        if failed:
            number = min(failed)
            code = failed[number]
            raise OSError(code, f"{requests[number].what}: {os.strerror(code)}")

    def routes(self) -> list[Route]:
        """All IPv4 routes of all tables, the host's own addresses among them."""
        body = _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
        self._socket.send(_message(_GETROUTE, _REQUEST | _DUMP, 0, body))
        found: list[Route] = []
        while True:
            for kind, _, answer in _messages(self._socket.recv(_BUFFER)):
                if kind == _DONE:
                    return found
                if kind == _ERROR:
                    code = -struct.unpack_from("=i", answer)[0]
                    raise OSError(code, f"listing routes: {os.strerror(code)}")
                if kind == _NEWROUTE:
                    found.append(_read_route(answer))

    def wait(self) -> None:
        """Wait until it is told something.

        Raises:
            TimeoutError: nothing came.
        """
        self._socket.recv(_BUFFER)

    def drain(self) -> None:
        """Forget what it was told."""
        self._socket.setblocking(False)
        try:
            while True:
                self._socket.recv(_BUFFER)
        except BlockingIOError:
            pass
        except OSError as error:  # more came than the buffer holds, which says the same
            if error.errno != errno.ENOBUFS:
                raise
        finally:
            self._socket.settimeout(_PATIENCE_S)


def add_pair(near: End, far: End, mac: bytes) -> Request:
    """A veth pair. Both ends have the same `mac`: without ARP a sender takes its own for the receiver's."""
    peer = _LINK.pack(0, 0, far.index, far.flags, far.flags) + _names(far, mac)
    data = _attribute(_INFO_DATA, _attribute(_VETH_PEER, peer))
    information = _attribute(_IFLA_LINKINFO, _attribute(_INFO_KIND, b"veth") + data)
    body = _LINK.pack(0, 0, near.index, near.flags, near.flags) + _names(near, mac) + information
    return Request(f"making {near.name}", _NEWLINK, _CREATE | _EXCLUSIVE, body)


def leave_without_ipv6(index: int) -> Request:
    """No address of its own making, when it is switched on."""
    generate = _attribute(_INET6_GENERATE, _GENERATE_NONE)
    body = _LINK.pack(0, 0, index, 0, 0)
    body += _attribute(_IFLA_AF_SPEC, _attribute(socket.AF_INET6, generate))
    return Request("leaving a link without IPv6", _NEWLINK, 0, body)


def raise_link(index: int) -> Request:
    return Request("switching a link on", _NEWLINK, 0, _LINK.pack(0, 0, index, UP, UP))


def remove_link(name: str) -> Request:
    body = _LINK.pack(0, 0, 0, 0, 0) + _attribute(_IFLA_IFNAME, name.encode() + b"\0")
    return Request(f"removing {name}", _DELLINK, 0, body)


def add_address(address: str, index: int) -> Request:
    """`address` alone, without a network around it."""
    packed = socket.inet_aton(address)
    body = _ADDRESS.pack(socket.AF_INET, 32, 0, 0, index)
    body += _attribute(_IFA_LOCAL, packed) + _attribute(_IFA_ADDRESS, packed)
    return Request(f"giving out {address}", _NEWADDR, _CREATE | _REPLACE, body)


def add_route(network: str, index: int, gateway: str = "", *, exclusive: bool = False) -> Request:
    """To `network` (CIDR) through a link. `gateway` need not exist: without ARP nobody asks for it."""
    address, _, prefix = network.partition("/")
    scope = _SCOPE_GLOBAL if gateway else _SCOPE_LINK
    head = (socket.AF_INET, int(prefix), 0, 0, _TABLE_MAIN, _PROTOCOL_STATIC)
    body = _ROUTE.pack(*head, scope, _UNICAST, _ONLINK if gateway else 0)
    body += _attribute(_RTA_DESTINATION, socket.inet_aton(address))
    body += _attribute(_RTA_OIF, struct.pack("=i", index))
    if gateway:
        body += _attribute(_RTA_GATEWAY, socket.inet_aton(gateway))
    once = _EXCLUSIVE if exclusive else _REPLACE
    return Request(f"routing {network}", _NEWROUTE, _CREATE | once, body)


def _names(end: End, mac: bytes) -> bytes:
    names = _attribute(_IFLA_IFNAME, end.name.encode() + b"\0") + _attribute(_IFLA_ADDRESS, mac)
    if end.pid:
        names += _attribute(_IFLA_NET_NS_PID, struct.pack("=I", end.pid))
    if end.namespace >= 0:
        names += _attribute(_IFLA_NET_NS_FD, struct.pack("=i", end.namespace))
    return names


def _message(kind: int, flags: int, number: int, body: bytes) -> bytes:
    return _padded(_HEADER.pack(_HEADER.size + len(body), kind, flags, number, 0) + body)


def _attribute(kind: int, content: bytes) -> bytes:
    return _padded(_ATTRIBUTE.pack(_ATTRIBUTE.size + len(content), kind) + content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, sequence number and body of each."""
    while len(data) >= _HEADER.size:
        length, kind, _, number, _ = _HEADER.unpack_from(data)
        yield kind, number, data[_HEADER.size : length]
        data = data[length + -length % 4 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[_ATTRIBUTE.size : length]
        data = data[length + -length % 4 :]
    return found


def _read_route(body: bytes) -> Route:
    head = _ROUTE.unpack_from(body)
    attributes = _attributes(body[_ROUTE.size :])
    address = socket.inet_ntoa(attributes.get(_RTA_DESTINATION, bytes(4)))
    interfaces = [struct.unpack("=i", attributes[_RTA_OIF])[0]] if _RTA_OIF in attributes else []
    hops = attributes.get(_RTA_MULTIPATH, b"")
    while len(hops) >= 8:  # struct rtnexthop: length, flags, hops, interface; attributes follow
        length, interface = struct.unpack_from("=Hxxi", hops)
        interfaces.append(interface)
        hops = hops[max(length + -length % 4, 8) :]
    return Route(f"{address}/{head[1]}", head[7], interfaces)

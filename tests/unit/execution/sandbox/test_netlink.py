"""Requests to the kernel about links and routes, as far as they need no privilege."""

from __future__ import annotations

import os

import pytest

from lambent.execution.sandbox import netlink
from lambent.execution.sandbox.netlink import Netlink


def test_the_loopbacks_routes_are_listed() -> None:
    with Netlink() as socket:
        routes = socket.routes()
    [found] = [route for route in routes if route.network == "127.0.0.1/32"]
    assert (found.kind, found.interfaces) == (netlink.LOCAL, [1])


@pytest.mark.skipif(os.geteuid() != 0, reason="others are told that they may not")
def test_the_first_of_several_failures_is_named_and_the_socket_goes_on() -> None:
    with Netlink() as socket:
        with pytest.raises(OSError, match="removing nobody0: No such device"):
            socket.do(netlink.remove_link("nobody0"), netlink.remove_link("nobody1"))
        assert socket.routes()


def test_what_nobody_may_is_refused_with_its_name() -> None:
    if os.geteuid() == 0:
        pytest.skip("root may")
    with Netlink() as socket, pytest.raises(PermissionError, match=r"giving out 127\.0\.0\.9"):
        socket.do(netlink.add_address("127.0.0.9", 1))


def test_draining_leaves_nothing() -> None:
    with Netlink(netlink.ROUTES_CHANGED) as socket:
        socket.drain()
        assert socket.routes()

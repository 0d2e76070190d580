"""What a function reaches and what reaches it. Host and internet are network namespaces made here: nothing leaves them.

A namespace "internet" with servers on several addresses hangs on the namespace "host", in which the spawner runs. That
an address is refused means something only if it is there: each is reached from the host first.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambent.execution.sandbox import namespaces
from lambent.execution.sandbox.netlink import Netlink
from lambent.execution.sandbox.network import raise_loopback
from lambent.execution.spawner import firewall, forwarding, network, resolvers
from lambent.execution.spawner.start import Outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Any]

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

INTERNET, HOST, HOST_TOO = "198.51.100.1", "198.51.100.2", "203.0.113.9"
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16")
DENIED, LAN, LATE = "10.1.2.3", "192.168.77.1", "192.0.2.77"
WEB, ANY, LOOPBACK = 80, 7002, 7001
_LIMIT_S = 1.0
CONNECT = f"""
def connect(address, port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        client.settimeout({_LIMIT_S})
        try:
            client.connect((address, port))
        except OSError as error:
            return str(error)
        return "connected"
"""
FETCH = """
import urllib.request
answer = urllib.request.urlopen(f"http://{event['address']}/", timeout=5).read().decode()
"""
NODE = """
const http = require('http');
exports.handler = (event) => new Promise((resolve, reject) => {
  http.get(`http://${event.address}/`, (answer) => {
    let text = '';
    answer.on('data', (piece) => { text += piece; });
    answer.on('end', () => resolve(text));
  }).on('error', reject);
});
"""
_RESULT = 4
_LINKS_CHANGED = 1  # RTMGRP_LINK


class WhoAsks(http.server.BaseHTTPRequestHandler):
    """Answers with the address that it sees."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.client_address[0].encode())

    def log_message(self, *_: object) -> None:
        pass


class World:
    """A host and an internet. Everything in them ends with the descriptors."""

    def __init__(self) -> None:
        self.host, self.internet = new_namespace(), new_namespace()
        self._sockets: list[socket.socket] = []
        run(
            self.host,
            "ip link add inet0 type veth peer name eth0",
            f"ip addr add {HOST}/24 dev inet0",
        )
        run(self.host, f"ip link set eth0 netns /proc/{os.getpid()}/fd/{self.internet}")
        run(self.host, "ip link set inet0 up", f"ip addr add {HOST_TOO}/32 dev lo")
        run(self.internet, f"ip addr add {INTERNET}/24 dev eth0", "ip link set eth0 up")
        for address in (*METADATA, DENIED):
            run(self.internet, f"ip addr add {address}/32 dev lo")
        run(self.host, f"ip route add default via {INTERNET}")
        with inside(self.internet):
            self._web = http.server.ThreadingHTTPServer(("", WEB), WhoAsks)
        self._thread = threading.Thread(target=self._web.serve_forever, args=(0.05,))
        self._thread.start()
        self.listeners = [
            self.listen(self.host, "", ANY),
            self.listen(self.host, "127.0.0.1", LOOPBACK),
        ]

    def listen(self, namespace: int, address: str, port: int) -> socket.socket:
        with inside(namespace):
            server = socket.create_server((address, port))
        server.setblocking(False)
        self._sockets.append(server)
        return server

    def connect(self, namespace: int, address: str, port: int) -> str:
        """From a namespace of the test's own. A busy machine may be late with a first packet: three tries."""
        names: dict[str, Any] = {"socket": socket}
        exec(CONNECT, names)
        with inside(namespace):
            for _ in range(3):
                found = str(names["connect"](address, port))
                if found != "timed out":
                    break
        return found

    def links(self) -> list[str]:
        with inside(self.host):
            return sorted(name for _, name in socket.if_nameindex())

    def tables(self) -> list[str]:
        listed = run(self.host, "nft -j list tables")
        return [each["table"]["name"] for each in json.loads(listed)["nftables"] if "table" in each]

    def forwards(self, interface: str) -> str:
        return run(self.host, f"cat /proc/sys/net/ipv4/conf/{interface}/forwarding").strip()

    def record(self) -> str:
        with inside(self.host):
            return forwarding.record_path()

    def close(self) -> None:
        self._web.shutdown()
        self._thread.join()
        self._web.server_close()
        for each in self._sockets:
            each.close()
        for namespace in (self.host, self.internet):
            os.close(namespace)


@contextlib.contextmanager
def inside(namespace: int) -> Iterator[None]:
    home = namespaces.open_own("net")
    namespaces.enter(namespace, namespaces.NEWNET)
    try:
        yield
    finally:
        namespaces.enter(home, namespaces.NEWNET)
        os.close(home)


def new_namespace() -> int:
    home = namespaces.open_own("net")
    namespaces.unshare(namespaces.NEWNET)
    try:
        raise_loopback()
        return namespaces.open_own("net")
    finally:
        namespaces.enter(home, namespaces.NEWNET)
        os.close(home)


def run(namespace: int, *commands: str) -> str:
    """What they print."""
    printed = ""
    with inside(namespace):
        for command in commands:
            done = subprocess.run(
                command.split(),
                capture_output=True,
                text=True,
                timeout=10,
                close_fds=False,
                check=False,
            )
            assert done.returncode == 0, (command, done.stderr)
            printed += done.stdout
    return printed


@pytest.fixture
def world() -> Iterator[World]:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    missing = [name for name in ("ip", "nft") if shutil.which(name) is None]
    if missing:
        assert not os.environ.get("CI"), f"{missing} must be there"
        pytest.skip(f"needs {missing}")
    made = World()
    yield made
    made.close()


@pytest.fixture
def begin(world: World, start: Start) -> Start:
    """Starts a spawner on the host of `world`."""

    def begin_one(wanted: str = "internet", deny: str = "", data_dir: Path | None = None) -> Any:
        with inside(world.host):
            return start("require", data_dir, Outside(wanted, deny))

    return begin_one


def leave(driver: Any) -> None:
    """As core does it: by closing its end."""
    driver.socket.close()
    driver.process.wait(10)


def fetch(box: Any, address: str = INTERNET) -> str:
    kind, answer = box.invoke(json.dumps({"code": FETCH, "address": address}).encode())
    assert kind == _RESULT, answer
    return str(json.loads(answer))


def connect(box: Any, address: str, port: int = WEB) -> str:
    return str(box.run(f"{CONNECT}\nanswer = connect({address!r}, {port})"))


def address_of(box: Any) -> str:
    lines = box.run("answer = open('/proc/net/fib_trie').read()").splitlines()
    found = [lines[at - 1].split()[-1] for at, line in enumerate(lines) if "/32 host LOCAL" in line]
    [address] = {each for each in found if not each.startswith("127.")}
    return str(address)


def test_functions_reach_the_internet_under_the_hosts_address(begin: Start) -> None:
    driver = begin()
    assert fetch(driver.probe()) == HOST
    assert fetch(driver.probe()) == HOST
    if "nodejs20.x" in driver.runtimes:
        box = driver.function({"app.js": NODE}, runtime="nodejs20.x")
        assert box.invoke(json.dumps({"address": INTERNET}).encode()) == (4, f'"{HOST}"'.encode())


def test_the_host_is_out_of_reach(world: World, begin: Start) -> None:
    box = begin().probe()
    assert fetch(box) == HOST
    for address, port in ((HOST, ANY), (HOST_TOO, ANY), ("127.0.0.1", LOOPBACK)):
        assert world.connect(world.host, address, port) == "connected"
    for server in (*world.listeners, world.listeners[0]):
        server.accept()[0].close()
    for address, port in ((HOST, ANY), (HOST_TOO, ANY)):
        assert "No route to host" in connect(box, address, port)
    assert "refused" in connect(box, "127.0.0.1", LOOPBACK)
    # The router, and the host's end of its cable, have no service and no address that would answer.
    for address in ("169.254.1.1", "192.0.0.8"):
        assert "No route to host" in connect(box, address, ANY)
    for server in world.listeners:
        with pytest.raises(BlockingIOError):
            server.accept()


def test_metadata_services_and_denied_networks_are_out_of_reach(world: World, begin: Start) -> None:
    box = begin(deny="10.1.0.0/16, 172.16.0.0/12").probe()
    for address in (*METADATA, DENIED):
        assert world.connect(world.host, address, WEB) == "connected"
        assert "No route to host" in connect(box, address), address
    assert fetch(box) == HOST


def test_what_nobody_denies_is_reached(begin: Start) -> None:
    assert fetch(begin().probe(), DENIED) == HOST


LISTEN = """
import builtins
builtins.server = socket.create_server(("", 7777))
server.setblocking(False)
"""
ACCEPT = """
try:
    server.accept()
    answer = "accepted"
except BlockingIOError:
    answer = "nobody came"
"""


def test_functions_do_not_reach_each_other(world: World, begin: Start) -> None:
    driver, elsewhere = begin(), begin()
    listener = driver.probe()
    address = address_of(listener)
    listener.run(LISTEN)
    assert connect(listener, address, 7777) == "connected"
    assert listener.run(ACCEPT) == "accepted"
    for box in (driver.probe(), elsewhere.probe()):
        assert connect(box, address, 7777) != "connected"
        assert fetch(box) == HOST
    assert listener.run(ACCEPT) == "nobody came"


def test_nothing_comes_in(world: World, begin: Start) -> None:
    listener = begin().probe()
    address = address_of(listener)
    listener.run(LISTEN)
    run(world.internet, f"ip route add {address}/32 via {HOST}")
    assert world.connect(world.host, address, 7777) != "connected"
    assert world.connect(world.internet, address, 7777) != "connected"
    assert listener.run(ACCEPT) == "nobody came"
    # It is our rules that keep them out: without them both come in.
    for name in world.tables():
        run(world.host, f"nft delete table inet {name}")
    assert world.connect(world.host, address, 7777) == "connected"
    assert world.connect(world.internet, address, 7777) == "connected"


def test_there_is_no_ipv6(begin: Start) -> None:
    box = begin().probe()
    addresses = box.run("answer = open('/proc/net/if_inet6').read()").splitlines()
    assert [line.split()[-1] for line in addresses] == ["lo"]
    assert "unreachable" in connect(box, "fd00:ec2::254")


def test_a_function_cannot_take_another_address(begin: Start) -> None:
    box = begin().probe()
    assert "not supported" in box.run(
        "try:\n socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\nexcept OSError as e: answer = str(e)"
    )
    assert "not permitted" in box.run(
        "try:\n socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\nexcept OSError as e: answer = str(e)"
    )


def test_none_is_no_network(world: World, begin: Start) -> None:
    before = world.links(), world.tables(), world.forwards("inet0")
    driver = begin("none")
    box = driver.probe()
    assert "Network is unreachable" in connect(box, INTERNET)
    assert box.run("answer = [name for _, name in socket.if_nameindex()]") == ["lo"]
    assert "No name server" in box.run("answer = open('/etc/resolv.conf').read()")
    assert (world.links(), world.tables(), world.forwards("inet0")) == before


def test_name_servers_are_the_hosts(world: World, begin: Start) -> None:
    with inside(world.host), Netlink() as outer:
        own = network.own_networks(outer.routes())
    expected = resolvers.as_file(resolvers.find(own))
    assert begin().probe().run("answer = open('/etc/resolv.conf').read()") == expected


def test_name_servers_in_a_denied_network_answer_names_only(world: World, begin: Start) -> None:
    [server, *_] = resolvers.find([]) or [""]
    if not server:
        pytest.skip("this host names no server")
    run(world.internet, f"ip addr add {server}/32 dev lo")
    world.listen(world.internet, server, 53)
    box = begin(deny=f"{server}/32").probe()
    assert connect(box, server, 53) == "connected"
    assert world.connect(world.host, server, WEB) == "connected"
    assert "No route to host" in connect(box, server, WEB)


def test_nothing_is_left_after_a_stop(world: World, begin: Start) -> None:
    before = world.links()
    assert (world.tables(), world.forwards("inet0")) == ([], "0")
    driver = begin()
    fetch(driver.probe())
    assert len(world.links()) == len(before) + 1
    assert (len(world.tables()), world.forwards("inet0")) == (1, "1")
    leave(driver)
    assert (world.links(), world.tables(), world.forwards("inet0")) == (before, [], "0")
    assert not Path(world.record()).exists()


def router_of(driver: Any) -> int:
    """The network namespace that a spawner holds open."""
    for path in Path(f"/proc/{driver.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if str(path.readlink()).startswith("net:["):
                return os.open(path, os.O_RDONLY)
    raise AssertionError("there is none")


def test_a_sandbox_takes_its_cable_along(world: World, begin: Start) -> None:
    driver = begin()
    stays, goes = driver.probe(), driver.probe()
    router = router_of(driver)
    try:
        with inside(router), Netlink(_LINKS_CHANGED) as watched:
            names = [name for _, name in socket.if_nameindex()]
            assert sorted(names) == ["lo", "s0", "s1", "up"]
            goes.end()
            while "s1" in [name for _, name in socket.if_nameindex()]:
                watched.wait()
    finally:
        os.close(router)
    assert fetch(stays) == HOST


def test_a_cable_that_is_still_there_is_laid_anew(world: World, begin: Start) -> None:
    driver = begin()
    assert fetch(driver.probe()) == HOST
    router = router_of(driver)
    try:
        run(router, "ip link add s1 type veth peer name x1")
    finally:
        os.close(router)
    assert fetch(driver.probe()) == HOST


def test_a_killed_spawner_leaves_what_the_next_start_sweeps(world: World, begin: Start) -> None:
    before = world.links()
    driver, other = begin(), begin()
    fetch(driver.probe())
    with inside(world.host):
        watched = Netlink(_LINKS_CHANGED)
    for each in (driver, other):
        each.process.send_signal(signal.SIGKILL)
        each.process.wait(10)
    with watched:
        while world.links() != before:  # a namespace is taken down in the background
            watched.wait()
    assert len(world.tables()) == 2
    again = begin(data_dir=driver.data_dir)
    assert len(world.tables()) == 1, "the other's goes as well"
    assert fetch(again.probe()) == HOST
    leave(again)
    assert (world.links(), world.tables(), world.forwards("inet0")) == (before, [], "0")
    assert not Path(world.record()).exists()


def test_a_start_without_network_sweeps_as_well(world: World, begin: Start) -> None:
    driver = begin()
    driver.process.send_signal(signal.SIGKILL)
    driver.process.wait(10)
    assert (len(world.tables()), world.forwards("inet0")) == (1, "1")
    begin("none", data_dir=driver.data_dir)
    assert (world.tables(), world.forwards("inet0")) == ([], "0")
    assert not Path(world.record()).exists()


def test_rules_that_somebody_flushes_come_back(world: World, begin: Start) -> None:
    box = begin().probe()
    rules = run(world.host, "nft list ruleset")
    with inside(world.host):
        listener = firewall.listen()
    with listener:
        run(world.host, "nft flush ruleset")
        listener.settimeout(10)
        while not world.tables():
            listener.recv(65_536)
    assert run(world.host, "nft list ruleset") == rules
    assert "No route to host" in connect(box, HOST, ANY)
    assert fetch(box) == HOST


def test_one_platform_leaves_while_another_stays(world: World, begin: Start) -> None:
    first, second = begin(), begin()
    box = second.probe()
    assert fetch(first.probe()) == HOST
    leave(first)
    assert fetch(box) == HOST
    assert (len(world.tables()), world.forwards("inet0")) == (1, "1")
    leave(second)
    assert (world.tables(), world.forwards("inet0")) == ([], "0")


@pytest.fixture
def lan(world: World) -> Iterator[int]:
    """A second network of the host, whose machines know the way back."""
    namespace = new_namespace()
    run(world.host, "ip link add lan0 type veth peer name eth0")
    run(world.host, f"ip link set eth0 netns /proc/{os.getpid()}/fd/{namespace}")
    run(world.host, "ip addr add 192.168.77.2/24 dev lan0", "ip link set lan0 up")
    run(namespace, f"ip addr add {LAN}/24 dev eth0", "ip link set eth0 up")
    run(namespace, "ip route add default via 192.168.77.2")
    run(world.internet, f"ip route add {LAN}/32 via {HOST}")
    world.listen(namespace, "", ANY)
    yield namespace
    os.close(namespace)


def test_the_host_becomes_nobodys_router(world: World, begin: Start, lan: int) -> None:
    driver = begin()
    assert (world.forwards("inet0"), world.forwards("lan0")) == ("1", "1")
    assert connect(driver.probe(), LAN, ANY) == "connected"
    assert world.connect(world.internet, LAN, ANY) != "connected"
    for name in world.tables():
        run(world.host, f"nft delete table inet {name}")
    assert world.connect(world.internet, LAN, ANY) == "connected", "our rule did not keep it out"


def test_a_host_that_forwards_goes_on_doing_so(world: World, begin: Start, lan: int) -> None:
    run(world.host, "sysctl -q -w net.ipv4.ip_forward=1")
    assert world.connect(world.internet, LAN, ANY) == "connected"
    driver = begin()
    assert world.connect(world.internet, LAN, ANY) == "connected"
    leave(driver)
    assert (world.forwards("inet0"), world.forwards("all")) == ("1", "1")


def test_a_host_that_becomes_a_router_is_let_be_one(world: World, begin: Start, lan: int) -> None:
    driver = begin()
    assert world.connect(world.internet, LAN, ANY) != "connected"
    run(world.host, "sysctl -q -w net.ipv4.ip_forward=1", "ip route add 203.0.113.64/26 dev lan0")
    settle(driver)
    assert world.connect(world.internet, LAN, ANY) == "connected"
    assert fetch(driver.probe()) == HOST
    leave(driver)
    assert (world.forwards("inet0"), world.forwards("all")) == ("1", "1")


def settle(driver: Any) -> None:
    """Wait until the spawner has been through its loop."""
    for ticket in ("one", "two"):
        driver.ask("describe", ticket=ticket)


def test_a_network_that_comes_later_is_reached(world: World, begin: Start) -> None:
    driver = begin()
    box = driver.probe()
    namespace = new_namespace()
    run(world.host, "ip link add late0 type veth peer name eth0")
    run(world.host, f"ip link set eth0 netns /proc/{os.getpid()}/fd/{namespace}")
    run(namespace, f"ip addr add {LATE}/24 dev eth0", "ip link set eth0 up")
    run(world.host, "ip addr add 192.0.2.2/24 dev late0", "ip link set late0 up")
    world.listen(namespace, "", ANY)
    settle(driver)
    assert connect(box, LATE, ANY) == "connected"
    assert world.forwards("late0") == "1"
    leave(driver)
    assert world.forwards("late0") == "0"
    os.close(namespace)


def test_a_network_of_the_host_is_not_taken(world: World, begin: Start) -> None:
    run(
        world.host,
        f"ip route add 100.64.0.0/10 via {INTERNET}",
        f"ip route add 172.16.0.0/12 via {INTERNET}",
    )
    driver = begin()
    assert driver.ask("describe", ticket="what")["network"]["addresses"].startswith("10.")
    assert fetch(driver.probe()) == HOST


def test_where_it_cannot_be_it_is_said_or_refused(world: World, start: Start) -> None:
    for pool in ("100.64.0.0/10", "172.16.0.0/12", "10.0.0.0/8"):
        run(world.host, f"ip route add {pool} via {INTERNET}")
    before = world.links()
    with inside(world.host):
        driver = start("require", None, Outside("auto"))
    described = driver.ask("describe", ticket="what")["network"]
    assert (described["mode"], "in use" in described["lacks"]) == ("platform", True)
    assert "Network is unreachable" in connect(driver.probe(), INTERNET)
    assert (world.links(), world.tables(), world.forwards("inet0")) == (before, [], "0")
    with inside(world.host), pytest.raises((AssertionError, ConnectionError)):
        start("require", None, Outside("internet"))
    assert (world.links(), world.tables()) == (before, [])

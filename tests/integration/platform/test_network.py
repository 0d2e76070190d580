"""A whole platform in a network namespace of its own, with another one that plays the internet."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambent.execution.sandbox import namespaces
from lambent.execution.sandbox.network import raise_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Any]  # the fixture of conftest.py, which cannot be imported from here

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

INTERNET, HOST, PORT = "198.51.100.1", "198.51.100.2", 7000
_LIMIT_S = 10
CONNECT = """
import socket
def handler(event, context):
    with socket.socket() as client:
        client.settimeout(2)
        try:
            client.connect((event["address"], event["port"]))
        except OSError as error:
            return str(error)
        return client.recv(100).decode() if event.get("listen") else "connected"
"""


class Greeter:
    """Tells everybody who connects under which address they came."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, address = self._server.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.sendall(address[0].encode())

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True, timeout=_LIMIT_S)


@pytest.fixture
def apart() -> Iterator[None]:
    """The test, and what it starts, lives in a network of its own with an internet behind it."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    if not (shutil.which("ip") and shutil.which("nft")):
        assert not os.environ.get("CI"), "iproute2 and nftables must be there"
        pytest.skip("needs iproute2 and nftables")
    home = namespaces.open_own("net")
    namespaces.unshare(namespaces.NEWNET)
    raise_loopback()
    internet = namespaces.open_own("net")
    ip("link add eth0 type veth peer name inet0")
    ip(f"addr add {INTERNET}/24 dev eth0")
    ip("link set eth0 up")
    greeter = Greeter(socket.create_server((INTERNET, PORT)))
    namespaces.unshare(namespaces.NEWNET)
    raise_loopback()
    host = namespaces.open_own("net")
    namespaces.enter(internet, namespaces.NEWNET)
    ip(f"link set inet0 netns /proc/{os.getpid()}/fd/{host}")
    namespaces.enter(host, namespaces.NEWNET)
    ip(f"addr add {HOST}/24 dev inet0")
    ip("link set inet0 up")
    ip(f"route add default via {INTERNET}")
    try:
        yield
    finally:
        namespaces.enter(home, namespaces.NEWNET)
        greeter.close()
        for descriptor in (home, internet, host):
            os.close(descriptor)


def traces() -> tuple[list[str], list[str], str]:
    """Links, tables, and whether the host passes anything on."""
    listed = subprocess.run(
        ["nft", "list", "tables"], capture_output=True, text=True, check=True, timeout=_LIMIT_S
    )
    forwards = Path("/proc/sys/net/ipv4/conf/inet0/forwarding").read_text().strip()
    links = sorted(name for _, name in socket.if_nameindex())
    return links, listed.stdout.splitlines(), forwards


def ask(up: Any, client: Any, address: str, port: int, *, listen: bool = False) -> str:
    event = {"address": address, "port": port, "listen": listen}
    return str(json.loads(up.invoke(client, "f", json.dumps(event))))


def test_a_function_reaches_the_internet_and_not_its_platform(apart: None, start: Start) -> None:
    before = traces()
    up = start("--network", "internet", "--host", "0.0.0.0")
    client = up.client()
    up.create(client, "f", CONNECT)
    assert ask(up, client, INTERNET, PORT, listen=True) == HOST
    port = int(up.endpoint.rpartition(":")[2])
    for address in (HOST, "127.0.0.1"):
        socket.create_connection((address, port), _LIMIT_S).close()
    assert "No route to host" in ask(up, client, HOST, port)
    assert "refused" in ask(up, client, "127.0.0.1", port)
    assert traces() != before
    assert up.stop() == 0
    assert traces() == before


def test_environments_restored_from_a_snapshot_have_networks_of_their_own(
    apart: None, start: Start
) -> None:
    up = start("--network", "internet", "--host", "0.0.0.0")
    client = up.client()
    up.create(client, "f", CONNECT)
    snap_start = {"ApplyOn": "PublishedVersions"}
    client.update_function_configuration(
        FunctionName="f", Runtime="python3.12", SnapStart=snap_start
    )
    client.publish_version(FunctionName="f")
    event = {"address": INTERNET, "port": PORT, "listen": True}
    answer = up.invoke(client, "f:1", json.dumps(event))
    assert json.loads(answer) == HOST
    shown = client.get_function_configuration(FunctionName="f", Qualifier="1")
    assert shown["SnapStart"]["OptimizationStatus"] == "On"
    event |= {"address": HOST, "port": int(up.endpoint.rpartition(":")[2]), "listen": False}
    assert "No route to host" in up.invoke(client, "f:1", json.dumps(event))
    assert up.stop() == 0


def test_a_power_cut_leaves_what_the_next_start_sweeps(apart: None, start: Start) -> None:
    before = traces()
    up = start("--network", "internet")
    client = up.client()
    up.create(client, "f", CONNECT)
    assert ask(up, client, INTERNET, PORT, listen=True) == HOST
    up.kill_all()
    again = start("--network", "internet")
    assert len(traces()[1]) == 1
    assert ask(again, again.client(), INTERNET, PORT, listen=True) == HOST
    assert again.stop() == 0
    assert traces() == before


def test_a_new_spawner_connects_again(apart: None, start: Start) -> None:
    before = traces()
    up = start()
    client = up.client()
    up.create(client, "f", CONNECT)
    assert ask(up, client, INTERNET, PORT, listen=True) == HOST
    up.spawner.kill()
    up.wait_for_new_spawner()
    assert ask(up, client, INTERNET, PORT, listen=True) == HOST
    assert up.stop() == 0
    assert traces() == before


def test_none_lets_nothing_out_and_changes_nothing(apart: None, start: Start) -> None:
    before = traces()
    up = start("--network", "none")
    client = up.client()
    up.create(client, "f", CONNECT)
    assert "Network is unreachable" in ask(up, client, INTERNET, PORT)
    assert traces() == before


def test_doctor_changes_nothing(apart: None, tmp_path: Path) -> None:
    before = traces(), sorted(Path("/run").glob("lambent-*"))
    command = [sys.executable, "-m", "lambent", "doctor", "--network", "internet"]
    said = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=30, cwd=tmp_path
    ).stdout
    assert "ok    network          functions reach the outside" in said
    assert "IPv4 forwarding will be switched on for inet0" in said
    assert (traces(), sorted(Path("/run").glob("lambent-*"))) == before


def test_doctor_names_what_was_switched_on(apart: None, start: Start, tmp_path: Path) -> None:
    start("--network", "internet")
    command = [sys.executable, "-m", "lambent", "doctor"]
    said = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=30, cwd=tmp_path
    ).stdout
    assert "Lambent has switched IPv4 forwarding on for inet0" in said

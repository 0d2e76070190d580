"""What the host has besides files: sockets, shared memory, queues, terminals, core dumps, descriptors."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
from string import Template
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_REACH = "socket.create_connection(({!r}, {}), 3)"
_REACH_IN_NODE = "reach({{ host: {!r}, port: {} }})"
# Cloud metadata of both kinds, and addresses reserved for documentation: nobody is there, and there is no route.
_ABROAD = {
    "metadata": ("169.254.169.254", 80),
    "metadata, version 6": ("fd00:ec2::254", 80),
    "containers' metadata": ("169.254.170.2", 80),
    "documentation": ("192.0.2.1", 443),
    "documentation, version 6": ("2001:db8::1", 443),
    "private": ("10.0.0.1", 22),
}
_OBJECTS = {
    "tcp of the host": (
        _REACH.format("127.0.0.1", "$tcp"),
        _REACH_IN_NODE.format("127.0.0.1", "$tcp"),
        "ECONNREFUSED",
    ),
    "tcp of the host, version 6": (
        _REACH.format("::1", "$tcp6"),
        _REACH_IN_NODE.format("::1", "$tcp6"),
        "ECONNREFUSED",
    ),
    "tcp by any address": (
        _REACH.format("0.0.0.0", "$tcp"),
        _REACH_IN_NODE.format("0.0.0.0", "$tcp"),
        "ECONNREFUSED",
    ),
    "unix socket of the host": (
        "socket.socket(socket.AF_UNIX).connect('$folder/socket')",
        "reach({ path: '$folder/socket' })",
        "ENOENT",
    ),
    "docker": (
        "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
        "reach({ path: '/var/run/docker.sock' })",
        "ENOENT",
    ),
    "bus": (
        "socket.socket(socket.AF_UNIX).connect('/run/dbus/system_bus_socket')",
        "reach({ path: '/run/dbus/system_bus_socket' })",
        "ENOENT",
    ),
    "system log": (
        "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect('/dev/log')",
        "reach({ path: '/dev/log' })",
        "ENOENT",
    ),
} | {
    name: (_REACH.format(*address), _REACH_IN_NODE.format(*address), "ENETUNREACH")
    for name, address in _ABROAD.items()
}
_OF_PYTHON = {
    "abstract socket": ("socket.socket(socket.AF_UNIX).connect('\\0$name')", "ECONNREFUSED"),
    "abstract datagrams": (
        "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', '\\0$name-d')",
        "ECONNREFUSED",
    ),
    "udp abroad": (
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "ENETUNREACH",
    ),
    "udp to all": (
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('255.255.255.255', 9))",
        "ENETUNREACH",
    ),
    "multicast": (
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('224.0.0.251', 5353))",
        "ENETUNREACH",
    ),
    "an interface by name": (
        "socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')",
        "ENODEV",
    ),
    "a mark": ("socket.socket().setsockopt(socket.SOL_SOCKET, 36, 1)", "EPERM"),
    "an address for lo": (
        "fcntl.ioctl(socket.socket(), 0x8916, struct.pack('16sHH4s8x', b'lo', 2, 0, bytes((192, 0, 2, 1))))",
        "EPERM",
    ),
    "iptables": ("socket.socket().setsockopt(0, 64, bytes(84))", "EPERM"),
    "packets for all": (
        "socket.socket().setsockopt(socket.IPPROTO_IP, 19, 1)",
        "EPERM",
    ),  # IP_TRANSPARENT
    "shared memory by key": ("call(libc.shmget($key, 0, 0))", "ENOENT"),
    "shared memory by number": ("libc.shmat($shm, 0, 0o10000) != -1 or call(-1)", "EINVAL"),
    "shared memory removed": ("call(libc.shmctl($shm, 0, 0))", "EINVAL"),
    "semaphores by key": ("call(libc.semget($key, 0, 0))", "ENOENT"),
    "semaphores removed": ("call(libc.semctl($sem, 0, 0))", "EINVAL"),
    "message queue by key": ("call(libc.msgget($key, 0))", "ENOENT"),
    "posix queue": ("call(libc.mq_open(b'/$name', 0))", "ENOENT"),
    "posix queue removed": ("call(libc.mq_unlink(b'/$name'))", "ENOENT"),
    "posix shared memory": ("open('/dev/shm/$name')", "ENOENT"),
    "typing on stdin": ("fcntl.ioctl(0, termios.TIOCSTI, b'x')", "ENOTTY"),
    "typing on stdout": ("fcntl.ioctl(1, termios.TIOCSTI, b'x')", "ENOTTY"),
    "typing on the frame socket": ("fcntl.ioctl(1000, termios.TIOCSTI, b'x')", "ENOTTY"),
    "a terminal of its own": ("os.openpty()", "ENOENT"),
    "selection of the console": ("fcntl.ioctl(0, 0x541C, bytes([2]))", "ENOTTY"),  # TIOCLINUX
    "entropy": (
        "fcntl.ioctl(os.open('/dev/random', os.O_RDWR), 0x40045201, struct.pack('i', 99))",
        "EPERM",
    ),
    "entropy thrown away": (
        "fcntl.ioctl(os.open('/dev/random', os.O_RDWR), 0x5206)",
        "EPERM",
    ),  # RNDCLEARPOOL
    "the disk of tmp shut down": (
        "fcntl.ioctl(os.open('/tmp', 0), 0x8004587D, struct.pack('I', 2))",
        "EPERM",
    ),
    "the disk of tmp frozen": (
        "fcntl.ioctl(os.open('/tmp', 0), 0xC0045877, 0)",
        "EPERM",
    ),  # FIFREEZE
    "the disk of tmp trimmed": ("fcntl.ioctl(os.open('/tmp', 0), 0xC0185879, bytes(24))", "EPERM"),
    "a file for ever": (
        "fcntl.ioctl(os.open('/tmp/x', os.O_CREAT | os.O_RDWR), 0x40086602, struct.pack('l', 0x10))",
        "EPERM",
    ),  # FS_IOC_SETFLAGS, immutable
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Objects of the host that really are there; their names and numbers."""
    folder = tmp_path_factory.mktemp("host")
    key = 0x4C4D0000 | os.getpid() & 0xFFFF
    name = f"lambent-test-{os.getpid()}"
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mq_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        tcp6 = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        for address in (f"{folder}/socket", f"\0{name}"):
            unix = stack.enter_context(socket.socket(socket.AF_UNIX))
            unix.bind(address)
            unix.listen()
        datagrams = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        datagrams.bind(f"\0{name}-d")
        shm = libc.shmget(key, 4096, 0o1666)
        sem = libc.semget(key, 1, 0o1666)
        msg = libc.msgget(key, 0o1666)
        queue = libc.mq_open(f"/{name}".encode(), os.O_CREAT | os.O_RDWR, 0o666, None)
        shared = os.open(f"/dev/shm/{name}", os.O_CREAT | os.O_RDWR, 0o666)
        assert min(shm, sem, msg, queue) >= 0
        yield {
            "tcp": tcp.getsockname()[1],
            "tcp6": tcp6.getsockname()[1],
            "folder": folder,
            "name": name,
            "key": key,
            "shm": shm,
            "sem": sem,
        }
        libc.shmctl(shm, 0, None)
        libc.semctl(sem, 0, 0)
        libc.msgctl(msg, 0, None)
        libc.mq_unlink(f"/{name}".encode())
        os.close(queue)
        os.close(shared)
        os.unlink(f"/dev/shm/{name}")  # noqa: PTH108 - beside its open


@pytest.fixture(scope="module", params=["python", "node", "unprivileged"])
def outcomes(
    request: pytest.FixtureRequest, attackers: Any, host: dict[str, object]
) -> dict[str, str]:
    box = request.getfixturevalue(f"{request.param}_attacker")
    column = int(request.param == "node")
    tries = {name: Template(each[column]).substitute(host) for name, each in _OBJECTS.items()}
    said: dict[str, str] = attackers.tried(box, tries)
    return said


@pytest.mark.parametrize("name", _OBJECTS)
def test_sockets_of_others_are_out_of_reach(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name] == _OBJECTS[name][-1]


@pytest.fixture(scope="module")
def outcomes_of_python(
    attackers: Any, python_attacker: Any, host: dict[str, object]
) -> dict[str, str]:
    tries = {name: Template(text).substitute(host) for name, (text, _) in _OF_PYTHON.items()}
    said: dict[str, str] = attackers.tried(python_attacker, tries)
    return said


@pytest.mark.parametrize("name", _OF_PYTHON)
def test_kernel_objects_of_others_are_out_of_reach(
    outcomes_of_python: dict[str, str], name: str
) -> None:
    assert outcomes_of_python[name] == _OF_PYTHON[name][-1]


def test_two_functions_do_not_share_objects(attackers: Any, python_attacker: Any) -> None:
    """What one leaves in its IPC and network namespaces the other does not find."""
    other = attackers.make()
    before = """
shm = call(libc.shmget(0x1234, 4096, 0o1666))
queue = call(libc.mq_open(b"/between", os.O_CREAT | os.O_RDWR, 0o666, None))
abstract = socket.socket(socket.AF_UNIX)
abstract.bind("\\0between")
abstract.listen()
tcp = socket.create_server(("127.0.0.1", 4999))
open("/dev/shm/between", "w").write("here")
open("/tmp/between", "w").write("here")
"""
    asked = {
        "shm": "call(libc.shmget(0x1234, 0, 0))",
        "queue": "call(libc.mq_open(b'/between', 0))",
        "abstract": "socket.socket(socket.AF_UNIX).connect('\\0between')",
        "tcp": "socket.create_connection(('127.0.0.1', 4999), 3)",
        "memory": "open('/dev/shm/between').read()",
        "file": "open('/tmp/between').read()",
    }
    assert attackers.tried(other, {"it": "str(shm >= 0)"}, before)["it"] == "got True"
    assert attackers.tried(python_attacker, asked) == {
        "shm": "ENOENT",
        "queue": "ENOENT",
        "memory": "ENOENT",
        "file": "ENOENT",
        "abstract": "ECONNREFUSED",
        "tcp": "ECONNREFUSED",
    }


_LIST = """
def shown():
    names = os.listdir("/proc/self/fd")
    return sorted((int(n), os.readlink("/proc/self/fd/" + n).split(":")[0]) for n in names
                  if os.path.lexists("/proc/self/fd/" + n))
"""


def test_nothing_is_inherited_from_the_zygote(attackers: Any) -> None:
    box = attackers.make()
    said = attackers.tried(box, {"it": "shown()"}, _LIST)
    assert said["it"] == ("got [(0, '/dev/null'), (1, 'pipe'), (2, 'pipe'), (1000, 'socket')]")
    child = "subprocess.run(['/bin/ls', '/proc/self/fd'], close_fds=False, capture_output=True, text=True).stdout"
    assert attackers.told(box, child).split() == ["0", "1", "2", "3"]  # the last is that of ls


def test_children_of_node_inherit_nothing(attackers: Any, node_attacker: Any) -> None:
    child = "spawnSync('/bin/ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout"
    assert attackers.told(node_attacker, child).split() == ["0", "1", "2", "3"]


def test_what_it_holds_cannot_be_turned_round(attackers: Any) -> None:
    """The log pipe is for writing, the frame socket knows no other peer and takes no descriptors with it."""
    box = attackers.make()
    before = "listener = socket.socket(socket.AF_UNIX); listener.bind('/tmp/x'); listener.listen()"
    said = attackers.tried(
        box,
        {
            "read own log": "os.read(1, 1)",
            "reopen frames": "os.open('/proc/self/fd/1000', os.O_RDWR)",
            "peer": "socket.socket(fileno=os.dup(1000)).getpeername()",
            "connect": "socket.socket(fileno=os.dup(1000)).connect('/tmp/x')",
            "listen": "socket.socket(fileno=os.dup(1000)).listen()",
            "input": "os.read(0, 1)",
        },
        before,
    )
    assert said == {
        "read own log": "EBADF",
        "reopen frames": "ENXIO",
        "peer": "got ",
        "connect": "EISCONN",
        "listen": "EINVAL",
        "input": "got b''",
    }


def test_no_core_dump_not_even_into_a_program(attackers: Any) -> None:
    """A limit of 0 would not keep the kernel from starting the host's crash handler; 1 does, and stays."""
    box = attackers.make()
    limit = "resource.getrlimit(resource.RLIMIT_CORE)"
    said = attackers.tried(
        box,
        {
            "limit": limit,
            "to nothing": "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
            "still": limit,
            "to all": "resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))",
            "and now": limit,
            "by another call": "libc.prlimit(0, 4, struct.pack('QQ', 0, 1), None)",
            "of a child": "subprocess.run(['sh', '-c', 'ulimit -Hc 0; ulimit -Sc 0; ulimit -c'],"
            "capture_output=True, text=True).stdout.strip()",
            "at last": limit,
            "crash": "subprocess.run(['sh', '-c', 'kill -SEGV $$'], cwd='/tmp').returncode",
            "left": "os.listdir('/tmp')",
        },
    )
    for name in ("limit", "still", "and now", "at last"):
        assert said[name] == "got (1, 1)", name
    assert said["by another call"] == "got 0"
    # In blocks of 512 bytes: nothing, as 1 byte is.
    assert said["of a child"] == "got 0"
    assert (said["crash"], said["left"]) == ("got -11", "got []")

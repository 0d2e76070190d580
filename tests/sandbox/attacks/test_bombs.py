"""Bombs: each hits a limit of its own sandbox. The machine, and the function next door, do not notice."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_MIB = 1 << 20
_MEMORY_MIB = 96
_END_OF_FILE = -1
# Each takes memory that is not simply its own until it is refused or has four times what it may have.
_MEMORY_BOMBS = {
    "anonymous": """
held = []
while len(held) < mib: held.append(bytearray(b"x" * (1 << 20)))
""",
    "shared": """
area = mmap.mmap(-1, mib << 20)
for start in range(0, mib << 20, 4096): area[start] = 1
""",
    "in children": """
for _ in range(8):
    if os.fork() == 0:
        held = b"x" * (mib << 17)
        while True: signal.pause()
if os.waitstatus_to_exitcode(os.wait()[1]) == -9: raise OSError(errno.ENOMEM, "one of them was killed")
""",
    "nameless files": """
held = [os.memfd_create("x") for _ in range(8)]
for each in held:
    for _ in range(mib // 8): os.write(each, b"x" * (1 << 20))
""",
    "shared memory of System V": """
libc.shmat.restype = ctypes.c_void_p
for _ in range(mib // 16):
    area = libc.shmat(call(libc.shmget(0, 16 << 20, 0o1600)), None, 0)
    ctypes.memset(area, 1, 16 << 20)
""",
    "dev shm": """
for number in range(mib):
    open(f"/dev/shm/{number}", "wb").write(b"x" * (1 << 20))
""",
    "pipes": """
held = []
for _ in range(min(mib, 450)):
    reading, writing = os.pipe()
    fcntl.fcntl(writing, 1031, 1 << 20)  # F_SETPIPE_SZ
    os.set_blocking(writing, False)
    held.append((reading, writing, os.write(writing, b"x" * (1 << 20))))
""",
    "sockets": """
held = []
for _ in range(400):
    pair = socket.socketpair()
    for each in pair:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        each.setblocking(False)
        try:
            while True: each.send(b"x" * 65536)
        except BlockingIOError: pass
    held.append(pair)
""",
    "page tables": """
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
length = mib << 30  # a page of table for each 2 MiB that is touched once
area = libc.mmap(None, length >> 1, 1, 0x4022, -1, 0)  # readable, private, anonymous, not reserved
for start in range(0, length >> 1, 2 << 20): ctypes.string_at(area + start, 1)
""",
}


@pytest.mark.parametrize("bomb", _MEMORY_BOMBS.values(), ids=list(_MEMORY_BOMBS))
def test_memory_of_every_kind_is_its_own(attackers: Any, python_attacker: Any, bomb: str) -> None:
    box = attackers.make(memory_mib=_MEMORY_MIB)
    before = f"mib = {4 * _MEMORY_MIB}\n{bomb}"
    kind, answer = box.invoke(json.dumps({"tries": {}, "before": before}).encode())
    if kind == _END_OF_FILE:
        event = attackers.driver.wait_for("exited", box.name)
        assert event["status"] == -signal.SIGKILL
        assert event["oom"]
    else:  # refused: ENOSPC, EPERM or ENOBUFS
        event = box.end()
        assert b"OSError" in answer or b"PermissionError" in answer, answer
    assert event["peak_bytes"] <= _MEMORY_MIB * _MIB
    assert attackers.told(python_attacker, "len(bytearray(1 << 20))") == str(_MIB)


_COUNTED_FORKS = """
def forks():
    children = 0
    try:
        while True:
            if os.fork() == 0:
                signal.pause()
            children += 1
    except OSError as error:
        return [children, errno.errorcode[error.errno]]
"""


def test_processes_are_counted(attackers: Any) -> None:
    box = attackers.make(memory_mib=1769)
    said = attackers.tried(box, {"forks": "forks()"}, _COUNTED_FORKS)
    assert said == {"forks": "got [1023, 'EAGAIN']"}
    box.end()
    assert box.is_over()


_BOMB = """
def bomb():
    while True:
        try: os.fork()
        except OSError: pass
def threads():
    def more():
        while True:
            try: threading.Thread(target=more).start()
            except RuntimeError: pass
    more()
"""


@pytest.mark.parametrize("bomb", ["bomb", "threads"])
def test_a_bomb_goes_off_inside(attackers: Any, python_attacker: Any, bomb: str) -> None:
    """While it rages others work and can be made, and its end takes all of it away."""
    box = attackers.make(memory_mib=256)
    namespace = attackers.told(box, "os.readlink('/proc/self/ns/pid')")
    event = json.dumps({"tries": {"it": f"{bomb}()"}, "before": _BOMB}).encode()
    box.send(3, bytes(range(16)), 4_102_444_800_000, b"\0\0" + event)
    for _ in range(5):
        assert attackers.told(python_attacker, "subprocess.run(['true']).returncode") == "0"
    other = attackers.make()
    assert attackers.told(other, "os.getpid()") == "2"
    attackers.driver.tell("kill", sandbox=box.name)
    assert attackers.driver.wait_for("exited", box.name)["status"] == -signal.SIGKILL
    assert box.is_over()
    assert attackers.processes_in(namespace) == []


def test_descriptors_of_many_processes(attackers: Any, python_attacker: Any) -> None:
    """1,024 for each process; what they cost is charged to the function."""
    box = attackers.make(memory_mib=_MEMORY_MIB)
    before = """
for _ in range(200):
    if os.fork() == 0:
        try:
            while True: [each.detach() for each in socket.socketpair()]
        except OSError: pass
        while True: signal.pause()
while True: os.wait()
"""
    kind, _ = box.invoke(json.dumps({"tries": {}, "before": before}).encode())
    assert kind == _END_OF_FILE
    event = attackers.driver.wait_for("exited", box.name)
    assert event["oom"]
    assert attackers.told(python_attacker, "open('/dev/null').fileno() > 2") == "True"


def test_tmp_is_as_large_as_it_is(attackers: Any) -> None:
    """Bytes and names run out inside."""
    box = attackers.make(memory_mib=256)
    before = """
def fill_with_names():
    number = 0
    while True:
        os.close(os.open(f"/tmp/d/{number}", os.O_CREAT | os.O_WRONLY))
        number += 1
def reserve(size):
    descriptor = os.open("/tmp/large", os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(descriptor, 0, size)
os.mkdir("/tmp/d")
"""
    said = attackers.tried(
        box,
        {
            "too much": "reserve(600 << 20)",
            "names": "fill_with_names()",
            "sparse": "os.truncate('/tmp/large', 1 << 50)",
        },
        before,
    )
    assert said["too much"] == said["names"] == "ENOSPC"
    assert said["sparse"] == "EFBIG"

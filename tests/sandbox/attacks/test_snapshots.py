"""A hostile SnapStart function: its INIT has all the time it wants to prepare what its copies do on their way."""

from __future__ import annotations

import errno
import json
import uuid
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_INIT_DONE, _RESULT = 2, 4
_HANDLER = """
def handler(event, context):
    names = {**globals(), 'event': event}
    exec(event['code'], names)
    return names.get('answer')
"""
# The copy is on its way when it forks itself: whatever INIT has put in its place runs there.
_ON_THE_WAY = """
import ctypes, os, threading
real_fork, forks, found = os.fork, [0], {}
libc = ctypes.CDLL(None, use_errno=True)
def errno_of(name, *arguments):
    return ctypes.get_errno() if getattr(libc, name)(*arguments) == -1 else 0
"""


def _template(driver: Any, code: str) -> Any:
    box = driver.create(template=True)
    box.code = driver.seal({"app.py": _ON_THE_WAY + code + _HANDLER})
    box.assign(box.code)
    kind, _, payload = box.receive()
    assert kind == _INIT_DONE, payload
    return box


def _refused(driver: Any, template: Any) -> str:
    request = {"sandbox": uuid.uuid4().hex, "runtime": "python3.11", "urgent": True}
    event = driver.ask("create", copy_of=template.name, **request)
    assert event["event"] == "failed"
    return str(event["reason"])


def test_one_that_stays_in_two_places_is_ended(attackers: Any) -> None:
    driver = attackers.driver
    # In the template the first fork makes the copy; the copy's own is to bring it into its pid namespace.
    code = """
def fork():
    forks[0] += 1
    return real_fork() if forks[0] == 1 else 0
os.fork = fork
"""
    assert _refused(driver, _template(driver, code)) == "a copy has not moved in"


def test_one_with_threads_is_not_moved(attackers: Any) -> None:
    driver = attackers.driver
    code = """
def fork():
    child = real_fork()
    if child == 0:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    return child
os.fork = fork
"""
    assert "setns" in _refused(driver, _template(driver, code))


def test_one_that_is_not_of_the_template_is_not_moved(attackers: Any) -> None:
    """A copy that kept the template's socket asks in its place: it has another uid, which the kernel tells."""
    driver = attackers.driver
    code = """
real_listdir = os.listdir
kept = []
import snapshot_restore_py
@snapshot_restore_py.register_before_snapshot
def keep():
    import socket
    for name in real_listdir('/proc/self/fd'):
        path = f'/proc/self/fd/{name}'
        if int(name) > 2 and os.path.lexists(path) and os.readlink(path).startswith('socket:'):
            kept.append(os.dup(int(name)))
    os.listdir = lambda path: [n for n in real_listdir(path) if 'fd' not in path or int(n) not in kept]
"""
    template = _template(driver, code)
    copy = driver.copy(template)
    stolen = """
import array, socket, threading
def steal(descriptor):
    asked = socket.socket(fileno=os.dup(descriptor))
    try:
        data, ancillary, _, _ = asked.recvmsg(16, 64)
        given = array.array('i', ancillary[0][2])
        door = socket.socket(fileno=given[2])
        door.send(b'here')
        door.recv(16)
    except (OSError, IndexError, ValueError):
        pass
for descriptor in kept:
    if socket.socket(fileno=os.dup(descriptor)).type == socket.SOCK_SEQPACKET:
        if os.fork() == 0:
            steal(descriptor)
            os._exit(0)
answer = len(kept)
"""
    assert copy.run(stolen) >= 1
    # Either of the two may get the word; what the thief gets leads nowhere.
    reasons = set()
    for _ in range(6):
        name = uuid.uuid4().hex
        request = {"sandbox": name, "runtime": "python3.11", "urgent": True}
        event = driver.ask("create", copy_of=template.name, **request)
        if event["event"] == "failed":
            reasons.add(event["reason"])
            break
        driver.tell("kill", sandbox=name)
        driver.wait_for("exited", name)
    assert reasons <= {"a copy is not of the template"}


def test_what_runs_on_the_way_has_nothing_to_misuse(attackers: Any) -> None:
    """Between its move and its last fork, when it is in the new namespaces and still numbered in the template's."""
    driver = attackers.driver
    code = """
def fork():
    forks[0] += 1
    if forks[0] == 1:
        return real_fork()
    found.update(
        newuser=errno_of('unshare', 0x10000000), newpid=errno_of('unshare', 0x20000000),
        setns=errno_of('setns', 0, 0), setuid=errno_of('setuid', 0),
        chroot=errno_of('chroot', b'/tmp'), hostname=errno_of('sethostname', b'x', 1),
        ptrace=errno_of('ptrace', 16, 1, 0, 0), mount=errno_of('mount', b'n', b'/tmp', b'tmpfs', 0, None),
        keeper=errno_of('kill', 1, 0), template=errno_of('kill', 2, 0),
        caps=open('/proc/self/status').read() if os.path.exists('/proc/self') else '',
    )
    return real_fork()
os.fork = fork
"""
    copy = driver.copy(_template(driver, code))
    found = copy.run("answer = found")
    # It is not of the pid namespace whose /proc it sees.
    assert found.pop("caps") == ""
    assert found.pop("setuid") == errno.EINVAL
    assert set(found.values()) == {errno.EPERM}, found


def test_copies_of_one_template_cannot_reach_each_other_or_it(attackers: Any) -> None:
    driver = attackers.driver
    template = _template(driver, "")
    one, other = driver.copy(template), driver.copy(template)
    one.run("open('/tmp/secret', 'w').write('s'); os.secret = 'after the restore'")
    assert other.run("answer = [os.path.exists('/tmp/secret'), hasattr(os, 'secret')]") == [
        False,
        False,
    ]
    # Every number that the template's pid namespace could have, from inside a copy.
    reach = """
answer = []
for number in range(1, 64):
    code = errno_of('kill', number, 0)
    if number not in (1, os.getpid()) and code != 3:
        answer.append(['kill', number, code])
    if number > 2 and os.path.exists(f'/proc/{number}'):
        answer.append(['proc', number])
"""
    assert other.run(reach) == []
    # Its own first process, which nobody in the namespace can kill, and which shows nothing of itself.
    assert other.run("answer = [errno_of('kill', 1, 9), os.path.exists('/proc/1')]") == [0, False]
    assert other.run("answer = 'still there'") == "still there"
    kind, answer = one.invoke(json.dumps({"code": "answer = os.getuid()"}).encode())
    assert (kind, json.loads(answer) == other.run("answer = os.getuid()")) == (_RESULT, False)

"""SnapStart by fork: a template, and environments that are forked from it, each in a sandbox of its own."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_INIT_DONE, _ERROR = 2, 5

_CODE = """
import os, random, secrets, ssl, sys, tempfile, uuid
import snapshot_restore_py
counter, told = [0], []
open('/tmp/from-init', 'w').write('made by INIT')
kept_open = open('/var/task/app.py')
kept_open.read(7)

@snapshot_restore_py.register_before_snapshot
def first(): told.append('before 1')

@snapshot_restore_py.register_before_snapshot
def second(): told.append('before 2')

snapshot_restore_py.register_after_restore(lambda name: told.append(name), 'after 1')
snapshot_restore_py.register_after_restore(lambda name: told.append(name), name='after 2')

def handler(event, context):
    names = {**globals(), 'context': context, 'event': event}
    exec(event['code'], names)
    return names.get('answer')
"""


@pytest.fixture(scope="module")
def template(driver: Any) -> Any:
    return driver.template({"app.py": _CODE})


@pytest.fixture(scope="module")
def pair(driver: Any, template: Any) -> tuple[Any, Any]:
    """Two copies of one template."""
    return driver.copy(template), driver.copy(template)


def test_copies_go_on_from_what_init_has_left(pair: tuple[Any, Any]) -> None:
    for box in pair:
        box.run("counter[0] += 1")
        assert box.run("answer = [counter, told]") == [
            [1],
            ["before 2", "before 1", "after 1", "after 2"],
        ]


def test_each_copy_has_namespaces_a_uid_and_a_group_of_its_own(
    driver: Any, template: Any, pair: tuple[Any, Any]
) -> None:
    kinds = ("mnt", "pid", "net", "ipc", "uts", "cgroup", "user")
    boxes = (template, *pair)
    for kind in kinds:
        links = {_namespace(box.pid, kind) for box in boxes}
        # The template needs no user namespace: it was locked in as all sandboxes are.
        assert len(links) == len(boxes), kind
    runtimes = [_runtime_of(box) for box in pair]
    for box, runtime in zip(pair, runtimes, strict=True):
        assert _namespace(runtime, "pid") == _namespace(box.pid, "pid")
    groups = {Path(f"/proc/{runtime}/cgroup").read_text() for runtime in runtimes}
    assert len(groups | {Path(f"/proc/{template.pid}/cgroup").read_text()}) == 3
    uids = {box.run("answer = os.getuid()") for box in pair}
    assert len(uids) == 2
    assert Path(f"/proc/{_runtime_of(template)}").stat().st_uid not in uids


def test_a_copy_has_no_privileges_and_the_strict_filter(pair: tuple[Any, Any]) -> None:
    status = _status(_runtime_of(pair[0]))
    uid = str(pair[0].run("answer = os.getuid()"))
    assert status["Uid"].split() == status["Gid"].split() == [uid] * 4
    assert status["Groups"].split() == []
    sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    assert {status[each] for each in sets} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
    assert status["TracerPid"] == "0"
    refused = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def errno_of(name, *arguments):
    return ctypes.get_errno() if getattr(libc, name)(*arguments) == -1 else 0
answer = [
    errno_of('unshare', 0x10000000), errno_of('unshare', 0x20000000), errno_of('setns', 0, 0),
    errno_of('ptrace', 0, 0, 0, 0), errno_of('mount', b'none', b'/tmp', b'tmpfs', 0, None),
    errno_of('umount2', b'/proc', 2), errno_of('setuid', 0),
]
"""
    assert set(pair[0].run(refused)) == {errno.EPERM, errno.EINVAL}
    first, second, *_, setuid = pair[0].run(refused)
    assert (first, second, setuid) == (errno.EPERM, errno.EPERM, errno.EINVAL)


def test_a_copy_sees_itself_alone(pair: tuple[Any, Any]) -> None:
    seen = "answer = [os.getpid(), sorted(int(n) for n in os.listdir('/proc') if n.isdigit())]"
    assert pair[0].run(seen) == [2, [2]]
    # Its own numbers, and nobody behind those that the template's namespace has.
    for number in range(3, 40):
        assert (
            pair[0].run(f"""
try:
    os.kill({number}, 0)
    answer = 'there'
except OSError as error:
    answer = type(error).__name__
""")
            == "ProcessLookupError"
        )


def test_copies_do_not_share_memory_or_files(pair: tuple[Any, Any]) -> None:
    one, other = pair
    one.run("secret = 'of one'; globals()['module'] = sys; sys.secret = secret")
    one.run("open('/tmp/secret', 'w').write('of one'); open('/dev/shm/secret', 'w').write('x')")
    assert other.run(
        "answer = [hasattr(sys, 'secret'), os.listdir('/tmp'), os.listdir('/dev/shm')]"
    ) == [
        False,
        ["from-init"],
        [],
    ]


def test_tmp_and_open_files_are_as_init_left_them_and_a_copys_own(pair: tuple[Any, Any]) -> None:
    one, other = pair
    assert one.run("answer = open('/tmp/from-init').read()") == "made by INIT"
    one.run("open('/tmp/from-init', 'w').write('changed')")
    assert other.run("answer = open('/tmp/from-init').read()") == "made by INIT"
    assert other.run("answer = os.stat('/tmp/from-init').st_uid == os.getuid()") is True
    # A file has its own position in each.
    assert one.run("answer = kept_open.read(2)") == other.run("answer = kept_open.read(2)") == " o"


def test_what_must_be_unique_is(pair: tuple[Any, Any]) -> None:
    draw = """
answer = [
    random.random(), random.SystemRandom().random(), secrets.token_hex(8), str(uuid.uuid4()), str(uuid.uuid1()),
    ssl.RAND_bytes(8).hex(), tempfile.mktemp(), os.urandom(8).hex(),
]
"""
    for one, other in zip(pair[0].run(draw), pair[1].run(draw), strict=True):
        assert one != other


def test_limits_hold_for_each_copy(driver: Any, template: Any) -> None:
    box = driver.copy(template, memory_mib=128)
    kind, _ = box.invoke(b'{"code": "held = bytearray(200 << 20)"}')
    assert kind == -1
    assert driver.wait_for("exited", box.name)["oom"] is True
    bomb = """
made = 0
try:
    while made < 5000:
        pid = os.fork()
        if pid == 0:
            import signal
            signal.pause()
        made += 1
except OSError as error:
    answer = [made < 1100, error.errno]
"""
    other = driver.copy(template, memory_mib=4096)
    assert other.run(bomb) == [True, errno.EAGAIN]
    other.end()


def test_cpu_is_limited_for_each_copy(driver: Any, template: Any) -> None:
    box = driver.copy(template, memory_mib=128)
    group = _group_of(box, "cpu")
    if group is None or not (group / "cpu.cfs_quota_us").exists():
        pytest.skip("no version 1 control group")
    assert str(_runtime_of(box)) in (group / "cgroup.procs").read_text().split()
    assert (group / "cpu.cfs_quota_us").read_text() == "-1\n"
    driver.tell("throttle", sandbox=box.name)
    driver.ask("describe", ticket="throttled")
    assert (group / "cpu.cfs_quota_us").read_text() == "10000\n"
    box.end()


def test_code_and_layers_are_bound_anew(driver: Any, template: Any) -> None:
    layer = driver.seal({"python/of_layer.py": "word = 'there'\n"})
    box = driver.copy(template, layers=[layer])
    assert box.run("answer = [os.listdir('/var/task'), os.listdir('/opt'), os.getcwd()]") == [
        ["app.py"],
        ["python"],
        "/var/task",
    ]
    box.end()


def test_the_environment_of_a_copy_is_its_own(driver: Any, template: Any) -> None:
    box = driver.copy(template, environment={"WORD": "mine"}, log_stream="another")
    assert box.run("answer = [os.environ['WORD'], context.log_stream_name]") == ["mine", "another"]
    box.run("print('said')")
    assert box.logged() == "said\n"
    assert "said" not in template.logged()
    box.end()


def test_a_copy_that_ends_takes_nobody_along(driver: Any, template: Any) -> None:
    box, other = driver.copy(template), driver.copy(template)
    kind, _ = box.invoke(b'{"code": "os._exit(7)"}')
    assert (kind, driver.wait_for("exited", box.name)["status"]) == (-1, 7)
    killed = driver.copy(template)
    assert killed.end()["status"] == -signal.SIGKILL
    assert other.run("answer = 1") == 1
    other.end()


def test_copies_end_with_their_template(driver: Any) -> None:
    template = driver.template({"app.py": _CODE})
    boxes = [driver.copy(template) for _ in range(3)]
    os.kill(_runtime_of(template), signal.SIGKILL)
    assert driver.wait_for("exited", template.name)["status"] == -signal.SIGKILL
    for box in boxes:
        driver.wait_for("exited", box.name)
        assert box.is_over()
    event = driver.ask(
        "create", sandbox="0" * 32, runtime="python3.11", urgent=True, copy_of=template.name
    )
    assert (event["event"], event["reason"]) == ("failed", "the template is gone")


def test_a_keeper_that_is_killed_takes_all_along(driver: Any) -> None:
    template = driver.template({"app.py": _CODE})
    box = driver.copy(template)
    os.kill(template.pid, signal.SIGKILL)
    driver.wait_for("exited", template.name)
    driver.wait_for("exited", box.name)
    assert template.is_over()
    assert box.is_over()


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (
            "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
            "INIT left 1 more thread(s) running",
        ),
        (
            "import subprocess; subprocess.Popen(['sleep', '60'])",
            "INIT left a child process running",
        ),
        ("import os; ends = os.pipe()", "INIT left pipe:"),
        ("import socket; both = socket.socketpair()", "INIT left a socket of AF_UNIX open"),
        (
            "import socket; s = socket.create_server(('127.0.0.1', 0))",
            "INIT left a listening socket open",
        ),
        ("import select; poll = select.epoll()", "INIT left anon_inode:[eventpoll] open"),
        ("import mmap; shared = mmap.mmap(-1, 4096)", "INIT left shared memory mapped"),
        ("import signal; signal.setitimer(signal.ITIMER_REAL, 1000)", "INIT left a timer running"),
        (
            "import tempfile; gone = tempfile.TemporaryFile()",
            "INIT left /tmp/",
        ),
        (
            "open('/tmp/big', 'wb').truncate(65 << 20)",
            "INIT left 65 MB in /tmp, a snapshot takes 64 MB of it",
        ),
    ],
)
def test_what_cannot_be_shared_out_is_refused(driver: Any, left: str, reason: str) -> None:
    box = driver.create(template=True)
    box.assign(driver.seal({"app.py": f"{left}\ndef handler(event, context): pass\n"}))
    kind, _, payload = box.receive()
    document = json.loads(payload)
    assert (kind, document["errorType"]) == (_ERROR, "Lambent.SnapshotRefused")
    assert document["errorMessage"].startswith(reason)
    assert driver.wait_for("exited", box.name)["status"] == 1


def test_a_connection_of_init_is_closed_in_every_copy(driver: Any) -> None:
    code = """
import os, select, socket
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
server.close()
def handler(event, context):
    names = {**globals(), 'context': context, 'event': event}
    exec(event['code'], names)
    return names.get('answer')
"""
    box = driver.copy(driver.template({"app.py": code}))
    # What urllib3 asks before it takes a connection from its pool.
    assert box.run(
        "answer = [bool(select.select([client], [], [], 0)[0]), client.recv(1).hex()]"
    ) == [
        True,
        "",
    ]
    box.end()


@pytest.mark.parametrize("when", ["before_snapshot", "after_restore"])
def test_a_hook_that_fails_ends_its_process(driver: Any, when: str) -> None:
    code = f"""
import snapshot_restore_py
@snapshot_restore_py.register_{when}
def hook(): raise ValueError('no')
def handler(event, context): pass
"""
    box = driver.create(template=True)
    digest = driver.seal({"app.py": code})
    box.assign(digest)
    if when == "after_restore":
        assert box.receive()[0] == _INIT_DONE
        box = driver.create(copy_of=box.name)
        box.assign(digest)
    kind, _, payload = box.receive()
    assert (kind, json.loads(payload)["errorType"]) == (_ERROR, "ValueError")
    assert "ValueError" in box.logged()
    assert driver.wait_for("exited", box.name)["status"] == 1


def _runtime_of(box: Any) -> int:
    """The process that runs the function, as the host numbers it."""
    ours = _namespace(box.pid, "pid")
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            pid = int(directory.name)
            if _namespace(pid, "pid") == ours and _status(pid)["NSpid"].split()[-1] == "2":
                return pid
        except OSError:
            continue
    raise LookupError(box.name)


def _group_of(box: Any, controller: str) -> Path | None:
    found = Path("/sys/fs/cgroup").glob(f"{controller}*/lambent-*/{box.name}")
    return next(found, None)


def _namespace(pid: int, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

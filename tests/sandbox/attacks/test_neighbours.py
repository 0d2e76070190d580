"""Another function, the spawner and the host's own processes: not to be read, not to be signalled."""

from __future__ import annotations

import os
from string import Template
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_SECRET = "b4f1e2-of-another-function"
_HIDDEN_IN = ("environ", "maps", "mem", "cmdline", "status", "root/etc/hostname", "cwd", "exe")
_VICTIMS = ("victim", "spawner", "host")


def _tries() -> dict[str, tuple[str, str, str]]:
    """Name -> what Python tries, what Node tries, the error."""
    tries = {}
    for who in _VICTIMS:
        for file in _HIDDEN_IN:
            path = f"'/proc/${who}/{file}'"
            tries[f"{file} of {who}"] = (f"os.stat({path})", f"fs.statSync({path})", "ENOENT")
            tries[f"content of {file} of {who}"] = (
                f"open({path}, 'rb').read(1)",
                f"fs.readFileSync({path})",
                "ENOENT",
            )
        descriptors = f"'/proc/${who}/fd'"
        tries[f"descriptors of {who}"] = (
            f"os.listdir({descriptors})",
            f"fs.readdirSync({descriptors})",
            "ENOENT",
        )
        tries[f"signal to {who}"] = (f"os.kill(${who}, 0)", f"process.kill(${who}, 0)", "ESRCH")
        tries[f"priority of {who}"] = (
            f"os.setpriority(os.PRIO_PROCESS, ${who}, 19)",
            f"os.setPriority(${who}, 19)",
            "ESRCH",
        )
    return tries


def _tries_of_python_only() -> dict[str, tuple[str, str]]:
    tries = {}
    for who in _VICTIMS:
        tries[f"pidfd of {who}"] = (f"os.pidfd_open(${who})", "ESRCH")
        tries[f"group of {who}"] = (f"os.killpg(${who}, 0)", "ESRCH")
        tries[f"limits of {who}"] = (f"resource.prlimit(${who}, resource.RLIMIT_CORE)", "ESRCH")
        tries[f"processors of {who}"] = (f"os.sched_setaffinity(${who}, {{0}})", "ESRCH")
        tries[f"scheduler of {who}"] = (
            f"os.sched_setscheduler(${who}, os.SCHED_IDLE, os.sched_param(0))",
            "ESRCH",
        )
    return tries


_BOTH = _tries()
_PYTHON = _tries_of_python_only()


@pytest.fixture(scope="module")
def victim(attackers: Any) -> Any:
    """Another function, with a secret in its variables, its code, its memory and its /tmp."""
    box = attackers.make(
        files={"secret.txt": _SECRET}, environment={"SECRET": _SECRET, "PATH": "/usr/bin"}
    )
    write = "kept = os.environ['SECRET'] * 2\nopen('/tmp/secret.txt', 'w').write(kept)"
    assert attackers.tried(box, {"it": "open('/tmp/secret.txt').read()"}, write) == {
        "it": f"got {_SECRET * 2}"
    }
    return box


def _filled(text: str, attackers: Any, victim: Any) -> str:
    pids = {"victim": victim.pid, "spawner": attackers.driver.process.pid, "host": os.getpid()}
    return Template(text).substitute(pids)


@pytest.fixture(scope="module", params=["python", "node", "unprivileged"])
def outcomes(request: pytest.FixtureRequest, attackers: Any, victim: Any) -> dict[str, str]:
    box = request.getfixturevalue(f"{request.param}_attacker")
    column = int(request.param == "node")
    filled = {name: _filled(each[column], attackers, victim) for name, each in _BOTH.items()}
    said: dict[str, str] = attackers.tried(box, filled)
    return said


@pytest.mark.parametrize("name", _BOTH)
def test_others_do_not_exist(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name] == _BOTH[name][-1]


@pytest.fixture(scope="module")
def outcomes_of_python(attackers: Any, python_attacker: Any, victim: Any) -> dict[str, str]:
    filled = {name: _filled(text, attackers, victim) for name, (text, _) in _PYTHON.items()}
    said: dict[str, str] = attackers.tried(python_attacker, filled)
    return said


@pytest.mark.parametrize("name", _PYTHON)
def test_others_cannot_be_governed(outcomes_of_python: dict[str, str], name: str) -> None:
    assert outcomes_of_python[name] == _PYTHON[name][-1]


_SEARCH = """
def search(needle):
    found, seen = [], 0
    for top, folders, files in os.walk("/"):
        folders[:] = [each for each in folders if os.path.join(top, each) not in ("/usr", "/proc/self/task")]
        for name in files:
            path = os.path.join(top, name)
            try:
                if not stat.S_ISREG(os.stat(path).st_mode) or os.path.getsize(path) > 1 << 24:
                    continue
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                continue
            try:
                data = os.read(descriptor, 1 << 20) if not path.endswith(("mem", "kmsg")) else b""
            except OSError:
                data = b""
            finally:
                os.close(descriptor)
            seen += 1
            if needle in data:
                found.append(path)
    return [found, seen > 50]
"""


def test_a_secret_is_in_no_file_that_can_be_read(
    attackers: Any, python_attacker: Any, victim: Any
) -> None:
    needle = f"{_SECRET[::-1].encode()!r}[::-1]"  # so that the question itself is no hit
    own = attackers.tried(victim, {"it": f"sorted(search({needle})[0])"}, _SEARCH)
    assert own == {"it": "got ['/tmp/secret.txt', '/var/task/secret.txt']"}
    said = attackers.tried(python_attacker, {"it": f"search({needle})"}, _SEARCH)
    assert said == {"it": "got [[], True]"}


def test_code_of_another_is_not_where_it_lies_on_the_host(
    attackers: Any, python_attacker: Any
) -> None:
    data_dir = str(attackers.driver.data_dir)
    said = attackers.tried(
        python_attacker,
        {
            "data": f"os.listdir({data_dir!r})",
            "sealed": f"os.listdir({data_dir + '/code/sealed'!r})",
            "beside": "sorted(os.listdir('/var/task/..'))",
            "above": "sorted(os.listdir('/var/task/../../../../..')) == sorted(os.listdir('/'))",
            "runtime": "os.listdir('/proc/1/root')",
            "own": "sorted(os.listdir('/proc/self/root')) == sorted(os.listdir('/'))",
        },
    )
    assert (said["data"], said["sealed"]) == ("ENOENT", "ENOENT")
    assert said["beside"] == "got ['lang', 'runtime', 'task', 'tmp']"
    assert said["above"] == said["own"] == "got True"
    assert said["runtime"] in {"ENOENT", "EACCES"}


def test_its_own_first_process_is_out_of_reach(attackers: Any, python_attacker: Any) -> None:
    """Process 1 has the function's uid but is ours: it hands the status on."""
    said = attackers.tried(
        python_attacker,
        {
            "memory": "open('/proc/1/mem', 'r+b')",
            "descriptors": "os.listdir('/proc/1/fd')",
            "variables": "open('/proc/1/environ').read()",
            "stop": "os.kill(1, signal.SIGSTOP)",
            "kill": "os.kill(1, signal.SIGKILL)",
            "everybody": "os.kill(-1, signal.SIGKILL)",
            "alive": "[os.getpid(), os.kill(1, 0)]",
        },
    )
    assert [said[name] for name in ("memory", "descriptors", "variables")] == ["ENOENT"] * 3
    assert said["alive"] == "got [2, None]"
    assert attackers.told(python_attacker, "os.getppid()") == "1"


def test_everybody_is_only_its_own(attackers: Any, victim: Any) -> None:
    """kill(-1) and killpg(0) end what the function itself has started, and nobody else's."""
    box = attackers.make()
    before = "child = subprocess.Popen(['sleep', '600'])"
    said = attackers.tried(
        box, {"all": "os.kill(-1, signal.SIGKILL)", "child": "child.wait(10)"}, before
    )
    assert said == {"all": "got None", "child": "got -9"}
    kind, _ = box.invoke(b'{"tries": {"group": "os.killpg(0, signal.SIGKILL)"}}')
    assert kind == -1  # itself
    assert attackers.driver.wait_for("exited", box.name)["status"] == -9
    assert attackers.told(victim, "1 + 1") == "2"
    assert attackers.driver.process.poll() is None


def test_it_cannot_take_leave_of_its_parent(attackers: Any) -> None:
    """Neither the parent-death signal nor a session, a group or a subreaper of its own outlives the kill."""
    box = attackers.make()
    before = """
libc.prctl(1, 0)  # PR_SET_PDEATHSIG: none
libc.prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
started = []
for _ in range(3):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        libc.prctl(1, 0)
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        if os.fork() == 0:
            os.write(writing, str(os.getpid()).encode())
            while True: time.sleep(600)
        os._exit(0)
    os.wait()
    started.append(int(os.read(reading, 20)))
"""
    # The name of a file inside tells this namespace's processes from all others on the host.
    said = attackers.tried(
        box, {"it": "len(started)", "ns": "os.readlink('/proc/self/ns/pid')"}, before
    )
    assert said["it"] == "got 3"
    namespace = said["ns"].removeprefix("got ")
    assert len(attackers.processes_in(namespace)) == 5  # the first, the runtime, three demons
    box.end()
    assert box.is_over()
    assert attackers.processes_in(namespace) == []

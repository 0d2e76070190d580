"""How sandboxes end, what is said about it, and that nothing stays behind."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_END_OF_FILE = -1
_MIB = 1 << 20


def _groups(name: str) -> list[Path]:
    return [
        Path(base)
        for base in Path("/sys/fs/cgroup").glob("**/lambent-*")
        for entry in [Path(base) / name]
        if entry.exists()
    ]


def _all_groups(hashed: str) -> list[str]:
    return [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{hashed}/*/")]


def _run_to_its_end(box: Any, code: str) -> dict[str, Any]:
    kind, _ = box.invoke(json.dumps({"code": code}).encode())
    assert kind == _END_OF_FILE
    event: dict[str, Any] = box.driver.wait_for("exited", box.name)
    return event


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("sys.exit()", 0),
        ("sys.exit(7)", 7),
        ("exit(8)", 8),
        ("sys.exit('a reason')", 1),
        ("os._exit(127)", 127),
        ("raise KeyboardInterrupt", 1),
        ("os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("os.kill(os.getpid(), 15)", -signal.SIGTERM),
        ("os.abort()", -signal.SIGABRT),
        ("ctypes.string_at(0)", -signal.SIGSEGV),
    ],
)
def test_exit_status_is_the_runtimes_own(driver: Any, code: str, status: int) -> None:
    event = _run_to_its_end(driver.probe(), code)
    assert (event["status"], event["oom"]) == (status, False)


def test_memory_limit_kills_and_says_so(driver: Any) -> None:
    box = driver.probe(memory_mib=64)
    event = _run_to_its_end(box, "x = bytearray(200 << 20)")
    assert (event["status"], event["oom"]) == (-signal.SIGKILL, True)
    assert 60 * _MIB < event["peak_bytes"] <= 64 * _MIB


def test_a_child_process_counts_against_the_limit(driver: Any) -> None:
    box = driver.probe(memory_mib=64)
    code = """
run = subprocess.run([sys.executable or "/usr/bin/python3", "-c", "x = bytearray(200 << 20)"])
answer = run.returncode
"""
    assert box.run(code) == -signal.SIGKILL
    event = box.end()
    assert not event["oom"]  # the runtime itself ended because we asked for it


def test_the_peak_can_be_read_while_it_lives(driver: Any) -> None:
    box = driver.probe()
    before = int(os.pread(box.peak, 32, 0))
    box.run("x = bytearray(100 << 20); del x")
    assert int(os.pread(box.peak, 32, 0)) >= before + 90 * _MIB


def test_a_busy_function_gets_the_cpu_of_its_memory_once_init_is_done(driver: Any) -> None:
    box = driver.probe(memory_mib=128)
    group = next(path for path in Path("/sys/fs/cgroup/cpu").glob(f"lambent-*/{box.name}"))
    busy = "end = time.monotonic() + 0.5\nwhile time.monotonic() < end: pass"
    box.run(busy)
    assert _throttled(group) == 0
    driver.tell("throttle", sandbox=box.name)
    driver.ask("describe", ticket="throttled")
    assert (group / "cpu.cfs_quota_us").read_text() == "10000\n"
    assert (group / "cpu.cfs_burst_us").read_text() == "10000\n"
    box.run(busy)
    # Half a second has five periods, and the first one may be a burst.
    assert _throttled(group) >= 2


def _throttled(group: Path) -> int:
    figures = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(figures["nr_throttled"])


def test_descriptors_are_limited(driver: Any) -> None:
    code = """
import resource
answer = [resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE)]
before, opened = len(os.listdir("/proc/self/fd")) - 1, []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    problem = error.errno
for descriptor in opened:
    os.close(descriptor)
answer += [before + len(opened), problem]
"""
    assert driver.probe().run(code) == [[1024, 1024], [1, 1], 1024, errno.EMFILE]


@pytest.mark.parametrize(
    "start",
    [
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "children += [fork()]",
    ],
)
def test_processes_and_threads_are_limited(driver: Any, start: str) -> None:
    code = f"""
def fork():
    pid = os.fork()
    if pid == 0:
        while True:
            time.sleep(60)
    return pid
count, children = 1, []  # ourselves
try:
    while count < 2000:
        {start}
        count += 1
except (RuntimeError, OSError):
    pass
for child in children:
    os.kill(child, 9)
answer = count
"""
    assert driver.probe(memory_mib=3008).run(code) == 1024


def test_kill_takes_everything_and_cleans_up(driver: Any) -> None:
    box = driver.probe()
    box.run("subprocess.Popen(['sleep', '1000'], start_new_session=True); answer = 1")
    assert _groups(box.name)
    event = box.end()
    assert (event["status"], event["oom"]) == (-signal.SIGKILL, False)
    assert box.is_over()
    assert box.receive()[0] == _END_OF_FILE
    driver.ask("describe", ticket="after")
    assert not _groups(box.name)


def test_the_runtimes_end_takes_its_children_along(driver: Any) -> None:
    box = driver.probe()
    code = "subprocess.Popen(['sleep', '1000'], start_new_session=True); os._exit(3)"
    event = _run_to_its_end(box, code)
    assert event["status"] == 3
    assert box.is_over()
    box.logged()
    assert os.read(box.log, 10) == b""  # nobody holds the pipe any more


@pytest.mark.parametrize("runtime", ["python3.11", "nodejs20.x"])
@pytest.mark.parametrize("urgent", [False, True])
def test_what_stood_back_while_it_was_made_has_come_forward(
    driver: Any, runtime: str, urgent: bool
) -> None:
    box = driver.create(runtime, urgent=urgent)
    (inside,) = Path(f"/proc/{box.pid}/task/{box.pid}/children").read_text().split()
    assert os.getpriority(os.PRIO_PROCESS, box.pid) == 0
    assert os.getpriority(os.PRIO_PROCESS, int(inside)) == 0


def test_every_sandbox_has_another_uid(driver: Any) -> None:
    uids = [driver.probe().run("answer = os.getuid()") for _ in range(3)]
    assert len(set(uids)) == 3


def test_end_of_core_ends_everything(start: Callable[..., Any]) -> None:
    driver = start("require")
    box = driver.probe()
    box.run("subprocess.Popen(['sleep', '1000'], start_new_session=True); answer = 1")
    parent = _groups(box.name)[0].name
    driver.socket.close()
    assert box.is_over()
    driver.process.wait(15)
    assert not list(Path("/sys/fs/cgroup").glob(f"*/{parent}"))


def test_a_killed_spawner_leaves_no_process_and_the_next_one_sweeps(
    start: Callable[..., Any],
) -> None:
    driver = start("require")
    box = driver.probe()
    hashed = _groups(box.name)[0].name
    driver.process.kill()
    driver.process.wait(15)
    assert box.is_over()
    assert _all_groups(hashed)
    start("require", driver.data_dir)
    assert not _all_groups(hashed)


def test_a_dead_zygote_is_replaced_and_its_sandboxes_are_reported(
    start: Callable[..., Any],
) -> None:
    driver = start("require")
    box = driver.probe()
    zygote = driver.ask("describe", ticket="one")["zygotes"][0]["pid"]
    os.kill(zygote, signal.SIGKILL)
    event = driver.wait_for("exited", box.name)
    assert event["status"] == -signal.SIGKILL
    assert box.is_over()
    # It pauses before the next one; who asks meanwhile waits.
    assert driver.probe().run("answer = 1") == 1
    assert driver.ask("describe", ticket="two")["zygotes"][0]["pid"] not in {0, zygote}
    children = Path(f"/proc/{driver.process.pid}/task/{driver.process.pid}/children")
    while str(box.pid) in children.read_text().split():  # until the orphan is reaped
        driver.ask("describe", ticket="again")


@pytest.mark.parametrize(
    "request_",
    [
        b"not json",
        b"[]",
        b'{"op": "nothing"}',
        b'{"op": "create", "sandbox": "../../etc", "runtime": "python3.11"}',
        b'{"op": "assign", "sandbox": "'
        + b"0" * 32
        + b'", "code": "../..", "layers": [], "memory_mib": 128}',
        b'{"op": "seal", "ticket": "t", "staging": ".."}',
        b'{"op": "discard", "code": "/etc"}',
    ],
)
def test_requests_outside_the_protocol_are_refused(driver: Any, request_: bytes) -> None:
    driver.socket.send(request_)
    event, _ = driver._next(lambda event: event["event"] == "failed")
    assert event["reason"]
    assert driver.ask("describe", ticket="still-there")["event"] == "described"


def test_create_without_an_interpreter_fails(driver: Any) -> None:
    event = driver.ask("create", sandbox="a" * 32, runtime="cobol", urgent=True)
    assert (event["event"], event["reason"]) == ("failed", "no interpreter for cobol")
    assert event["final"]


def test_assign_of_an_unknown_tree_or_twice_fails(driver: Any) -> None:
    box = driver.create()
    assert box.assign("0" * 64)["event"] == "failed"
    assert box.assign("0" * 64)["event"] == "failed"
    assert (
        driver.ask(
            "assign", sandbox="b" * 32, code="0" * 64, layers=[], memory_mib=128, tmp_mib=512
        )["event"]
        == "failed"
    )


def test_a_discarded_tree_cannot_be_assigned_though_it_was_used(driver: Any) -> None:
    files = {"app.py": "def handler(event, context):\n    return 'discarded'\n"}
    for _ in range(2):  # the second one may take what was prepared
        assert driver.function(files).invoke(b"{}")[1] == b'"discarded"'
    code = driver.seal(files)
    assert driver.ask("discard", code=code, ticket="gone")["event"] == "discarded"
    assert driver.create().assign(code)["event"] == "failed"

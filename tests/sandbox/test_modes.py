"""The isolation modes besides the full one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambent.execution.spawner.start import start_spawner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_SOMEBODY = 54_321
_CODE = {
    "app.py": "import os\ndef handler(event, context):\n    return [os.getuid(), os.getcwd()]\n"
}


def test_none_runs_the_code_where_it_lies(start: Callable[..., Any]) -> None:
    driver = start("none")
    described = driver.ask("describe", ticket="what")
    assert (described["isolation"], described["namespaces"]) == ("none", False)
    assert described["missing"]
    box = driver.function(_CODE)
    sealed = driver.data_dir / "code" / "sealed"
    assert box.task_root.startswith(str(sealed))
    uid = described["uid_range"][0] if os.geteuid() == 0 else os.geteuid()
    assert box.invoke(b"{}") == (4, f'[{uid}, "{box.task_root}"]'.encode())
    assert box.end()["status"] == -signal.SIGKILL
    assert box.is_over()


def test_none_has_no_snapshots_and_says_so(start: Callable[..., Any]) -> None:
    driver = start("none")
    request = {"sandbox": "0" * 32, "runtime": "python3.11", "urgent": True, "template": True}
    event = driver.ask("create", **request)
    assert (event["event"], event["final"]) == ("failed", True)
    assert event["reason"] == "SnapStart needs isolation, and Lambent to run as root"
    assert driver.ask("describe", ticket="what")["snap_start"] == event["reason"]


def test_none_reports_exits_and_refuses_layers(start: Callable[..., Any]) -> None:
    driver = start("none")
    box = driver.function({"app.py": "import os\ndef handler(e, c):\n    os._exit(9)\n"})
    assert box.invoke(b"{}")[0] == -1
    assert driver.wait_for("exited", box.name)["status"] == 9
    other = driver.create()
    code = driver.seal(_CODE)
    assert other.assign(code, layers=[code])["event"] == "failed"


@contextlib.contextmanager
def _as_nobody() -> Iterator[bool]:
    """The body runs in a child process under another uid, with the system's Python; True there, False here.

    Leaving it in the parent waits for the child and fails if it failed.
    """
    python = "/usr/bin/python3"
    if os.geteuid() != 0 or not os.access(python, os.X_OK):
        pytest.skip("needs root to become somebody else, and a Python that all may run")
    child = os.fork()
    if child:
        yield False
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return
    status = 1
    try:
        os.setgroups([])
        os.setresgid(_SOMEBODY, _SOMEBODY, _SOMEBODY)
        os.setresuid(_SOMEBODY, _SOMEBODY, _SOMEBODY)
        os.chdir("/")
        sys.executable = python
        yield True
        status = 0
    except BaseException:  # noqa: BLE001 - a forked child must not return into pytest
        traceback.print_exc()
    finally:
        os._exit(status)


def test_a_user_namespace_stands_in_for_root(start: Callable[..., Any]) -> None:
    make = type(start("none"))
    directory = Path(tempfile.mkdtemp(prefix="lambent-test-"))
    os.chown(directory, _SOMEBODY, _SOMEBODY)
    with _as_nobody() as is_child:
        if is_child:
            _use_a_user_namespace(make, directory)
    shutil.rmtree(directory)


def _use_a_user_namespace(make: Callable[..., Any], directory: Path) -> None:
    driver = make("auto", directory, ("/usr/bin",))
    described = driver.ask("describe", ticket="what")
    if described["refusal"]:
        sys.stderr.write(f"skipped: {described['refusal']}\n")
        return
    assert described["isolation"] == "user-namespace"
    assert any("share one uid" in line for line in described["missing"])
    assert described["cgroup_version"] == 0
    runtime = next(name for name in driver.runtimes if name.startswith("python3."))
    layers = [driver.seal({"one.txt": "1"}), driver.seal({"two.txt": "2"})]
    box = driver.probe(runtime=runtime, layers=layers)
    status = box.run("answer = open('/proc/self/status').read()")
    assert "CapEff:\t0000000000000000" in status
    assert "CapBnd:\t0000000000000000" in status
    assert box.run("answer = sorted(os.listdir('/opt'))") == ["one.txt", "two.txt"]
    assert box.run("answer = [e for e in os.listdir('/proc') if e.isdigit()]") == ["2"]
    assert box.run("answer = os.access('/var/task', os.W_OK)") is False
    assert box.run("answer = ctypes.CDLL(None).unshare(0x10000000)") == -1
    assert box.run("answer = [name for _, name in socket.if_nameindex()]") == ["lo"]
    assert box.end()["status"] == -signal.SIGKILL
    driver.stop()


def test_require_says_what_is_missing(start: Callable[..., Any], capfd: Any) -> None:
    """A host that cannot is played by a user without cgroups."""
    start("none")
    directory = Path(tempfile.mkdtemp(prefix="lambent-test-"))
    os.chown(directory, _SOMEBODY, _SOMEBODY)
    with _as_nobody() as is_child:
        if is_child:
            process, connection = start_spawner(str(directory), "require", _SOMEBODY, {})
            with connection:
                assert process.wait(15) == 78
    shutil.rmtree(directory)
    assert "no cgroup memory controller" in capfd.readouterr().err

"""A Ruby process in the same sandbox as a Python one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conftest import lacking

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_RESULT = 4
_CODE = """
def handler(event:, context:)
  exit!(event['exit']) if event['exit']
  Process.kill(event['kill'], Process.pid) if event['kill']
  (all = []; loop { all << 'x' * (1 << 20) }) if event['eat']
  status = File.read('/proc/self/status')
  written = begin
    File.write('/var/runtime/x', '')
  rescue SystemCallError => e
    e.class.to_s
  end
  {
    pid: Process.pid, uid: Process.uid, written: written,
    filter: status.match?(/Seccomp:\\t2/), capabilities: status.match?(/CapEff:\\t0{16}/),
    processes: Dir.children('/proc').grep(/\\A\\d+\\z/), task: Dir.children('/var/task'),
  }
end
"""


@pytest.fixture
def box(driver: Any) -> Any:
    if "ruby3.3" not in driver.runtimes:
        lacking("ruby is not installed")
    return driver.function({"app.rb": _CODE}, runtime="ruby3.3")


def test_the_walls_are_the_same(box: Any) -> None:
    kind, payload = box.invoke(b"{}")
    assert kind == _RESULT, payload
    seen = json.loads(payload)
    assert seen.pop("uid") >= 0x70000000
    assert seen == {
        "pid": 2,
        "written": "Errno::EROFS",
        "filter": True,
        "capabilities": True,
        "processes": ["2"],
        "task": ["app.rb"],
    }


@pytest.mark.parametrize(
    ("event", "status", "is_oom"),
    [({"exit": 3}, 3, False), ({"kill": "KILL"}, -9, False), ({"eat": True}, -9, True)],
)
def test_its_end_is_reported(box: Any, event: dict[str, Any], status: int, is_oom: bool) -> None:
    assert box.invoke(json.dumps(event).encode())[0] == -1
    ended = box.driver.wait_for("exited", box.name)
    assert (ended["status"], ended["oom"]) == (status, is_oom)

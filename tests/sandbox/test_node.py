"""A Node process in the same sandbox as a Python one."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_RESULT = 4
_CODE = """
const fs = require('fs');
exports.handler = async (event) => {
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.kill) process.kill(process.pid, event.kill);
  if (event.eat) { const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1)); }
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  let written = true;
  try { fs.writeFileSync('/var/runtime/x', ''); } catch (error) { written = error.code; }
  return {
    pid: process.pid, uid: process.getuid(), written,
    filter: /Seccomp:\\t2/.test(status), capabilities: /CapEff:\\t0{16}/.test(status),
    processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)),
    task: fs.readdirSync('/var/task'),
  };
};
"""


@pytest.fixture
def box(driver: Any) -> Any:
    if "nodejs20.x" not in driver.runtimes:
        pytest.skip("no Node here")
    return driver.function({"app.js": _CODE}, runtime="nodejs20.x")


def test_the_walls_are_the_same(box: Any) -> None:
    kind, payload = box.invoke(b"{}")
    assert kind == _RESULT
    seen = json.loads(payload)
    assert seen.pop("uid") >= 0x70000000
    assert seen == {
        "pid": 2,
        "written": "EROFS",
        "filter": True,
        "capabilities": True,
        "processes": ["2"],
        "task": ["app.js"],
    }


@pytest.mark.parametrize(
    ("event", "status", "is_oom"),
    [({"exit": 3}, 3, False), ({"kill": "SIGKILL"}, -9, False), ({"eat": True}, -9, True)],
)
def test_its_end_is_reported(box: Any, event: dict[str, Any], status: int, is_oom: bool) -> None:
    assert box.invoke(json.dumps(event).encode())[0] == -1
    ended = box.driver.wait_for("exited", box.name)
    assert (ended["status"], ended["oom"]) == (status, is_oom)

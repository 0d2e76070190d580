"""The launcher's entry: what it starts, in order.

Started by `lambent up` with `python -I -S` and the configuration as JSON in the only argument. It holds whatever
privilege it was started with, so it stays small, imports nothing but the standard library and this package, and after
the start it only waits (`supervise.py`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambent.execution.launcher.core_process import CoreProcess, choose_uid
from lambent.execution.launcher.supervise import Supervisor
from lambent.execution.runtimes import discovery
from lambent.execution.spawner import start


@dataclass(frozen=True)
class Setup:
    """What launcher, spawner and core agree on."""

    config: dict[str, Any]
    runtimes: dict[str, Any]
    core_uid: int

    @property
    def data_dir(self) -> Path:
        return Path(self.config["data_dir"])


def main() -> None:
    """Run until core ends; the exit status is core's."""
    config = json.loads(sys.argv[1])
    core_uid = choose_uid(config["core_user"])
    setup = Setup(config, discovery.discover(), core_uid)

    def start_spawner() -> start.Started:
        return start.start_spawner(
            str(setup.data_dir), config["isolation"], core_uid, setup.runtimes
        )

    core = CoreProcess(sys.argv[1], json.dumps(setup.runtimes), core_uid, setup.data_dir)
    sys.exit(Supervisor(core, start_spawner).run())

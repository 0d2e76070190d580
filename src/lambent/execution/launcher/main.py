"""The launcher's entry: what it starts, in order.

Started by `lambent up` with `python -I -S`. It holds whatever
privilege it was started with, so it stays small, imports nothing but the standard library and this package, and after
the start it only waits (`supervise.py`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lambent.core import plain_log
from lambent.core.plain_log import LogStyle
from lambent.execution.launcher.core_process import CoreProcess
from lambent.execution.launcher.supervise import Supervisor
from lambent.execution.runtimes import discovery
from lambent.execution.spawner import start
from lambent.process import priority


def main() -> None:
    """Run until core ends; the exit status is core's. Arguments: the configuration as JSON, core's uid, the file of
    what is secret of it (a descriptor, for core alone).
    """
    config_json, core_uid, secrets = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    config = json.loads(config_json)
    log_style = LogStyle(config["log_format"], config["log_level"])
    plain_log.start(log_style, "launcher")
    priority.set_oom_score(priority.KEPT)  # core and spawner inherit it
    runtimes = discovery.discover()

    def start_spawner() -> start.Started:
        outside = start.Outside(config["network_mode"], config["network_deny"])
        return start.start_spawner(
            config["data_dir"], config["isolation"], core_uid, runtimes, outside, log_style
        )

    core = CoreProcess(
        config_json, json.dumps(runtimes), core_uid, Path(config["data_dir"]), secrets
    )
    sys.exit(Supervisor(core, start_spawner).run())

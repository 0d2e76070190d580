"""One invocation in one process: `python -I -S run_once.py TASK_ROOT MODULE.HANDLER [LIBRARY]`, event on stdin."""

import importlib
import json
import sys

sys.path.insert(0, sys.argv[1])
sys.path += sys.argv[3:]
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module), name)
sys.stdout.write(json.dumps(handler(json.load(sys.stdin), None)))

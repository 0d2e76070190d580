"""One invocation, then idleness: `python -I -S run_and_wait.py TASK_ROOT MODULE.HANDLER`, event in a line on stdin."""

import importlib
import json
import sys

sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module), name)
print(json.dumps(handler(json.loads(sys.stdin.readline()), None)), flush=True)
sys.stdin.read()

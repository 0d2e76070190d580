"""The Python runtime as a program, for functions whose variables act at its start (docs/design.md, section 4.2).

Executed as a file in /var/runtime, with the frame socket as descriptor 3. Our modules are found beside this file, under
the names that they have elsewhere; the host's own packages are taken off the path, as in a sandbox that was forked.
"""

from __future__ import annotations

import fcntl
import os
import site
import sys
import types

_PACKAGE = "lambent.execution.runtimes.python"
# Out of the way of what a function opens, below its limit of 1,024.
_FRAME_DESCRIPTOR = 1000


def _name_our_modules(directory: str) -> None:
    name = ""
    for part in _PACKAGE.split("."):
        name = f"{name}.{part}".lstrip(".")
        module = types.ModuleType(name)
        module.__path__ = [directory] if name == _PACKAGE else []
        sys.modules[name] = module


def _leave_host_packages(directory: str) -> None:
    unwanted = {directory, *site.getsitepackages(), site.getusersitepackages()}
    sys.path[:] = [entry for entry in sys.path if entry not in unwanted]


if __name__ == "__main__":
    _here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib would be one more import
    _name_our_modules(_here)
    _leave_host_packages(_here)
    from lambent.execution.runtimes.python import bootstrap

    _moved = fcntl.fcntl(3, fcntl.F_DUPFD_CLOEXEC, _FRAME_DESCRIPTOR)
    os.close(3)
    bootstrap.run(_moved, is_assigned=True)

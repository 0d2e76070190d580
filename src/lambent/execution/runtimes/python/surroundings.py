"""What a function finds around it: environment variables and the module search path."""

from __future__ import annotations

import os
import pkgutil
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TRACE_VARIABLE = "_X_AMZN_TRACE_ID"
_TRACE_KEY = os.fsencode(TRACE_VARIABLE)
# What programs are started by (the interpreter's table of audit events).
_STARTS = frozenset(
    {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
)
_OWN_PACKAGE = "lambent"
_ENVIRONMENT_PREFIX = "AWS_Lambda_"
_NO_ENTRIES = frozenset({"", "/var/runtime"})
# Where the code is bound in an isolated sandbox; empty until then.
CODE_DIR = "/var/task"
# What AWS's runtime brings: boto3. Last on the path, so that a function's own copy wins.
LIBRARIES = f"/var/lang/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def set_environment(variables: Mapping[str, str]) -> None:
    """Exactly `variables`, for this process and its children."""
    clear_environment()
    for name, value in variables.items():
        os.environ[name] = value
    time.tzset()


def change_environment(variables: Mapping[str, str]) -> None:
    """`variables` as well as what the function itself has set meanwhile."""
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def clear_environment() -> None:
    for name in list(os.environ):
        del os.environ[name]


def extend_path(variables: Mapping[str, str]) -> None:
    """The code first, then PYTHONPATH, then the layers, then the standard library.

    A layer's packages are looked for under the version that the function asked for, too: another one may stand in.
    """
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    asked = variables.get("AWS_EXECUTION_ENV", "")[len(_ENVIRONMENT_PREFIX) :]
    versions = (asked, own) if asked.startswith("python") else (own,)
    wanted = [
        variables["LAMBDA_TASK_ROOT"],
        # The default names the directory of AWS's libraries, ours are elsewhere.
        *(each for each in variables.get("PYTHONPATH", "").split(":") if each not in _NO_ENTRIES),
        *(f"/opt/python/lib/{version}/site-packages" for version in versions),
        "/opt/python",
    ]
    sys.path[:0] = list(dict.fromkeys(wanted))


def forget_finders() -> None:
    """What is found at the same paths later is something else: code and layers are bound there."""
    sys.path_importer_cache.clear()
    # A finder that has not looked yet is good for what comes; making it then would take as long as an import.
    pkgutil.get_importer(CODE_DIR)


def forget_ourselves() -> None:
    """Take our own modules out of the import system: a function's modules may have any name."""
    for name in [each for each in sys.modules if each.split(".")[0] == _OWN_PACKAGE]:
        del sys.modules[name]


def note_trace(trace_id: str) -> None:
    """The trace header of the current call, for X-Ray's SDK.

    It changes with every call, and the C library keeps every value that setenv was ever given: 146 bytes a call, so
    that a busy function would run out of memory. It is told when a program is started that may look (`_tell_children`).
    """
    values: Any = getattr(os.environ, "_data", None)
    if values is None:  # the function has put something else in its place
        _note(os.environ, TRACE_VARIABLE, trace_id)
    else:
        _note(values, _TRACE_KEY, os.fsencode(trace_id))


def _note(values: Any, key: object, value: object) -> None:
    if value:
        values[key] = value
    else:
        values.pop(key, None)


def watch_children() -> None:
    """Programs that the function starts shall find the trace header, too."""
    sys.addaudithook(_tell_children)


def _tell_children(event: str, _: object) -> None:
    if event in _STARTS:
        trace_id = os.environ.get(TRACE_VARIABLE)
        if trace_id is None:
            os.unsetenv(TRACE_VARIABLE)
        else:
            os.putenv(TRACE_VARIABLE, trace_id)

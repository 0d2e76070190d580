"""What a function finds around it: environment variables and the module search path."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRACE_VARIABLE = "_X_AMZN_TRACE_ID"
_OWN_PACKAGE = "lambent"


def replace_environment(variables: Mapping[str, str]) -> None:
    """Exactly `variables`, for this process and its children."""
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()


def extend_path(variables: Mapping[str, str]) -> None:
    """The code first, then PYTHONPATH, then the layers, then the standard library."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = [
        variables["LAMBDA_TASK_ROOT"],
        *(entry for entry in variables.get("PYTHONPATH", "").split(":") if entry),
        "/opt/python",
        f"/opt/python/lib/python{version}/site-packages",
    ]
    sys.path[:0] = list(dict.fromkeys(wanted))
    # The layer directories were not there when this process was forked.
    sys.path_importer_cache.clear()


def forget_ourselves() -> None:
    """Take our own modules out of the import system: a function's modules may have any name."""
    for name in [each for each in sys.modules if each.split(".")[0] == _OWN_PACKAGE]:
        del sys.modules[name]


def note_trace(trace_id: str) -> None:
    """The trace header of the current call, for X-Ray's SDK."""
    if trace_id:
        os.environ[TRACE_VARIABLE] = trace_id
    else:
        os.environ.pop(TRACE_VARIABLE, None)

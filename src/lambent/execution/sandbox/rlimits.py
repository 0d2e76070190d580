"""Resource limits, as AWS documents them for a function."""

from __future__ import annotations

import resource

OPEN_FILES = 1024
PROCESSES = 1024


def apply() -> None:
    """Hard and soft: a function cannot raise them again."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (65_536, 65_536))

"""Resource limits, as AWS documents them for a function."""

from __future__ import annotations

import resource

OPEN_FILES = 1024
# A thread counts as one. The first process of a sandbox is ours, and the function's limit is above it.
PROCESSES = 1024 + 1


def apply() -> None:
    """Hard and soft: a function cannot raise them again."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (65_536, 65_536))

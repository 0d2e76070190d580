"""Resource limits, as AWS documents them for a function."""

from __future__ import annotations

import resource

OPEN_FILES = 1024
# A thread counts as one. The first process of a sandbox is ours, and the function's limit is above it.
PROCESSES = 1024 + 1
# Too small for any core file, and the one value at which the kernel does not start the program of core_pattern either:
# with 0 it does (fs/coredump.c), as root, outside, fed by whoever crashes. The filter keeps functions from setting 0.
CORE = 1


def apply() -> None:
    """Hard and soft: a function cannot raise them again."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (CORE, CORE))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (65_536, 65_536))

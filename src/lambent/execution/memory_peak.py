"""The most memory that a sandbox has used, for `Max Memory Used`.

From the peak file of its cgroup where there is one, else from the kernel's high-water mark of its first process.
"""

from __future__ import annotations

import os
from pathlib import Path

_MIB = 1_048_576


class MemoryPeak:
    """Owns the descriptor. Args: the peak file of the cgroup or None, and the process id on the host."""

    def __init__(self, descriptor: int | None, pid: int) -> None:
        self._descriptor = descriptor
        self._pid = pid
        self._peak_bytes = 0

    def read_mib(self) -> int:
        """MiB, rounded up; the last known figure once the sandbox is gone."""
        if self._descriptor is None:
            measured = self._read_process()
        else:
            try:
                measured = int(os.pread(self._descriptor, 32, 0))
            except (OSError, ValueError):  # the cgroup is gone
                measured = 0
        self._peak_bytes = max(self._peak_bytes, measured)
        return -(-self._peak_bytes // _MIB)

    def note(self, peak_bytes: int) -> None:
        """Take a figure from elsewhere (the spawner's, at exit)."""
        self._peak_bytes = max(self._peak_bytes, peak_bytes)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._pid = 0

    def _read_process(self) -> int:
        if not self._pid:
            return 0
        try:
            status = Path(f"/proc/{self._pid}/status").read_text("ascii", "replace")
        except OSError:
            return 0
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

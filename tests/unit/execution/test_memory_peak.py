from __future__ import annotations

import os

from lambent.execution.memory_peak import MemoryPeak


def test_the_figure_of_the_cgroup_is_rounded_up_to_whole_megabytes() -> None:
    file = os.memfd_create("peak")
    os.write(file, b"1048577\n")
    peak = MemoryPeak(file, os.getpid())
    assert peak.read_mib() == 2
    peak.note(5 << 20)
    assert peak.read_mib() == 5
    peak.close()
    assert peak.read_mib() == 5


def test_without_a_cgroup_the_process_is_asked() -> None:
    peak = MemoryPeak(None, os.getpid())
    assert peak.read_mib() > 5
    assert MemoryPeak(None, 2**22 + 1).read_mib() == 0

"""How much of the CPUs a function gets: in proportion to its memory, a whole one at 1,769 MB, as AWS documents."""

from __future__ import annotations

from typing import NamedTuple

PERIOD_US = 100_000  # the kernel's own default
_MIB_OF_A_CPU = 1769
# Of a period: with less, one hiccup of the interpreter (a garbage collection) would cost a small function a period.
_LEAST_US = 10_000


class Quota(NamedTuple):
    """CPU time within each period, and how much of what was not used earlier may be added, both in microseconds."""

    quota_us: int
    burst_us: int


def quota(memory_mib: int) -> Quota:
    share = max(_LEAST_US, memory_mib * PERIOD_US // _MIB_OF_A_CPU)
    # The kernel's upper limit: one period more. A function that is called now and then does not notice its quota.
    return Quota(share, share)

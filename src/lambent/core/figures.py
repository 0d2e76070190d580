"""Figures of the platform for those who run it, as its parts give them to the page that shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values were at most so large, by bound, all of them at `inf`; and their sum."""

    buckets: tuple[tuple[float, float], ...]
    total: float


@dataclass(frozen=True, slots=True)
class Family:
    """A figure by its labels. Names are Prometheus's, in base units and without a suffix for the kind."""

    name: str
    help: str
    kind: Literal["counter", "gauge", "histogram"]
    samples: dict[Labels, float | Histogram] = field(default_factory=dict)

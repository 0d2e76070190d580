"""Which functions reach less of the world than the platform lets functions reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Networks:
    """Args: pairs of a function name, in which `*` stands for anything, and a mode (internet, platform, none).

    The first one that fits counts.
    """

    def __init__(self, rules: Sequence[tuple[str, str]]) -> None:
        self._rules = [(_pattern(name), mode) for name, mode in rules]

    def of(self, function_name: str) -> str:
        """The function's mode; "": what the platform allows."""
        for pattern, mode in self._rules:
            if pattern.fullmatch(function_name):
                return mode
        return ""


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, name.split("*"))))


ALL_ALIKE = Networks(())

"""What a rendering holds: variables, output, and how much of it there may be."""

from __future__ import annotations

from typing import Any

from lambent.services.apigateway.data_plane.vtl.faults import TemplateFault

# "Payload size: 10 MB" (quotas): no template may make more.
MAX_OUTPUT = 10_485_760
# Nested macros and templates within texts.
_MAX_DEPTH = 50


class Stop(Exception):
    """`#stop`."""


class Break(Exception):
    """`#break`."""


class Scope:
    """Variables by name, and the texts written so far."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.macros: dict[str, Any] = {}
        self.out: list[str] = []
        self._size = 0
        self._depth = 0

    def write(self, text: str) -> None:
        """Raises TemplateFault when it becomes too much."""
        self._size += len(text)
        if self._size > MAX_OUTPUT:
            raise TemplateFault("the template makes more than 10 MB")
        self.out.append(text)

    def capture(self, render: Any) -> str:
        """What `render(scope)` writes, instead of writing it."""
        out, self.out = self.out, []
        self.enter()
        try:
            render(self)
            return "".join(self.out)
        finally:
            self.leave()
            self.out = out

    def enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise TemplateFault("macros are nested too deeply")

    def leave(self) -> None:
        self._depth -= 1

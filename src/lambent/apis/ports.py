"""What the data plane asks of others, besides the ports of `core.ports`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from lambent.core.context import Scope

Kind = Literal["rest", "http"]


@dataclass(
    slots=True
)  # not frozen: one is made per request, and frozen ones cost three times as much
class Measured:
    """One answered request, for metrics (`AWS/ApiGateway`) and the bill.

    Attributes:
        api_name: of REST APIs alone.
        method, resource_path: "" where no method or route was found.
        latency_ms: from the request's arrival to its answer.
        integration_ms: None where no integration was called.
        size: bytes of the bodies that came in and went out; told of HTTP APIs alone.
        is_from_cache: None where the stage keeps no answers of the method.
        is_detailed: the settings of the method or route ask for metrics of its own.
    """

    kind: Kind
    scope: Scope
    api_id: str
    stage: str
    method: str
    resource_path: str
    status: int
    latency_ms: int
    integration_ms: int | None
    api_name: str = ""
    size: int = 0
    is_detailed: bool = False
    is_from_cache: bool | None = None


class Meter(Protocol):
    """Counts requests. Never waits, never raises."""

    def answers(self, measured: Measured) -> None:
        """Before the answer goes out: what it costs."""
        ...

    def answered(self, measured: Measured) -> None:
        """When it has gone, or is about to: how it went."""
        ...


class Logs(Protocol):
    """CloudWatch Logs, which make group and stream where they are missing. Never waits, never raises."""

    def keep(
        self,
        account_id: str,
        region: str,
        group: str,
        stream: str,
        events: list[tuple[int, str]],
    ) -> object:
        """Events: (milliseconds since 1970, text)."""
        ...

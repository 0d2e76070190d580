"""What the data plane asks of others, besides the ports of `core.ports`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Measured:
    """One answered request, for metrics (`AWS/ApiGateway`) and the bill.

    Attributes:
        method, resource_path: "" where no method was found.
        latency_ms: from the request's arrival to its answer.
        integration_ms: None where no integration was called.
        is_detailed: the method's settings ask for metrics of its own.
    """

    account_id: str
    region: str
    api_id: str
    api_name: str
    stage: str
    method: str
    resource_path: str
    status: int
    latency_ms: int
    integration_ms: int | None
    is_detailed: bool = False


class Meter(Protocol):
    """Counts requests. Never waits, never raises."""

    def request(self, measured: Measured) -> None: ...


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

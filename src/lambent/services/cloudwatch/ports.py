"""What this service needs of the rest of the platform, as far as it needs it; `lambent.app` plugs it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lambent.core.ports import ServiceCaller


class Topics(Protocol):
    """SNS, where alarms publish."""

    async def publish(self, arn: str, subject: str, message: str, caller: ServiceCaller) -> None:
        """Returns when it is durable. Raises ServiceError: no such topic, or its policy does not let the alarm in."""
        ...

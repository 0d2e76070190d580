"""What requests to APIs cost, and how they went."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.apis.metrics import ApiMetrics
    from lambent.apis.ports import Measured
    from lambent.core import ports


class RequestMeter:
    """Implements `apis.ports.Meter`. Args: the platform's meter, and the metrics of APIs."""

    def __init__(self, meter: ports.Meter, metrics: ApiMetrics) -> None:
        self._meter = meter
        self.answered = metrics.request

    def answers(self, measured: Measured) -> None:
        resource = f"{measured.api_id}/{measured.stage}"
        self._meter.requests(measured.scope, "apigateway", resource, measured.kind)

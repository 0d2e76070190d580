"""What requests to APIs are billed as."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.apis.ports import Measured, Meter
    from lambent.core import ports


class BilledRequests:
    """A `Meter` that notes requests for the bill and hands them on. Args: the platform's meter, and who comes next."""

    def __init__(self, meter: ports.Meter, then: Meter) -> None:
        self._meter = meter
        self._then = then

    def request(self, measured: Measured) -> None:
        resource = f"{measured.api_id}/{measured.stage}"
        self._meter.requests(measured.scope, "apigateway", resource, measured.kind)
        self._then.request(measured)

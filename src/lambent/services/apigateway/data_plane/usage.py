"""What requests to APIs are billed as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.context import Scope

if TYPE_CHECKING:
    from lambent.apis.ports import Measured, Meter
    from lambent.core import ports

_REST = "rest"


class BilledRequests:
    """A `Meter` that notes requests for the bill and hands them on. Args: the platform's meter, and who comes next."""

    def __init__(self, meter: ports.Meter, then: Meter) -> None:
        self._meter = meter
        self._then = then

    def request(self, measured: Measured) -> None:
        scope = Scope(measured.account_id, measured.region)
        resource = f"{measured.api_id}/{measured.stage}"
        self._meter.requests(scope, "apigateway", resource, _REST)
        self._then.request(measured)

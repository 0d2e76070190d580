"""What is written down about a request: the access log of its stage, metrics, the bill."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambent.apis.context_text import filled
from lambent.apis.log_names import group_of, stream_of
from lambent.apis.ports import Measured
from lambent.services.apigatewayv2.data_plane.context_values import context_of

if TYPE_CHECKING:
    from lambent.apis.ports import Logs, Meter
    from lambent.core.clock import Clock
    from lambent.core.http import Response
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange

_log = logging.getLogger(__name__)
_UNSET = "-"


class Records:
    """Args: where access logs go and who counts; None where nobody does."""

    def __init__(self, clock: Clock, logs: Logs | None = None, meter: Meter | None = None) -> None:
        self._clock = clock
        self._logs = logs
        self._meter = meter

    def bill(self, exchange: Exchange, response: Response) -> Measured:
        """The request is about to be answered."""
        live, route = exchange.live, exchange.route
        size = len(response.body) if isinstance(response.body, bytes) else 0
        measured = Measured(
            "http",
            live.scope,
            live.api_id,
            live.name,
            route.method,
            route.path,
            response.status,
            round((self._clock.monotonic() - exchange.started) * 1000),
            exchange.integration_ms,
            size=size + len(exchange.body),
            is_detailed=_is_detailed(exchange),
        )
        if self._meter is not None:
            self._meter.answers(measured)
        return measured

    def write(self, exchange: Exchange, measured: Measured) -> None:
        """The request is answered, or about to be. Never waits, never raises."""
        try:
            self._write(exchange, measured)
        except Exception:  # noqa: BLE001 - the boundary of records: no answer depends on one
            _log.exception("no record was kept", extra={"request_id": exchange.request_id})

    def _write(self, exchange: Exchange, measured: Measured) -> None:
        if self._logs is not None and exchange.live.stage.get("AccessLogSettings"):
            self._access(self._logs, exchange, measured)
        if self._meter is not None:
            self._meter.answered(measured)

    def _access(self, logs: Logs, exchange: Exchange, measured: Measured) -> None:
        live = exchange.live
        settings = live.stage["AccessLogSettings"]
        form, group = settings.get("Format"), group_of(settings.get("DestinationArn", ""))
        if not form or not group:
            return
        context = context_of(exchange) | {
            "dataProcessed": str(measured.size),
            "responseLatency": str(measured.latency_ms),
            "responseLength": str(measured.size - len(exchange.body)),
            "status": str(measured.status),
        }
        line = filled(form, context, exchange.stage_variables, missing=_UNSET)
        moment = int(exchange.now.timestamp() * 1000)
        scope, stream = live.scope, stream_of(exchange.request_id)
        logs.keep(scope.account_id, scope.region, group, stream, [(moment, line)])


def _is_detailed(exchange: Exchange) -> bool:
    """What the route's settings say, and for routes without any what the stage's do."""
    stage = exchange.live.stage
    own = (stage.get("RouteSettings") or {}).get(exchange.route.key)
    settings = stage.get("DefaultRouteSettings") if own is None else own
    return bool((settings or {}).get("DetailedMetricsEnabled"))

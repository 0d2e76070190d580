"""What is written down about a request: execution log, access log, metrics.

"Set up CloudWatch logging for REST APIs" (developer guide): the group of execution logs is the platform's to name, that
of access logs the user's, whose format is a text with `$context` variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.context_text import filled
from lambent.apis.log_names import group_of, stream_of
from lambent.apis.ports import Measured
from lambent.core.context import Scope
from lambent.services.apigateway.data_plane.context_values import template_context
from lambent.services.apigateway.data_plane.exchange import last_of
from lambent.services.apigateway.data_plane.execution_log import ExecutionLog, masked, shown

if TYPE_CHECKING:
    from lambent.apis.ports import Logs, Meter
    from lambent.core.clock import Clock
    from lambent.services.apigateway.data_plane.exchange import Exchange

_UNSET = "-"


class Records:
    """Args: where logs go and who counts; None where nobody does."""

    def __init__(self, clock: Clock, logs: Logs | None = None, meter: Meter | None = None) -> None:
        self._clock = clock
        self._logs = logs
        self._meter = meter

    def log_for(self, exchange: Exchange) -> ExecutionLog | None:
        """A log, if the stage writes one for the method."""
        settings = exchange.method.settings
        level = settings.get("loggingLevel", "OFF")
        if self._logs is None or level == "OFF":
            return None
        journal = ExecutionLog(
            exchange.request_id,
            self._clock.calendar,
            shows_data=bool(settings.get("dataTraceEnabled")),
            only_errors=level == "ERROR",
        )
        journal.info(f"Extended Request Id: {exchange.extended_id}")
        return journal

    def write(self, exchange: Exchange, status: int, size: int) -> None:
        """The request is answered. Never waits."""
        live = exchange.plan.live
        latency_ms = round((self._clock.monotonic() - exchange.started) * 1000)
        if exchange.journal is not None and exchange.journal.lines and self._logs is not None:
            group = f"API-Gateway-Execution-Logs_{live.api_id}/{exchange.stage}"
            key = (live.account_id, live.region, group, stream_of(exchange.request_id))
            self._logs.keep(*key, exchange.journal.as_events())
        self._access(exchange, status, size, latency_ms)
        if self._meter is not None:
            self._meter.request(
                Measured(
                    kind="rest",
                    scope=Scope(live.account_id, live.region),
                    api_id=live.api_id,
                    stage=exchange.stage,
                    method=exchange.request.method if exchange.method.resource_path else "",
                    resource_path=exchange.method.resource_path,
                    status=status,
                    latency_ms=latency_ms,
                    integration_ms=exchange.integration_ms,
                    api_name=str(exchange.plan.rest_api.get("name", "")),
                    is_detailed=bool(exchange.method.settings.get("metricsEnabled")),
                )
            )

    def _access(self, exchange: Exchange, status: int, size: int, latency_ms: int) -> None:
        live = exchange.plan.live
        settings = live.stage.get("accessLogSettings") or {}
        form, group = settings.get("format"), group_of(settings.get("destinationArn", ""))
        if self._logs is None or not form or not group:
            return
        context = template_context(exchange)
        context |= {
            "status": str(status),
            "responseLength": str(size),
            "responseLatency": str(latency_ms),
            "integrationLatency": _UNSET,
            "integrationStatus": _UNSET,
            "error": context.get("error") or {"message": _UNSET, "messageString": _UNSET},
        }
        if exchange.integration_ms is not None:
            context["integrationLatency"] = str(exchange.integration_ms)
        if exchange.integration_status is not None:
            context["integrationStatus"] = str(exchange.integration_status)
        line = filled(form, context, {}, missing=_UNSET)
        key = (live.account_id, live.region, group, stream_of(exchange.request_id))
        self._logs.keep(*key, [(int(self._clock.calendar().timestamp() * 1000), line)])


def begin(exchange: Exchange) -> None:
    """A guard that only writes down what has come in."""
    journal, request = exchange.journal, exchange.request
    if journal is None:
        return
    journal.info(f"Starting execution for request: {exchange.request_id}")
    journal.info(f"HTTP Method: {request.method}, Resource Path: {exchange.address.path}")
    key = exchange.identity.get("apiKey")
    if key and not exchange.is_test:
        journal.info(f"API Key: {masked(key)}")
        journal.info(f"API Key ID: {exchange.identity['apiKeyId']}")
    journal.info(f"Method request path: {shown(exchange.path_parameters)}")
    journal.info(f"Method request query string: {shown(last_of(exchange.query))}")
    journal.data(f"Method request headers: {shown(last_of(exchange.headers))}")
    text = exchange.body.decode(errors="replace")
    journal.data(f"Method request body before transformations: {text}")

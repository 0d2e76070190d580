"""What is written down about a request: execution log, access log, metrics.

"Set up CloudWatch logging for REST APIs" (developer guide): the group of execution logs is the platform's to name, that
of access logs the user's, whose format is a text with `$context` variables.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambent.apis.context_text import filled
from lambent.apis.log_names import group_of, stream_of
from lambent.apis.ports import Measured
from lambent.services.apigateway.data_plane.context_values import template_context
from lambent.services.apigateway.data_plane.exchange import last_of
from lambent.services.apigateway.data_plane.execution_log import ExecutionLog, masked, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lambent.apis.ports import Logs, Meter
    from lambent.core.clock import Clock
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan

_log = logging.getLogger(__name__)
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

    def bill(self, exchange: Exchange, status: int) -> Measured:
        """The request is about to be answered."""
        plan, path = exchange.plan, exchange.method.resource_path
        measured = Measured(
            "rest",
            plan.scope,
            plan.live.api_id,
            exchange.address.stage,
            exchange.request.method if path else "",
            path,
            status,
            round((self._clock.monotonic() - exchange.started) * 1000),
            exchange.integration_ms,
            api_name=str(plan.rest_api.get("name", "")),
            is_detailed=bool(exchange.method.settings.get("metricsEnabled")),
            is_from_cache=exchange.is_from_cache,
        )
        if self._meter is not None:
            self._meter.answers(measured)
        return measured

    def write(self, exchange: Exchange, measured: Measured, size: int) -> None:
        """The request is answered, or about to be. Never waits, never raises."""
        try:
            self._write(exchange, measured, size)
        except Exception:  # noqa: BLE001 - the boundary of records: no answer depends on one
            _log.exception("no record was kept", extra={"request_id": exchange.request_id})

    def _write(self, exchange: Exchange, measured: Measured, size: int) -> None:
        journal, live = exchange.journal, exchange.plan.live
        if self._logs is not None:
            if journal is not None and journal.lines:
                group = f"API-Gateway-Execution-Logs_{live.api_id}/{exchange.stage}"
                key = (live.account_id, live.region, group, stream_of(exchange.request_id))
                self._logs.keep(*key, journal.as_events())
            if live.stage.get("accessLogSettings"):
                self._access(self._logs, exchange, measured.status, size, measured.latency_ms)
        if self._meter is not None:
            self._meter.answered(measured)

    def _access(
        self, logs: Logs, exchange: Exchange, status: int, size: int, latency_ms: int
    ) -> None:
        live = exchange.plan.live
        settings = live.stage["accessLogSettings"]
        form, group = settings.get("format"), group_of(settings.get("destinationArn", ""))
        if not form or not group:
            return
        context = template_context(exchange)
        context |= {
            "status": str(status),
            "responseLength": str(size),
            "responseLatency": str(latency_ms),
            "integrationLatency": _UNSET,
            "integrationStatus": _UNSET,
            "error": _error(exchange, context),
            "endpointType": _endpoint_type(exchange),
            **exchange.phases,
        }
        if "authorizer" in exchange.phases:
            context["authorizer"] = {**(exchange.authorizer or {}), **exchange.phases["authorizer"]}
        if exchange.error_log and exchange.integration_ms is not None:
            context.setdefault("integration", {})["error"] = exchange.error_log
        if exchange.integration_ms is not None:
            context["integrationLatency"] = str(exchange.integration_ms)
        if exchange.integration_status is not None:
            context["integrationStatus"] = str(exchange.integration_status)
        line = filled(form, context, {}, missing=_UNSET)
        key = (live.account_id, live.region, group, stream_of(exchange.request_id))
        logs.keep(*key, [(int(self._clock.calendar().timestamp() * 1000), line)])


def _error(exchange: Exchange, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """`$context.error`, with a dash for what there is not."""
    told = context.get("error") or {}
    return {"message": _UNSET, "messageString": _UNSET} | {k: v for k, v in told.items() if v != ""}


def _endpoint_type(exchange: Exchange) -> str | None:
    types = (exchange.plan.rest_api.get("endpointConfiguration") or {}).get("types") or [None]
    found: str | None = types[0]
    return found


class Arrival:
    """A guard that only writes down what has come in."""

    def concerns(self, _plan: ApiPlan, _method: MethodPlan) -> bool:
        return False

    def check(self, exchange: Exchange) -> None:
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

"""What becomes of an asynchronous invocation once it has been tried: done, tried again, given up; and who is told.

Everything happens in one transaction, so that a crash leaves the event as it was or with all that follows from it.
The rules are those of "How Lambda handles errors and retries with asynchronous invocation" (Lambda developer guide).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import orjson

from lambent.core import ids
from lambent.core.arn import Arn
from lambent.services.lambda_ import events, repository
from lambent.services.lambda_.events import Event
from lambent.services.lambda_.lineage import extended
from lambent.services.lambda_.names import LATEST, function_arn
from lambent.services.lambda_.resources import CONCURRENCY, EVENT_INVOKE
from lambent.services.lambda_.timestamps import from_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from lambent.core.ports import Tx
    from lambent.services.lambda_.event_metrics import EventMetrics
    from lambent.services.lambda_.names import FunctionRef

    Condition = Literal[
        "Success",
        "RetriesExhausted",
        "EventAgeExceeded",
        "ZeroReservedConcurrency",
        "RecursiveInvocation",
    ]

_ENDED: Mapping[str, Condition] = {"looped": "RecursiveInvocation", "expired": "EventAgeExceeded"}
_log = logging.getLogger(__name__)
MAX_AGE_S = 21_600
MAX_RETRIES = 2
# "Lambda waits one minute before the second try, and two minutes before the third."
_RETRY_MS = (60_000, 120_000)
# "The retry interval increases exponentially from 1 second after the first attempt to a maximum of 5 minutes."
_FIRST_BACK_OFF_MS = 1_000
_LAST_BACK_OFF_MS = 300_000


@dataclass(frozen=True, slots=True)
class Result:
    """How one try ended. `kind`: the function answered (`is_error` says how), it was throttled, the platform failed,
    the function is gone, it would have run in a loop, or the event was too old to be tried."""

    kind: Literal["ran", "throttled", "failed", "gone", "looped", "expired"]
    payload: bytes = b""
    is_error: bool = False
    version: str = ""


class Settlement:
    """Writes what follows from some tries, in one transaction.

    Args:
        added: called after the commit for each event that was added: the records for functions and other services.
        metrics: is told, after the commit, of events that end without success.
    """

    def __init__(
        self, tx: Tx, now_ms: int, added: Callable[[Event], None], metrics: EventMetrics
    ) -> None:
        self._metrics = metrics
        self._tx = tx
        self._now_ms = now_ms
        self._added = added
        self._configs: dict[FunctionRef, Mapping[str, Any]] = {}
        self._over: list[str] = []

    def settle(self, tries: Sequence[tuple[Event, Result]]) -> list[Event | None]:
        """For each try the event, if it stays, with when it is due next."""
        left = [self._settle(event, result) for event, result in tries]
        if self._over:
            events.remove(self._tx, self._over)
        return left

    def _settle(self, event: Event, result: Result) -> Event | None:
        if result.kind == "gone":
            fields = {"request_id": event.request_id, "function": event.ref.arn}
            _log.warning("an event is dropped: the function is gone", extra=fields)
            self._over.append(event.id)
            self._tx.after_commit(self._metrics.dropped, event, self._now_ms)
            return None
        config = self._configuration(event)
        if result.kind == "ran":
            event = replace(event, attempts=event.attempts + 1, failures=0)
        else:
            event = replace(event, failures=event.failures + 1)
        condition, delay_ms = _verdict(self._tx, event, result, config, self._now_ms)
        if condition is None:
            event = replace(event, due_ms=self._now_ms + delay_ms)
            events.postpone(self._tx, event)
            return event
        self._over.append(event.id)
        self._tell(event, result, condition, config)
        return None

    def _configuration(self, event: Event) -> Mapping[str, Any]:
        config = self._configs.get(event.ref)
        if config is None:
            config = self._configs[event.ref] = configuration(self._tx, event)
        return config

    def _tell(
        self, event: Event, result: Result, condition: Condition, config: Mapping[str, Any]
    ) -> None:
        if condition != "Success":
            self._tx.after_commit(self._metrics.dropped, event, self._now_ms)
        side = "OnSuccess" if condition == "Success" else "OnFailure"
        destination = config.get("DestinationConfig", {}).get(side, {}).get("Destination", "")
        if destination:
            body = _record(event, result, condition, self._now_ms)
            self._deliver(event, _message(event, destination, body, self._now_ms))
        if condition == "Success" or event.target:
            return
        latest = repository.find(self._tx, event.ref.scope, event.name)
        if latest is not None and (queue := latest.settings.dead_letter_arn):
            message = _message(event, queue, event.payload, self._now_ms)
            attributes = _dead_letter(event, result, condition)
            self._send(replace(message, client_context=attributes))

    def _deliver(self, event: Event, record: Event) -> None:
        """A function that is gone would be found out by its own event, whose failure is not that of `event`."""
        if not record.target and not repository.find(self._tx, record.ref.scope, record.name):
            fields = {"request_id": event.request_id, "function": event.ref.arn}
            _log.warning("a record is lost: its destination is gone", extra=fields)
            self._tx.after_commit(self._metrics.undelivered, event, self._now_ms)
            return
        self._send(record)

    def _send(self, message: Event) -> None:
        events.add(self._tx, [message])
        self._tx.after_commit(self._added, message)


def configuration(tx: Tx, event: Event) -> Mapping[str, Any]:
    """The event invoke configuration that holds for an event; empty where there is none, and for records, of whose
    delivery nobody is told."""
    if event.target:
        return {}
    qualifier = event.qualifier or LATEST
    return EVENT_INVOKE.find(tx, event.ref.scope, event.name, qualifier) or {}


def is_over_age(event: Event, config: Mapping[str, Any], now_ms: int) -> bool:
    """May it not be tried any more?"""
    age_s: int = config.get("MaximumEventAgeInSeconds", MAX_AGE_S)
    return now_ms - event.sent_ms > age_s * 1000


def _verdict(
    tx: Tx, event: Event, result: Result, config: Mapping[str, Any], now_ms: int
) -> tuple[Condition | None, int]:
    """How it ended, or None and in how many milliseconds it is tried again."""
    if result.kind == "ran" and not result.is_error:
        return "Success", 0
    if result.kind in _ENDED:
        return _ENDED[result.kind], 0
    if result.kind == "ran":
        if event.attempts > config.get("MaximumRetryAttempts", MAX_RETRIES):
            return "RetriesExhausted", 0
        delay_ms = _RETRY_MS[min(event.attempts, len(_RETRY_MS)) - 1]
    else:
        reserved = CONCURRENCY.find(tx, event.ref.scope, event.name, "")
        if result.kind == "throttled" and reserved == {"ReservedConcurrentExecutions": 0}:
            return "ZeroReservedConcurrency", 0
        delay_ms = min(_FIRST_BACK_OFF_MS << min(event.failures - 1, 20), _LAST_BACK_OFF_MS)
    if is_over_age(event, config, now_ms + delay_ms):
        return "EventAgeExceeded", 0
    return None, delay_ms


def _message(event: Event, destination: str, body: bytes, now_ms: int) -> Event:
    """An event for what a destination is told: an invocation of a function, or a record to be delivered."""
    arn = Arn.parse(destination)
    is_function = arn.service == "lambda"
    parts = arn.resource.split(":")
    return Event(
        id=ids.uuid(),
        account_id=event.account_id,
        region=event.region,
        name=parts[1] if is_function else event.name,
        qualifier=parts[2] if is_function and len(parts) > 2 else "",
        target="" if is_function else destination,
        request_id=ids.request_id() if is_function else event.request_id,
        payload=body,
        client_context="",
        trace_id=extended(event.trace_id, ":".join(destination.split(":")[:7])),
        sent_ms=now_ms,
        due_ms=now_ms,
    )


def _record(event: Event, result: Result, condition: Condition, now_ms: int) -> bytes:
    """The invocation record ("Adding a destination", Lambda developer guide). The request's payload is JSON by now."""
    qualifier = event.qualifier or LATEST
    head: dict[str, object] = {
        "version": "1.0",
        "timestamp": from_ms(now_ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{now_ms % 1000:03}Z",
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{function_arn(event.ref.scope, event.name)}:{qualifier}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": orjson.Fragment(event.payload),
    }
    if result.kind == "ran":
        context: dict[str, object] = {"statusCode": 200, "executedVersion": result.version}
        if result.is_error:
            context["functionError"] = "Unhandled"
        head["responseContext"] = context
        head["responsePayload"] = _embedded(result.payload)
    return orjson.dumps(head)


def _embedded(payload: bytes) -> object:
    """What a function answered, as a member of a record. What is not JSON could write further members: it is text."""
    try:
        orjson.loads(payload or b"null")
    except orjson.JSONDecodeError:
        return payload.decode("utf-8", "replace")
    return orjson.Fragment(payload or b"null")


def _dead_letter(event: Event, result: Result, condition: Condition) -> str:
    """The attributes of a message to a dead-letter queue, as JSON."""
    text: str = condition
    if result.kind == "ran":
        try:
            said = orjson.loads(result.payload).get("errorMessage")
            text = said if isinstance(said, str) and said else text
        except (orjson.JSONDecodeError, AttributeError):
            pass
    attributes = {"RequestID": event.request_id, "ErrorCode": "200", "ErrorMessage": text[:1024]}
    return orjson.dumps(attributes).decode()

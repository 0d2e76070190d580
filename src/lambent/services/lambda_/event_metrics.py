"""What is counted of asynchronous invocations ("Asynchronous invocation metrics", Lambda developer guide)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lambent.core.context import Scope
    from lambent.services.lambda_.events import Event

COUNT, MILLISECONDS = "Count", "Milliseconds"


class Note(Protocol):
    """Takes one value of a metric of a function, by the qualifier that was invoked. `now_ms` is the calendar."""

    def __call__(
        self,
        scope: Scope,
        name: str,
        qualifier: str,
        metric: str,
        value: float,
        unit: str,
        now_ms: int,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class EventMetrics:
    """Never waits, never raises. Args: where values go; None: nowhere."""

    note: Note | None

    def received(self, event: Event, now_ms: int) -> None:
        """It is in the queue."""
        if not event.target:
            self._note(event, "AsyncEventsReceived", 1, COUNT, now_ms)

    def tried(self, event: Event, now_ms: int) -> None:
        """The function is about to be invoked with it."""
        self._note(event, "AsyncEventAge", now_ms - event.sent_ms, MILLISECONDS, now_ms)

    def dropped(self, event: Event, now_ms: int) -> None:
        """It has left the queue without success."""
        if not event.target:
            metric = "AsyncEventsDropped"
        elif event.client_context:  # the attributes of a message to a dead-letter queue
            metric = "DeadLetterErrors"
        else:
            metric = "DestinationDeliveryFailures"
        self._note(event, metric, 1, COUNT, now_ms)

    def undelivered(self, event: Event, now_ms: int) -> None:
        """The destination of its record is not there."""
        self._note(event, "DestinationDeliveryFailures", 1, COUNT, now_ms)

    def _note(self, event: Event, metric: str, value: float, unit: str, now_ms: int) -> None:
        if self.note is not None:
            ref = event.ref
            self.note(ref.scope, ref.name, ref.qualifier, metric, value, unit, now_ms)


UNCOUNTED = EventMetrics(None)

"""Works off the queue of asynchronous invocations.

Events of one function are a lane (`event_lane.py`), with tasks that end when nothing is due. The database is the queue;
memory holds a window of each lane, so that a flood does not fill it. An event is removed in the transaction that holds
what follows from it, which makes delivery at-least-once.

Throttled, a lane gets narrower before anything waits: with a reservation of one, one task works and the others leave
their events to it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.errors import ServiceError
from lambent.services.lambda_ import events
from lambent.services.lambda_.errors import ResourceNotFound, TooManyRequests
from lambent.services.lambda_.event_batches import Batches
from lambent.services.lambda_.event_lane import QUICK_S, WINDOW, LaneState
from lambent.services.lambda_.event_results import Result, Settlement, configuration, is_over_age
from lambent.services.lambda_.lineage import is_looping
from lambent.services.lambda_.ports import DeliveryFailed
from lambent.services.lambda_.resources import RECURSION
from lambent.services.lambda_.timestamps import calendar_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.clock import Clock
    from lambent.core.ports import Database, Tx
    from lambent.services.lambda_.event_metrics import EventMetrics
    from lambent.services.lambda_.events import Event, Lane
    from lambent.services.lambda_.invocations import Invocations
    from lambent.services.lambda_.ports import Target, Timers

_log = logging.getLogger(__name__)
# Tries of one lane that may be on their way to the disk; a crash repeats them.
_MOST_UNWRITTEN = 256
# How soon a strained host is asked again.
_STRAINED_S = 0.2
# No configuration makes an event too old sooner.
_YOUNG_MS = 60_000


class EventQueue:
    """Args: `targets` are the services that records go to, by their name in ARNs."""

    def __init__(
        self,
        database: Database,
        invocations: Invocations,
        targets: Mapping[str, Target],
        clock: Clock,
        metrics: EventMetrics,
    ) -> None:
        self._database = database
        self._invocations = invocations
        self._targets = targets
        self._clock = clock
        self._metrics = metrics
        self._timers: Timers | None = None
        self._lanes: dict[Lane, LaneState] = {}
        self._rest = asyncio.Event()
        self._rest.set()
        self._working = 0
        self._accepting = Batches(self._write)
        self._settling = Batches(self._settle)

    async def start(self, timers: Timers) -> None:
        """Go on with what an earlier process has left."""
        self._timers = timers
        for lane in await self._database.read(events.lanes):
            state = self._lane(lane)
            state.has_more = state.has_later = True
            self._wake(lane)

    async def stop(self) -> None:
        """Give up what runs: its rows are there for the next start."""
        self._timers = None
        tasks = [task for state in self._lanes.values() for task in state.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._settling.finish()
        await self._accepting.finish()

    async def settled(self) -> None:
        """Wait until nothing is due that has not been tried."""
        await self._rest.wait()

    async def accept(self, event: Event) -> None:
        """Returns when the event is on the disk."""
        await self._accepting.put(event)

    def forget(self) -> None:
        """Every row is gone (`--test-mode`)."""
        for state in self._lanes.values():
            state.waiting.clear()
            state.has_more = state.has_later = False

    async def _write(self, accepted: Sequence[Event]) -> Sequence[None]:
        def write(tx: Tx) -> None:
            events.add(tx, accepted)
            for event in accepted:
                tx.after_commit(self.added, event)
                tx.after_commit(self._metrics.received, event, event.sent_ms)

        await self._database.write(write)
        return [None] * len(accepted)

    async def _settle(self, tries: Sequence[tuple[Event, Result]]) -> Sequence[Event | None]:
        def write(tx: Tx) -> list[Event | None]:
            return Settlement(tx, now_ms, self.added, self._metrics).settle(tries)

        now_ms = self._now_ms()
        return await self._database.write(write)

    def added(self, event: Event) -> None:
        """An event that is due now has been committed."""
        state = self._lane(event.lane)
        if state.has_more or len(state.waiting) >= WINDOW:
            state.has_more = True  # behind others: read when it is its turn
        else:
            state.waiting.append(event)
            state.held.add(event.id)
        self._wake(event.lane)

    def _lane(self, lane: Lane) -> LaneState:
        state = self._lanes.get(lane)
        if state is None:
            state = self._lanes[lane] = LaneState()
        return state

    def _wake(self, lane: Lane) -> None:
        """One more task for a lane with work, if it may have one."""
        state = self._lane(lane)
        if self._timers is None or state.is_full or not state.has_work:
            return
        if state.is_steady and self._invocations.plane.is_strained():
            if not state.looks_again:
                state.looks_again = True
                asyncio.get_running_loop().call_later(_STRAINED_S, self._look_again, lane, state)
            return
        task = asyncio.get_running_loop().create_task(self._work(lane, state))
        state.tasks.add(task)
        self._begin_work()
        task.add_done_callback(partial(self._left, lane, state))

    def _look_again(self, lane: Lane, state: LaneState) -> None:
        state.looks_again = False
        self._wake(lane)

    def _left(self, lane: Lane, state: LaneState, task: asyncio.Task[None]) -> None:
        state.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The rows are there; the next event or timer of the lane tries again.
            _log.error("the events of %s wait", lane, exc_info=error)
            state.has_more = state.has_later = True
        self._end_work()
        self._forget_if_idle(lane, state)

    async def _work(self, lane: Lane, state: LaneState) -> None:
        """One event after the other, until none is due."""
        try:
            while await self._step(lane, state):
                pass
        finally:
            # At once: an event that comes now, or a task that is throttled, must not count on this one.
            task = asyncio.current_task()
            assert task is not None
            state.tasks.discard(task)

    async def _step(self, lane: Lane, state: LaneState) -> bool:
        """Run one event, or look for some. False where this task is not needed any more."""
        if not state.waiting and not await self._read(lane, state):
            await self._set_timer(lane, state)
            return bool(state.waiting)  # came meanwhile, when this task counted as one at work
        if not state.waiting:
            # What came while the rows were read nobody else looks for; or another task reads, or was faster.
            return state.has_more and not state.is_reading
        event = state.waiting.popleft()
        self._wake(lane)
        return await self._try(state, event)

    async def _read(self, lane: Lane, state: LaneState) -> bool:
        """Fill the window. False where nothing was left to read."""
        if not state.has_more:
            return False
        if state.is_reading:
            return True
        state.is_reading = True
        state.settled.clear()
        try:
            limit = WINDOW + len(state.held)
            now_ms = state.read_ms = self._now_ms()
            state.has_more = False  # what is added from here on says so again
            found = await self._database.read(
                partial(events.due, lane=lane, now_ms=now_ms, limit=limit)
            )
            known = state.held | state.settled
            fresh = [event for event in found if event.id not in known]
            state.has_more = state.has_more or len(found) == limit
            state.waiting.extend(fresh)
            state.held.update(event.id for event in fresh)
            return bool(fresh) or state.has_more
        except BaseException:
            state.has_more = True
            raise
        finally:
            state.is_reading = False

    async def _try(self, state: LaneState, event: Event) -> bool:
        """Run one event and write what follows. False: the lane was throttled and does with one task less."""
        if event.target:
            result = await self._deliver(event)
        else:
            result = await self._timed(state, event)
        if result.kind == "throttled" and len(state.tasks) > 1:
            state.waiting.appendleft(event)
            return False
        self._begin_work()
        settling = self._settling.put((event, result))
        settling.add_done_callback(partial(self._settled, event, state))
        state.unwritten += 1
        if result.kind == "ran" and state.unwritten < _MOST_UNWRITTEN:
            return True  # the next one need not wait for the disk
        left = await asyncio.shield(settling)
        # What stopped this one would stop the next: the lane waits for the timer.
        return result.kind != "throttled" or left is None

    async def _timed(self, state: LaneState, event: Event) -> Result:
        """Run one event; from `QUICK_S` on it makes room for another one."""

        is_slow = False

        def turn_slow() -> None:
            nonlocal is_slow
            is_slow = True
            state.slow += 1
            self._wake(event.lane)

        timer = asyncio.get_running_loop().call_later(QUICK_S, turn_slow)
        try:
            return await self._invoke(event)
        finally:
            timer.cancel()
            state.slow -= is_slow

    def _settled(
        self, event: Event, state: LaneState, settling: asyncio.Future[Event | None]
    ) -> None:
        """What follows from a try is on the disk, or cannot be written: then the row is as it was."""
        state.held.discard(event.id)
        if state.is_reading:
            state.settled.add(event.id)
        state.unwritten -= 1
        if settling.cancelled() or settling.exception() is not None:
            _log.error("event %s is unsettled: %s", event.id, settling)
            state.has_more = state.has_later = True
        elif (left := settling.result()) is not None:
            self._arm(event.lane, state, left.due_ms)
        self._forget_if_idle(event.lane, state)
        self._end_work()

    def _forget_if_idle(self, lane: Lane, state: LaneState) -> None:
        is_idle = not (state.tasks or state.held or state.has_more or state.timer)
        if is_idle and self._lanes.get(lane) is state:
            del self._lanes[lane]

    def _begin_work(self) -> None:
        self._working += 1
        self._rest.clear()

    def _end_work(self) -> None:
        self._working -= 1
        if not self._working:
            self._rest.set()

    async def _invoke(self, event: Event) -> Result:
        if self._now_ms() - event.sent_ms > _YOUNG_MS and await self._is_over_age(event):
            return Result("expired")
        if is_looping(event.trace_id, event.ref.qualified("").arn) and await self._stops_loops(
            event
        ):
            return Result("looped")
        self._metrics.tried(event, self._now_ms())
        try:
            ran = await self._invocations.call(
                event.ref,
                event.payload,
                event.request_id,
                event.trace_id,
                client_context=event.client_context,
                tenant_id=event.tenant_id,
            )
        except TooManyRequests:
            return Result("throttled")
        except ResourceNotFound:
            return Result("gone")
        except ServiceError as error:
            fields = {"request_id": event.request_id, "function": event.ref.arn}
            _log.warning("an event was not run: %s", error.message, extra=fields)
            return Result("failed")
        return Result("ran", ran.outcome.payload, ran.outcome.is_error, ran.version)

    async def _is_over_age(self, event: Event) -> bool:
        def look(tx: Tx) -> bool:
            return is_over_age(event, configuration(tx, event), self._now_ms())

        return await self._database.read(look)

    async def _stops_loops(self, event: Event) -> bool:
        def find(tx: Tx) -> Any:
            return RECURSION.find(tx, event.ref.scope, event.name, "")

        return bool(await self._database.read(find) != {"RecursiveLoop": "Allow"})

    async def _deliver(self, event: Event) -> Result:
        service = event.target.split(":")[2]
        target = self._targets.get(service)
        if target is None:
            return Result("gone")
        attributes = orjson.loads(event.client_context or "{}")
        try:
            await target.deliver(event.target, event.payload, attributes)
        except DeliveryFailed as failed:
            _log.warning("a record for %s waits: %s", event.target, failed)
            return Result("failed")
        return Result("ran", version="")

    async def _set_timer(self, lane: Lane, state: LaneState) -> None:
        """The lane has nothing that is due: come back when something will be.

        What this process has put off has set the timer by itself; the rows are asked for what was there before.
        """
        if not state.has_later:
            return
        state.has_later = False
        # Not from now on: what has become due since the last look would be found by neither.
        due_ms = await self._database.read(
            partial(events.next_due, lane=lane, now_ms=state.read_ms)
        )
        if due_ms is not None:
            self._arm(lane, state, due_ms)

    def _arm(self, lane: Lane, state: LaneState, due_ms: int) -> None:
        if self._timers is None:
            return
        if state.timer is not None:
            if state.timer_ms <= due_ms:
                return
            state.timer.cancel()
        state.timer_ms = due_ms
        # A timer rings at its time or later; a millisecond is never cut off.
        due = datetime.fromtimestamp((due_ms + 1) / 1000, UTC)
        state.timer = self._timers.at(due, partial(self._ring, lane))

    def _ring(self, lane: Lane) -> None:
        state = self._lane(lane)
        state.timer = None
        state.has_more = state.has_later = True
        self._wake(lane)

    def _now_ms(self) -> int:
        return calendar_ms(self._clock.calendar())

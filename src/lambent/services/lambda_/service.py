"""The Lambda service: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.service import Operation, waits
from lambent.process.clock_driver import CalendarDriver
from lambent.services.lambda_.aliases import Aliases
from lambent.services.lambda_.async_invocations import AsyncInvocations
from lambent.services.lambda_.changes import Changes
from lambent.services.lambda_.cleaning import Cleaning
from lambent.services.lambda_.code_links import CodeDoor, CodeLinks
from lambent.services.lambda_.code_sources import CodeSources
from lambent.services.lambda_.destinations import Destinations
from lambent.services.lambda_.event_metrics import UNCOUNTED, EventMetrics
from lambent.services.lambda_.event_queue import EventQueue
from lambent.services.lambda_.event_sources import EventSources
from lambent.services.lambda_.execution_roles import ExecutionRoles
from lambent.services.lambda_.finishing import Finishing
from lambent.services.lambda_.functions import Functions
from lambent.services.lambda_.invocations import Invocations
from lambent.services.lambda_.layer_uses import LayerUses
from lambent.services.lambda_.layers import Layers
from lambent.services.lambda_.operations import (
    alias_operations,
    concurrency_operations,
    configuration_operations,
    event_source_operations,
    function_operations,
    layer_operations,
    permission_operations,
    signing_operations,
)
from lambent.services.lambda_.packages import Packages
from lambent.services.lambda_.provisioned import ProvisionedConcurrency
from lambent.services.lambda_.registry import Registry
from lambent.services.lambda_.reservations import Reservations
from lambent.services.lambda_.response_streams import ResponseStreams
from lambent.services.lambda_.service_calls import ServiceCalls
from lambent.services.lambda_.settling import Settling
from lambent.services.lambda_.snap_start import Snapshots
from lambent.services.lambda_.start_up import StartUp
from lambent.services.lambda_.tracing import Tracing
from lambent.services.lambda_.updates import Updates
from lambent.services.lambda_.url_door import UrlDoor
from lambent.services.lambda_.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    from lambent.core import ports
    from lambent.core.context import RequestContext
    from lambent.core.ports import (
        AssumedRoles,
        Authority,
        Database,
        ResourceFacts,
        RoleSessions,
        Signatures,
    )
    from lambent.core.service import Door
    from lambent.process.clock_driver import MovableClock
    from lambent.services.lambda_.live_urls import LiveUrls
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.ports import Blobs, Compute, Objects, Plane, Poller, Target
    from lambent.services.lambda_.runtime_policy import RuntimePolicy


class LambdaService:
    """AWS Lambda.

    Args:
        database: open, with its migrations run.
        plane: started.
        blobs: for function code alone; what no function uses is deleted from it.
        code_dir: holds `staging` (ours) and `sealed` (the spawner's).
        clock: the age of download links goes by its wall reading.
        policy: which runtimes functions may be given.
        account_concurrency: invocations of one account that may run at the same time.
        targets: services that records of asynchronous invocations can be delivered to, by their name in ARNs.
        pollers: what polls event sources, by the name of their service in ARNs.
        signatures: who signs requests to function URLs; without it there are no URLs to call.
        authority: what they may do; goes with `signatures`.
        objects: S3, for code that lies there.
        roles: says which roles functions may have; without it any.
        assumed_roles: those that services take on to call functions; without it none.
        metrics: is told of asynchronous invocations.
    """

    name = "lambda"

    def __init__(
        self,
        *,
        database: Database,
        plane: Plane,
        compute: Compute,
        blobs: Blobs,
        code_dir: Path,
        clock: MovableClock,
        policy: RuntimePolicy,
        account_concurrency: int = 1000,
        targets: Mapping[str, Target] | None = None,
        pollers: Mapping[str, Poller] | None = None,
        signatures: Signatures | None = None,
        authority: Authority | None = None,
        objects: Objects | None = None,
        roles: RoleSessions | None = None,
        assumed_roles: AssumedRoles | None = None,
        metrics: EventMetrics = UNCOUNTED,
        makes_spans: bool = False,
        meter: ports.Meter | None = None,
    ) -> None:
        tracing = Tracing(clock, makes_spans=makes_spans)
        links = CodeLinks(clock)
        registry = Registry(database)
        packages = Packages(blobs, compute, plane, code_dir)
        self._settling = Settling(database, registry, plane)
        self._cleaning = Cleaning(database, packages, blobs, plane)
        self._snapshots = Snapshots(database, plane, registry.forget_qualifiers)
        changes = Changes(
            *(database, registry, packages, self._settling, self._cleaning, self._snapshots, plane)
        )
        self._start_up = StartUp(database, plane, blobs, packages, self._cleaning, policy)
        sources = CodeSources(objects)
        uses = LayerUses(database)
        destinations = Destinations(targets or {})
        execution_roles = ExecutionRoles(roles)
        functions = Functions(changes, links, sources, uses, destinations, policy, execution_roles)
        updates = Updates(changes, sources, uses, destinations, policy, execution_roles)
        layers = Layers(database, changes, self._cleaning, sources, links, policy, registry.book)
        versions = Versions(changes, policy)
        self._provisioned = ProvisionedConcurrency(database, plane, account_concurrency)
        aliases = Aliases(registry, self._provisioned)
        invocations = Invocations(
            registry, self._settling, self._snapshots, plane, self._accept, tracing
        )
        self._queue = EventQueue(database, invocations, targets or {}, clock, metrics)
        self._async = AsyncInvocations(invocations, self._queue, meter)
        self._clock = clock
        self._timers: CalendarDriver | None = None
        self._reservations = Reservations(plane, account_concurrency)
        self._database = database
        self._streams = ResponseStreams(invocations)
        self._sources = EventSources(database, pollers or {}, registry.book)
        self._finishing = Finishing()
        finished = self._finishing.wrap
        self._delete_all = changes.delete_all
        self.operations: Mapping[str, Operation] = {
            **layer_operations(layers, finished),
            **permission_operations(registry),
            **concurrency_operations(self._reservations, self._provisioned),
            **configuration_operations(destinations, policy, registry.urls),
            **signing_operations(registry.book),
            **event_source_operations(self._sources),
            **alias_operations(aliases),
            **function_operations(functions, updates, versions, finished),
            "InvokeAsync": waits(self._async.invoke_async),
            "Invoke": waits(invocations.invoke, invocations.begin),
            "InvokeWithResponseStream": waits(self._streams.invoke_with_response_stream),
        }
        asks = None if signatures is None or signatures.is_open else authority
        self.functions: ports.Functions = ServiceCalls(
            invocations, self._streams, self._async, asks, assumed_roles, clock
        )
        urls = _url_doors(registry.urls, invocations, self._streams, signatures, authority, clock)
        self.doors: tuple[Door, ...] = (CodeDoor(links, blobs), *urls)
        self.resource_facts: ResourceFacts = registry.book
        self._book = registry.book

    async def start(self) -> None:
        """Make up for a crash, remove what it left lying, and warm up what is in use."""
        await self._start_up.run()
        await self._book.load(self._database)
        await self._reservations.restore(self._database)
        await self._settling.settle_all()
        self._timers = CalendarDriver(self._clock, self._queue.settled)
        await self._queue.start(self._timers)
        await self._sources.restore()
        await self._provisioned.restore()
        await self._snapshots.begin_all()

    async def advance(self, by: timedelta) -> None:
        """Move the calendar, and do what falls due on the way (`--test-mode`)."""
        assert self._timers is not None
        await self._queue.settled()
        await self._timers.advance(by)

    async def _accept(
        self,
        context: RequestContext,
        ref: FunctionRef,
        payload: bytes,
        client_context: str,
        tenant_id: str,
    ) -> None:
        await self._async.accept(context, ref, payload, client_context, tenant_id)

    async def reset(self) -> None:
        """Forget every function of every account (`--test-mode`)."""
        await self._delete_all()
        self._queue.forget()

    async def stop(self) -> None:
        """Finish the changes that have begun; end the background tasks, which the next start makes up for."""
        await self._finishing.stop()
        if self._timers is not None:
            self._timers.stop()
        await self._queue.stop()
        await self._sources.stop()
        await self._provisioned.stop()
        await self._snapshots.stop()
        await self._settling.stop()
        await self._cleaning.stop()


def _url_doors(
    live_urls: LiveUrls,
    invocations: Invocations,
    streams: ResponseStreams,
    signatures: Signatures | None,
    authority: Authority | None,
    clock: MovableClock,
) -> tuple[Door, ...]:
    """None where nobody checks signatures."""
    if signatures is None:
        return ()
    assert authority is not None, "who signed is of no use without what they may do"
    return (UrlDoor(live_urls, invocations, streams, signatures, authority, clock),)

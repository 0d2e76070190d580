"""Step 5: the operation itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.context import RequestContext, Scope
from lambent.core.errors import NotImplementedByLambent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.clock import Clock
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Done, Operation, Service
    from lambent.gateway.call import Call


class Operate:
    """Fills in `result`."""

    def __init__(self, services: Iterable[Service], database: Database, clock: Clock) -> None:
        self._operations = {service.name: service.operations for service in services}
        self._database = database
        self._clock = clock

    def prepare(self, call: Call) -> Operation:
        """Fill in `operation` and `scope`. Raises `NotImplementedByLambent`."""
        service, name = call.service.name, call.match.operation.name
        operation = self._operations.get(service, {}).get(name)
        if operation is None:
            raise NotImplementedByLambent(
                f"The {name} operation of {service} is not implemented by Lambent"
            )
        call.operation = operation
        call.scope = Scope(call.account_id or call.principal.account_id, call.region)
        return operation

    def begin(self, call: Call, done: Done) -> bool:
        """Begin an operation that says itself when it is done. False, and nothing has happened, where it does not.

        Raises what the operation raises at once, and `NotImplementedByLambent`.
        """
        operation = call.operation or self.prepare(call)
        if operation.begin is None:
            return False
        return operation.begin(self._context(call), call.document, done)

    async def __call__(self, call: Call) -> None:
        """Raises what the operation raises, and `NotImplementedByLambent`."""
        operation = call.operation or self.prepare(call)
        context = self._context(call)
        document = call.document
        if operation.kind == "waits":
            call.result = await operation.run(context, document)
            return

        def run(tx: Tx) -> object:
            return operation.run(tx, context, document)

        if operation.kind == "read":
            call.result = await self._database.read(run)
        else:
            call.result = await self._database.write(run)

    def _context(self, call: Call) -> RequestContext:
        assert call.scope is not None
        return RequestContext(
            call.request_id,
            call.service.name,
            call.match.operation.name,
            call.scope,
            call.principal,
            self._clock.calendar(),
            call.request,
        )

"""Provisioned concurrency: how many environments of a version are kept initialised. READY means that they are there."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.execution.spec import InitializationFailed, RuntimeUnavailable, SandboxFailed
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    ProvisionedConcurrencyConfigNotFound,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.services.lambda_.names import FunctionRef, parse_function_name, parse_unqualified
from lambent.services.lambda_.paging import page
from lambent.services.lambda_.qualifiers import resolve
from lambent.services.lambda_.reservations import MINIMUM_UNRESERVED, reserved_total
from lambent.services.lambda_.resources import ALIASES, CONCURRENCY, PROVISIONED
from lambent.services.lambda_.revisions import require
from lambent.services.lambda_.snap_start import refuse_provisioning
from lambent.services.lambda_.tenancy import refuse
from lambent.services.lambda_.timestamps import calendar_ms, to_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_lambda.type_defs import (
        DeleteProvisionedConcurrencyConfigRequestTypeDef,
        GetProvisionedConcurrencyConfigRequestTypeDef,
        ListProvisionedConcurrencyConfigsRequestTypeDef,
        PutProvisionedConcurrencyConfigRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.ports import Plane

_log = logging.getLogger(__name__)
_UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
_NO_VERSION = "The function resource provided must be an alias or a published version."


class ProvisionedConcurrency:
    """The operations on provisioned concurrency, and the tasks that bring environments up."""

    def __init__(self, database: Database, plane: Plane, account_limit: int) -> None:
        self._database = database
        self._plane = plane
        self._account_limit = account_limit
        self._tasks: set[asyncio.Task[None]] = set()
        self._specs: dict[FunctionRef, str] = {}  # the version that each configuration provisions

    def put(
        self,
        tx: Tx,
        context: RequestContext,
        request: PutProvisionedConcurrencyConfigRequestTypeDef,
    ) -> Document:
        ref = _named(tx, context, request, _UNPUBLISHED)
        version = resolve(tx, ref)
        if not version.version:
            raise InvalidParameterValue(_UNPUBLISHED)
        refuse_provisioning(version)
        refuse(version.settings, "Provisioned concurrency")
        count = request["ProvisionedConcurrentExecutions"]
        self._check_limits(tx, ref, count)
        _refuse_second(tx, ref, version)
        row = {
            "count": count,
            "Status": "IN_PROGRESS",
            "attempt": ids.hex_id(),
            "modified_ms": calendar_ms(context.now),
        }
        PROVISIONED.put(tx, ref.scope, ref.name, ref.qualifier, row)
        tx.after_commit(self._begin, ref)
        return _shown(row)

    def get(
        self,
        tx: Tx,
        context: RequestContext,
        request: GetProvisionedConcurrencyConfigRequestTypeDef,
    ) -> Document:
        ref = _named(tx, context, request)
        row = PROVISIONED.find(tx, ref.scope, ref.name, ref.qualifier)
        if row is None:
            raise ProvisionedConcurrencyConfigNotFound
        return _shown(row)

    def list(
        self,
        tx: Tx,
        context: RequestContext,
        request: ListProvisionedConcurrencyConfigsRequestTypeDef,
    ) -> Document:
        ref = parse_unqualified(request["FunctionName"], context.scope)
        require(tx, ref)
        rows = PROVISIONED.of(tx, ref.scope, ref.name)
        shown, document = page(rows, request, lambda row: row.id, "ProvisionedConcurrencyConfigs")
        document["ProvisionedConcurrencyConfigs"] = [
            {"FunctionArn": ref.qualified(row.id).arn, **_shown(row.document)} for row in shown
        ]
        return document

    def delete(
        self,
        tx: Tx,
        context: RequestContext,
        request: DeleteProvisionedConcurrencyConfigRequestTypeDef,
    ) -> Document:
        """Deleting what is not there succeeds."""
        ref = _named(tx, context, request)
        if PROVISIONED.remove(tx, ref.scope, ref.name, ref.qualifier):
            tx.after_commit(self._begin, ref)
        return {}

    def alias_changed(self, tx: Tx, ref: FunctionRef) -> None:
        """An alias leads elsewhere, or nowhere: what is provisioned moves along."""
        row = PROVISIONED.find(tx, ref.scope, ref.name, ref.qualifier)
        if row is not None:
            row |= {"Status": "IN_PROGRESS", "attempt": ids.hex_id()}
            PROVISIONED.put(tx, ref.scope, ref.name, ref.qualifier, row)
        tx.after_commit(self._begin, ref)

    async def restore(self) -> None:
        """At start: bring up again what is configured."""
        for row in await self._database.read(PROVISIONED.everywhere):
            self._begin(FunctionRef(row.scope, row.owner, row.id))

    async def stop(self) -> None:
        """What is not up is brought up by the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _check_limits(self, tx: Tx, ref: FunctionRef, count: int) -> None:
        rows = PROVISIONED.of(tx, ref.scope, ref.name)
        total = count + sum(row.document["count"] for row in rows if row.id != ref.qualifier)
        reserved = CONCURRENCY.find(tx, ref.scope, ref.name, "")
        if reserved is not None:
            if total > reserved["ReservedConcurrentExecutions"]:
                raise InvalidParameterValue(
                    "Requested Provisioned Concurrency should not be greater than the "
                    "reservedConcurrentExecution for function"
                )
            return
        others = reserved_total(tx, ref.scope)
        if self._account_limit - others - total < MINIMUM_UNRESERVED:
            raise InvalidParameterValue(
                "Specified ConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{MINIMUM_UNRESERVED}]."
            )

    def _begin(self, ref: FunctionRef) -> None:
        task = asyncio.get_running_loop().create_task(self._provide(ref))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _provide(self, ref: FunctionRef) -> None:
        """Have the plane keep what is configured now, and write down how that went."""
        try:
            row, version = await self._database.read(partial(_look, ref=ref))
            before = self._specs.pop(ref, None)
            spec = None if version is None else version.spec()
            if before is not None and (spec is None or spec.key != before):
                self._plane.retire(before)
            if row is None or spec is None:
                return
            self._specs[ref] = spec.key
            outcome = {"Status": "READY"}
            try:
                await self._plane.provision(spec, row["count"])
            except InitializationFailed:
                outcome = {"Status": "FAILED", "StatusReason": "FUNCTION_ERROR_INIT_FAILURE"}
            except (RuntimeUnavailable, SandboxFailed) as failed:
                _log.error("nothing could be provisioned for %s: %s", ref.arn, failed)
                outcome = {"Status": "FAILED", "StatusReason": "INTERNAL_ERROR"}
            write = partial(_conclude, ref=ref, attempt=row["attempt"], outcome=outcome)
            await self._database.write(write)
        except Exception:  # noqa: BLE001 - a task's boundary; the next start tries again
            _log.exception("the provisioned concurrency of %s is unsettled", ref.arn)


def _look(tx: Tx, ref: FunctionRef) -> tuple[dict[str, Any] | None, Function | None]:
    row = PROVISIONED.find(tx, ref.scope, ref.name, ref.qualifier)
    if row is None:
        return None, None
    try:
        return row, resolve(tx, ref)
    except ResourceNotFound:
        return row, None


def _conclude(tx: Tx, ref: FunctionRef, attempt: str, outcome: Mapping[str, str]) -> None:
    """Unless something else was configured meanwhile."""
    row = PROVISIONED.find(tx, ref.scope, ref.name, ref.qualifier)
    if row is not None and row["attempt"] == attempt:
        row.pop("StatusReason", None)
        PROVISIONED.put(tx, ref.scope, ref.name, ref.qualifier, row | dict(outcome))


def _named(
    tx: Tx, context: RequestContext, request: Mapping[str, Any], unpublished: str = _NO_VERSION
) -> FunctionRef:
    ref = parse_function_name(request["FunctionName"], context.scope, request["Qualifier"])
    if ref.is_latest:
        raise InvalidParameterValue(unpublished)
    require(tx, ref)
    return ref


def _refuse_second(tx: Tx, ref: FunctionRef, version: Function) -> None:
    """One configuration for a version, be it by its number or by an alias."""
    for row in PROVISIONED.of(tx, ref.scope, ref.name):
        if row.id == ref.qualifier:
            continue
        other = replace(ref, qualifier=row.id)
        _, provisioned = _look(tx, other)
        if provisioned is None or provisioned.version != version.version:
            continue
        if ALIASES.find(tx, ref.scope, ref.name, ref.qualifier) is not None:
            raise ResourceConflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already "
                "Provisioned version"
            )
        raise ResourceConflict("Version is pointed by a Provisioned Concurrency alias")


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    ready = row["count"] if row["Status"] == "READY" else 0
    document = {
        "RequestedProvisionedConcurrentExecutions": row["count"],
        "AvailableProvisionedConcurrentExecutions": ready,
        "AllocatedProvisionedConcurrentExecutions": ready,
        "Status": row["Status"],
        "LastModified": to_seconds(row["modified_ms"]),
    }
    if "StatusReason" in row:
        document["StatusReason"] = row["StatusReason"]
    return document

"""How asynchronous invocations of a function, a version or an alias are retried, and who hears how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import InvalidParameterValue, ResourceNotFound
from lambent.services.lambda_.names import LATEST, FunctionRef, function_arn, parse_function_name
from lambent.services.lambda_.paging import page
from lambent.services.lambda_.resources import ALIASES, EVENT_INVOKE
from lambent.services.lambda_.timestamps import calendar_ms, from_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_lambda.type_defs import (
        DeleteFunctionEventInvokeConfigRequestTypeDef,
        GetFunctionEventInvokeConfigRequestTypeDef,
        ListFunctionEventInvokeConfigsRequestTypeDef,
        PutFunctionEventInvokeConfigRequestTypeDef,
        UpdateFunctionEventInvokeConfigRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.destinations import Destinations
    from lambent.storage.documents import Row

_LIMITS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
_GONE = "The function doesn't exist."


@dataclass(frozen=True, slots=True)
class EventInvokeConfigs:
    """The operations on these configurations, with what they need."""

    destinations: Destinations

    def put(
        self, tx: Tx, context: RequestContext, request: PutFunctionEventInvokeConfigRequestTypeDef
    ) -> Document:
        ref = _existing(tx, context, request)
        if not any(member in request for member in (*_LIMITS, "DestinationConfig")):
            raise InvalidParameterValue(
                "You must specify at least one of error handling or destination setting."
            )
        return self._write(tx, context, ref, request, {})

    def update(
        self,
        tx: Tx,
        context: RequestContext,
        request: UpdateFunctionEventInvokeConfigRequestTypeDef,
    ) -> Document:
        ref = _named(context, request)
        before = EVENT_INVOKE.find(tx, ref.scope, ref.name, ref.qualifier)
        if before is None:
            raise _missing(ref)
        return self._write(tx, context, ref, request, before)

    def get(
        self, tx: Tx, context: RequestContext, request: GetFunctionEventInvokeConfigRequestTypeDef
    ) -> Document:
        ref = _named(context, request)
        row = EVENT_INVOKE.find(tx, ref.scope, ref.name, ref.qualifier)
        if row is None:
            raise _missing(ref)
        return _shown(ref, row)

    def list(
        self,
        tx: Tx,
        context: RequestContext,
        request: ListFunctionEventInvokeConfigsRequestTypeDef,
    ) -> Document:
        ref = parse_function_name(request["FunctionName"], context.scope)
        if repository.find(tx, ref.scope, ref.name) is None:
            raise ResourceNotFound(_GONE)
        rows: list[Row] = EVENT_INVOKE.of(tx, ref.scope, ref.name)
        shown, document = page(rows, request, lambda row: row.id, "FunctionEventInvokeConfigs")
        document["FunctionEventInvokeConfigs"] = [
            _shown(ref.qualified(row.id), row.document) for row in shown
        ]
        return document

    def delete(
        self,
        tx: Tx,
        context: RequestContext,
        request: DeleteFunctionEventInvokeConfigRequestTypeDef,
    ) -> Document:
        ref = _named(context, request)
        if not EVENT_INVOKE.remove(tx, ref.scope, ref.name, ref.qualifier):
            raise _missing(ref)
        return {}

    def _write(
        self,
        tx: Tx,
        context: RequestContext,
        ref: FunctionRef,
        request: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> Document:
        destinations = request.get("DestinationConfig", {})
        self.destinations.check(tx, ref, destinations)
        row = {
            **before,
            **{member: request[member] for member in _LIMITS if member in request},
            "modified_ms": calendar_ms(context.now),
        }
        row["DestinationConfig"] = {
            side: destinations.get(side, before.get("DestinationConfig", {}).get(side, {}))
            for side in ("OnSuccess", "OnFailure")
        }
        EVENT_INVOKE.put(tx, ref.scope, ref.name, ref.qualifier, row)
        return _shown(ref, row)


def _named(context: RequestContext, request: Mapping[str, Any]) -> FunctionRef:
    name, qualifier = request["FunctionName"], request.get("Qualifier", "")
    return parse_function_name(name, context.scope, qualifier).invoked()


def _existing(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> FunctionRef:
    ref = _named(context, request)
    if ref.is_latest or (ref.qualifier.isdigit() and len(ref.qualifier) < 10):
        version = 0 if ref.is_latest else int(ref.qualifier)
        is_there = repository.find(tx, ref.scope, ref.name, version) is not None
    else:
        is_there = ALIASES.find(tx, ref.scope, ref.name, ref.qualifier) is not None
    if not is_there:
        raise ResourceNotFound(_GONE)
    return ref


def _missing(ref: FunctionRef) -> ResourceNotFound:
    arn = f"{function_arn(ref.scope, ref.name)}:{ref.qualifier or LATEST}"
    return ResourceNotFound(f"The function {arn} doesn't have an EventInvokeConfig")


def _shown(ref: FunctionRef, row: Mapping[str, Any]) -> dict[str, Any]:
    document = {
        "LastModified": from_ms(row["modified_ms"]),
        "FunctionArn": ref.arn,
        **{member: row[member] for member in _LIMITS if member in row},
    }
    document["DestinationConfig"] = row["DestinationConfig"]
    return document

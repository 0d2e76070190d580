"""Function URLs: their configuration. The door that they lead to is in `url_door`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.services.lambda_.names import parse_function_name
from lambent.services.lambda_.paging import page
from lambent.services.lambda_.resources import ALIASES, URLS
from lambent.services.lambda_.tenancy import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from types_boto3_lambda.type_defs import (
        CreateFunctionUrlConfigRequestTypeDef,
        DeleteFunctionUrlConfigRequestTypeDef,
        GetFunctionUrlConfigRequestTypeDef,
        ListFunctionUrlConfigsRequestTypeDef,
        UpdateFunctionUrlConfigRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.live_urls import LiveUrls
    from lambent.services.lambda_.names import FunctionRef

_MISSING = "The resource you requested does not exist."
_SETTABLE = ("AuthType", "Cors", "InvokeMode")
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Urls:
    """The operations on function URLs. Args: those that are in memory."""

    live: LiveUrls

    def create(
        self, tx: Tx, context: RequestContext, request: CreateFunctionUrlConfigRequestTypeDef
    ) -> Document:
        _check_cors(request)
        ref = _named(context, request)
        function = repository.find(tx, ref.scope, ref.name)
        if function is None:
            raise ResourceNotFound("Function does not exist")
        refuse(function.settings, "Function URL")
        if ref.qualifier and ALIASES.find(tx, ref.scope, ref.name, ref.qualifier) is None:
            raise ResourceNotFound("Function does not exist")
        if URLS.find(tx, ref.scope, ref.name, ref.qualifier) is not None:
            raise ResourceConflict(
                f"Failed to create function url config for [functionArn = {ref.arn}]. "
                "Error message:  FunctionUrlConfig exists for this Lambda function"
            )
        row: dict[str, Any] = {"url_id": ids.hex_id(32), "CreationTime": _iso(context.now)}
        row |= {"InvokeMode": "BUFFERED"}
        row |= {member: request[member] for member in _SETTABLE if member in request}  # type: ignore[literal-required]
        row["LastModifiedTime"] = row["CreationTime"]
        self._put(tx, ref, row)
        shown = _shown(ref, row, context)
        del shown["LastModifiedTime"]
        return shown

    def get(
        self, tx: Tx, context: RequestContext, request: GetFunctionUrlConfigRequestTypeDef
    ) -> Document:
        ref = _named(context, request)
        return _shown(ref, _find(tx, ref), context)

    def update(
        self, tx: Tx, context: RequestContext, request: UpdateFunctionUrlConfigRequestTypeDef
    ) -> Document:
        _check_cors(request)
        ref = _named(context, request)
        row = _find(tx, ref)
        row |= {member: request[member] for member in _SETTABLE if member in request}  # type: ignore[literal-required]
        row["LastModifiedTime"] = _iso(context.now)
        self._put(tx, ref, row)
        return _shown(ref, row, context)

    def list(
        self, tx: Tx, context: RequestContext, request: ListFunctionUrlConfigsRequestTypeDef
    ) -> Document:
        ref = replace(_named(context, request), qualifier="")
        if repository.find(tx, ref.scope, ref.name) is None:
            raise ResourceNotFound("Function does not exist")
        rows = URLS.of(tx, ref.scope, ref.name)
        shown, document = page(rows, request, lambda row: row.id or " ", "FunctionUrlConfigs")
        document["FunctionUrlConfigs"] = [
            _shown(ref.qualified(row.id), row.document, context) for row in shown
        ]
        return document

    def delete(
        self, tx: Tx, context: RequestContext, request: DeleteFunctionUrlConfigRequestTypeDef
    ) -> Document:
        ref = _named(context, request)
        if not URLS.remove(tx, ref.scope, ref.name, ref.qualifier):
            raise ResourceNotFound(_MISSING)
        tx.after_commit(self.live.forget)
        return {}

    def _put(self, tx: Tx, ref: FunctionRef, row: Mapping[str, Any]) -> None:
        URLS.put(tx, ref.scope, ref.name, ref.qualifier, row)
        tx.after_commit(self.live.forget)


def _check_cors(request: Mapping[str, Any]) -> None:
    for member in ("AllowMethods", "AllowOrigins"):
        given = request.get("Cors", {}).get(member, ())
        if _ANY in given and len(given) > 1:
            raise InvalidParameterValue(
                f"You can't specify additional fields for {member} because you already specified the "
                "wildcard character (*)."
            )


def _named(context: RequestContext, request: Mapping[str, Any]) -> FunctionRef:
    return parse_function_name(request["FunctionName"], context.scope, request.get("Qualifier", ""))


def _find(tx: Tx, ref: FunctionRef) -> dict[str, Any]:
    row = URLS.find(tx, ref.scope, ref.name, ref.qualifier)
    if row is None:
        raise ResourceNotFound(_MISSING)
    return row


def _shown(ref: FunctionRef, row: Mapping[str, Any], context: RequestContext) -> dict[str, Any]:
    return {
        "FunctionUrl": _url(row["url_id"], ref.scope.region, context.endpoint),
        "FunctionArn": ref.arn,
        **{name: value for name, value in row.items() if name != "url_id"},
    }


def _url(url_id: str, region: str, endpoint: str) -> str:
    """An address at this platform: names under `localhost` lead to it without DNS of ours."""
    scheme, _, host = endpoint.partition("://")
    _, colon, port = host.rpartition(":")
    where = f":{port}" if colon and port.isdigit() else ""
    return f"{scheme}://{url_id}.lambda-url.{region}.localhost{where}/"


def _iso(now: datetime) -> str:
    """As AWS writes the times of URLs: `2026-01-01T00:00:00.000000Z`."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

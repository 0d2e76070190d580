"""Reserved concurrency, and the limits of the account that it is taken from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.names import function_arn, not_found, parse_function_name
from lambent.services.lambda_.packages import MAX_ARCHIVE_BYTES
from lambent.services.lambda_.resources import CONCURRENCY, LAYER_VERSIONS, PROVISIONED
from lambent.storage.code_archive import MAX_UNZIPPED_BYTES

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteFunctionConcurrencyRequestTypeDef,
        GetFunctionConcurrencyRequestTypeDef,
        PutFunctionConcurrencyRequestTypeDef,
    )

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.ports import Plane

# "The amount of unreserved concurrency can't go below 100" (Lambda developer guide, reserved concurrency).
MINIMUM_UNRESERVED = 100
# "Storage for uploaded functions and layers: 75 GB" (Lambda quotas).
TOTAL_CODE_BYTES = 80_530_636_800
_LIMIT = "ReservedConcurrentExecutions"


@dataclass(frozen=True, slots=True)
class Reservations:
    """The operations on reserved concurrency, with what they need. `account_limit` is that of each account."""

    plane: Plane
    account_limit: int

    def put_function_concurrency(
        self, tx: Tx, context: RequestContext, request: PutFunctionConcurrencyRequestTypeDef
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        limit = request["ReservedConcurrentExecutions"]
        others = reserved_total(tx, ref.scope, without=ref.name)
        if limit and self.account_limit - others - limit < MINIMUM_UNRESERVED:
            raise InvalidParameterValue(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{MINIMUM_UNRESERVED}]."
            )
        provisioned = sum(row.document["count"] for row in PROVISIONED.of(tx, ref.scope, ref.name))
        if limit < provisioned:
            raise InvalidParameterValue(
                f" ReservedConcurrentExecutions  {limit} should not be lower than function's total "
                f"provisioned concurrency [{provisioned}]."
            )
        CONCURRENCY.put(tx, ref.scope, ref.name, "", {_LIMIT: limit})
        tx.after_commit(self.plane.reserve, ref.arn, ref.scope.account_id, limit)
        return {_LIMIT: limit}

    def get_function_concurrency(
        self, tx: Tx, context: RequestContext, request: GetFunctionConcurrencyRequestTypeDef
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        return CONCURRENCY.find(tx, ref.scope, ref.name, "") or {}

    def delete_function_concurrency(
        self, tx: Tx, context: RequestContext, request: DeleteFunctionConcurrencyRequestTypeDef
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        CONCURRENCY.remove(tx, ref.scope, ref.name, "")
        tx.after_commit(self.plane.reserve, ref.arn, ref.scope.account_id, None)
        return {}

    def get_account_settings(self, tx: Tx, context: RequestContext, _request: Document) -> Document:
        count, code_bytes = repository.usage(tx, context.scope)
        layers = LAYER_VERSIONS.all(tx, context.scope)
        code_bytes += sum(row.document["size"] for row in layers)
        unreserved = self.account_limit - reserved_total(tx, context.scope)
        return {
            "AccountLimit": {
                "TotalCodeSize": TOTAL_CODE_BYTES,
                "CodeSizeUnzipped": MAX_UNZIPPED_BYTES,
                "CodeSizeZipped": MAX_ARCHIVE_BYTES,
                "ConcurrentExecutions": self.account_limit,
                "UnreservedConcurrentExecutions": unreserved,
            },
            "AccountUsage": {"TotalCodeSize": code_bytes, "FunctionCount": count},
        }

    async def restore(self, database: Database) -> None:
        """At start: tell the plane of every reservation."""
        for row in await database.read(CONCURRENCY.everywhere):
            arn = function_arn(row.scope, row.owner)
            self.plane.reserve(arn, row.scope.account_id, row.document[_LIMIT])


def reserved_total(tx: Tx, scope: Scope, without: str = "") -> int:
    """What an account's functions have reserved together, in all regions, because these share one limit here.

    Args:
        without: the function of `scope` that is not counted.
    """
    rows = CONCURRENCY.of_account(tx, scope.account_id)
    return sum(
        int(row.document[_LIMIT]) for row in rows if (row.scope, row.owner) != (scope, without)
    )


def _function(tx: Tx, context: RequestContext, name: str) -> FunctionRef:
    ref = parse_function_name(name, context.scope)
    if ref.qualifier:
        raise InvalidParameterValue(
            "This operation is permitted on Lambda functions only. Aliases and versions do not "
            "support this operation. Please specify either a function name or an unqualified "
            "function ARN."
        )
    if repository.find(tx, ref.scope, ref.name) is None:
        raise not_found(ref)
    return ref

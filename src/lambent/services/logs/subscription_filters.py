"""Subscription filters: what they are and how they are described. watchers.py delivers what they find.

Lambda functions are the only destinations that there are here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.core.arn import Arn, InvalidArn
from lambent.core.errors import NotImplementedByLambent, ServiceError
from lambent.core.ports import ServiceCaller
from lambent.services.logs import repository
from lambent.services.logs.errors import InvalidParameter, ResourceNotFound, group_not_found
from lambent.services.logs.filter_limits import check_filter, remove_filter
from lambent.services.logs.groups import now_ms
from lambent.services.logs.names import group_arn, group_key
from lambent.services.logs.paging import page
from lambent.services.logs.resources import SUBSCRIPTION_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_logs.type_defs import (
        DeleteSubscriptionFilterRequestTypeDef,
        DescribeSubscriptionFiltersRequestTypeDef,
        PutSubscriptionFilterRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database, Functions, Tx
    from lambent.core.service import Document
    from lambent.services.logs.names import GroupKey

# "Each log group can have up to two subscription filters associated with it" (PutSubscriptionFilter).
MOST = 2
_PRINCIPAL = "logs.amazonaws.com"
_NEED_ROLES = frozenset({"kinesis", "firehose"})


def caller_for(key: GroupKey) -> ServiceCaller:
    """Who invokes a function for a log group: its policy may name the group, with or without `:*`."""
    return ServiceCaller(_PRINCIPAL, f"{group_arn(key)}:*", key[0])


@dataclass(frozen=True, slots=True)
class SubscriptionFilters:
    """The operations. `changed` is told of each group whose filters have changed."""

    database: Database
    functions: Functions
    changed: Callable[[GroupKey], None]

    async def put_subscription_filter(
        self, context: RequestContext, request: PutSubscriptionFilterRequestTypeDef
    ) -> Document:
        scope, group, name = context.scope, request["logGroupName"], request["filterName"]
        arn = request["destinationArn"]

        def check(tx: Tx) -> None:
            check_filter(tx, scope, request, SUBSCRIPTION_FILTERS, MOST)

        def write(tx: Tx) -> None:
            check(tx)
            before = SUBSCRIPTION_FILTERS.find(tx, scope, group, name)
            document = {
                "filterName": name,
                "logGroupName": group,
                "filterPattern": request["filterPattern"],
                "destinationArn": arn,
                "distribution": request.get("distribution", "ByLogStream"),
                "applyOnTransformedLogs": False,
                "creationTime": before["creationTime"] if before else now_ms(context),
            }
            SUBSCRIPTION_FILTERS.put(tx, scope, group, name, document)
            tx.after_commit(self.changed, group_key(scope, group))

        await self.database.read(check)
        _check_destination(request)
        # "A Lambda function belonging to the same account": and to the same region.
        if Arn.parse(arn).account_id != scope.account_id or Arn.parse(arn).region != scope.region:
            raise _not_executable()
        if group == f"/aws/lambda/{_function_name(arn)}":
            raise InvalidParameter(
                "The log group provided is reserved for the function logs of the destination function."
            )
        try:
            await self.functions.check(arn, caller_for(group_key(scope, group)))
        except ServiceError as refused:
            raise _not_executable() from refused
        await self.database.write(write)
        return {}

    def describe_subscription_filters(
        self, tx: Tx, context: RequestContext, request: DescribeSubscriptionFiltersRequestTypeDef
    ) -> Document:
        key = group_key(context.scope, request["logGroupName"])
        if repository.find(tx, key) is None:
            raise group_not_found()
        prefix = request.get("filterNamePrefix", "")
        found = [
            each
            for each in SUBSCRIPTION_FILTERS.of(tx, context.scope, key[2])
            if each["filterName"].startswith(prefix)
        ]
        shown, answer = page(found, request, lambda each: str(each["filterName"]))
        answer["subscriptionFilters"] = shown
        return answer

    def delete_subscription_filter(
        self, tx: Tx, context: RequestContext, request: DeleteSubscriptionFilterRequestTypeDef
    ) -> Document:
        key = group_key(context.scope, request["logGroupName"])
        if repository.find(tx, key) is None:
            raise group_not_found()
        if not remove_filter(
            tx, context.scope, key[2], request["filterName"], SUBSCRIPTION_FILTERS
        ):
            raise ResourceNotFound("The specified subscription filter does not exist.")
        tx.after_commit(self.changed, key)
        return {}


def _function_name(arn: str) -> str:
    return Arn.parse(arn).resource.removeprefix("function:").partition(":")[0]


def _not_executable() -> InvalidParameter:
    return InvalidParameter(
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs "
        "permission to execute your function."
    )


def _check_destination(request: PutSubscriptionFilterRequestTypeDef) -> None:
    """Raises InvalidParameter, NotImplementedByLambent: only functions are left after it."""
    text, has_role = request["destinationArn"], "roleArn" in request
    try:
        vendor = Arn.parse(text).service
    except InvalidArn as error:
        raise InvalidParameter(f"Invalid destinationArn: {text}") from error
    if vendor == "lambda":
        if has_role:
            raise InvalidParameter("destinationArn for vendor lambda cannot be used with roleArn")
        return
    if vendor in _NEED_ROLES and not has_role:
        raise InvalidParameter(f"destinationArn for vendor {vendor} cannot be used without roleArn")
    if vendor in _NEED_ROLES or vendor == "logs":
        raise NotImplementedByLambent(
            f"Lambent does not support the destinationArn {text}: subscription filters deliver to "
            "Lambda functions only."
        )
    raise InvalidParameter(
        f"PutSubscriptionFilter operation cannot work with destinationArn for vendor {vendor}"
    )

"""Destinations: what another account may subscribe to. They are records: nothing here is a stream to deliver to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.arn import Arn, InvalidArn
from lambent.services.logs.account_policies import check_document
from lambent.services.logs.errors import InvalidParameter, ResourceNotFound
from lambent.services.logs.groups import now_ms
from lambent.services.logs.names import check_tag_names, destination_arn
from lambent.services.logs.paging import page
from lambent.services.logs.resources import DESTINATIONS

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        DeleteDestinationRequestTypeDef,
        DescribeDestinationsRequestTypeDef,
        PutDestinationPolicyRequestTypeDef,
        PutDestinationRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document

# "We currently support Kinesis Data Streams and Firehose as logical destinations" (PutSubscriptionFilter).
_TARGETS = frozenset({"kinesis", "firehose"})


def put_destination(
    tx: Tx, context: RequestContext, request: PutDestinationRequestTypeDef
) -> Document:
    scope, name = context.scope, request["destinationName"]
    try:
        vendor = Arn.parse(request["targetArn"]).service
    except InvalidArn as error:
        raise InvalidParameter(f"Invalid targetArn: {request['targetArn']}") from error
    if vendor not in _TARGETS:
        raise InvalidParameter(
            f"PutDestination operation cannot work with targetArn for vendor {vendor}"
        )
    check_tag_names(request.get("tags", {}))
    before = DESTINATIONS.find(tx, scope, "", name)
    document = {
        **(before or {}),
        "destinationName": name,
        "targetArn": request["targetArn"],
        "roleArn": request["roleArn"],
        "arn": destination_arn(scope, name),
        "creationTime": before["creationTime"] if before else now_ms(context),
    }
    if before is None and request.get("tags"):
        document["tags"] = request["tags"]
    DESTINATIONS.put(tx, scope, "", name, document)
    return {"destination": document}


def put_destination_policy(
    tx: Tx, context: RequestContext, request: PutDestinationPolicyRequestTypeDef
) -> Document:
    name = request["destinationName"]
    document = DESTINATIONS.find(tx, context.scope, "", name)
    if document is None:
        raise _not_found()
    check_document(request["accessPolicy"])
    changed = document | {"accessPolicy": request["accessPolicy"]}
    DESTINATIONS.put(tx, context.scope, "", name, changed)
    return {}


def describe_destinations(
    tx: Tx, context: RequestContext, request: DescribeDestinationsRequestTypeDef
) -> Document:
    prefix = request.get("DestinationNamePrefix", "")
    found = [
        each
        for each in DESTINATIONS.documents(tx, context.scope)
        if each["destinationName"].startswith(prefix)
    ]
    shown, answer = page(found, request, lambda each: str(each["destinationName"]))
    answer["destinations"] = shown
    return answer


def delete_destination(
    tx: Tx, context: RequestContext, request: DeleteDestinationRequestTypeDef
) -> Document:
    if not DESTINATIONS.remove(tx, context.scope, "", request["destinationName"]):
        raise _not_found()
    return {}


def _not_found() -> ResourceNotFound:
    return ResourceNotFound("The specified destination does not exist.")

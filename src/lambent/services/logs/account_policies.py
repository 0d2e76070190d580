"""Resource policies of an account: which services may write to its log groups.

No service here writes to somebody's log groups through them, so they are kept and described, and let nobody in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.errors import NotImplementedByLambent
from lambent.services.logs.errors import InvalidParameter, LimitExceeded, ResourceNotFound
from lambent.services.logs.groups import now_ms
from lambent.services.logs.paging import page
from lambent.services.logs.resources import POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_logs.type_defs import (
        DeleteResourcePolicyRequestTypeDef,
        DescribeResourcePoliciesRequestTypeDef,
        PutResourcePolicyRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document

# "An account can have a maximum of 10 policies without resourceARN" (PutResourcePolicy).
MOST = 10


def put_resource_policy(
    tx: Tx, context: RequestContext, request: PutResourcePolicyRequestTypeDef
) -> Document:
    _refuse_resources(request)
    name, text = request.get("policyName"), request.get("policyDocument")
    if not name or not text:
        raise InvalidParameter("policyName and policyDocument are required.")
    check_document(text)
    others = [each for each in POLICIES.documents(tx, context.scope) if each["policyName"] != name]
    if len(others) >= MOST:
        raise LimitExceeded("Resource limit exceeded.")
    document = {"policyName": name, "policyDocument": text, "lastUpdatedTime": now_ms(context)}
    POLICIES.put(tx, context.scope, "", name, document)
    return {"resourcePolicy": document}


def describe_resource_policies(
    tx: Tx, context: RequestContext, request: DescribeResourcePoliciesRequestTypeDef
) -> Document:
    _refuse_resources(request)
    found = POLICIES.documents(tx, context.scope)
    shown, answer = page(found, request, lambda each: str(each["policyName"]))
    answer["resourcePolicies"] = shown
    return answer


def delete_resource_policy(
    tx: Tx, context: RequestContext, request: DeleteResourcePolicyRequestTypeDef
) -> Document:
    _refuse_resources(request)
    name = request.get("policyName", "")
    if not POLICIES.remove(tx, context.scope, "", name):
        raise ResourceNotFound(f"Policy with name [{name}] does not exist")
    return {}


def _refuse_resources(request: Mapping[str, Any]) -> None:
    """Policies of a single log group."""
    if request.get("resourceArn") or request.get("policyScope") == "RESOURCE":
        raise NotImplementedByLambent(
            "Lambent does not support resource policies of a single resource (resourceArn)."
        )
    if request.get("expectedRevisionId"):
        raise InvalidParameter("expectedRevisionId is valid only together with resourceArn.")


def check_document(text: str) -> None:
    """Raises InvalidParameter."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(
        isinstance(each, dict) and each.get("Effect") in {"Allow", "Deny"} for each in statements
    ):
        raise InvalidParameter(
            "Error occurred while parsing accessPolicy. Please check if the accessPolicy has been constructed "
            "correctly using IAM grammar."
        )

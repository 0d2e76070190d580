"""The account's settings: the role for logs, and how much may be called altogether."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
from lambent.services.apigateway.documents import ACCOUNT
from lambent.services.apigateway.patches import PatchTable, item, member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "10,000 requests per second with a burst of 5,000" for an account in a Region (API Gateway quotas).
THROTTLE: Mapping[str, Any] = {"burstLimit": 5000, "rateLimit": 10000.0}
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_PATCHES = PatchTable(
    (
        member("/cloudwatchRoleArn", "replace", "remove"),
        item("/features/{feature}", "add", "remove"),
    )
)


def get_account(tx: Tx, context: RequestContext, request: Request) -> Document:
    return _account(tx, context.scope)


def update_account(tx: Tx, context: RequestContext, request: Request) -> Document:
    # The value of /features is the feature itself.
    operations = [
        {**each, "path": f"/features/{each.get('value', '')}"}
        if each.get("path") == "/features"
        else each
        for each in request.get("patchOperations") or ()
    ]
    account = _PATCHES.apply(_account(tx, context.scope), {"patchOperations": operations})
    role = account.get("cloudwatchRoleArn")
    if role and not _ROLE.fullmatch(role):
        raise BadRequest(
            "The role ARN does not have required permissions configured. Please grant trust "
            "permission for API Gateway and add the required role policy."
        )
    account.setdefault("features", [])
    ACCOUNT.put(tx, context.scope, "", "account", account)
    return account


def _account(tx: Tx, scope: Scope) -> Document:
    found = ACCOUNT.find(tx, scope, "", "account") or {}
    return {
        **{name: found[name] for name in ("cloudwatchRoleArn",) if name in found},
        "throttleSettings": dict(THROTTLE),
        "features": found.get("features", ["UsagePlans"]),
        "apiKeyVersion": "4",
    }

"""Saved queries of Logs Insights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.core.errors import NotImplementedByLambent
from lambent.services.logs.errors import InvalidParameter, LimitExceeded, ResourceNotFound
from lambent.services.logs.groups import now_ms
from lambent.services.logs.paging import page
from lambent.services.logs.resources import QUERY_DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sized

    from types_boto3_logs.type_defs import (
        DeleteQueryDefinitionRequestTypeDef,
        DescribeQueryDefinitionsRequestTypeDef,
        PutQueryDefinitionRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document

# "Saved CloudWatch Logs Insights queries: as many as 1000" (CloudWatch Logs quotas).
MOST = 1000
# "You can query up to 50 log groups in a single query" (StartQuery).
MOST_GROUPS = 50


def put_query_definition(
    tx: Tx, context: RequestContext, request: PutQueryDefinitionRequestTypeDef
) -> Document:
    refuse_languages(request)
    refuse_many(request.get("logGroupNames", ()))
    scope = context.scope
    id_ = request.get("queryDefinitionId") or ""
    if id_ and QUERY_DEFINITIONS.find(tx, scope, "", id_) is None:
        raise _not_found()
    known = QUERY_DEFINITIONS.documents(tx, scope)
    token = request.get("clientToken")
    for each in known:
        if not id_ and token and each.get("clientToken") == token:
            return {"queryDefinitionId": each["queryDefinitionId"]}
    if not id_ and len(known) >= MOST:
        raise LimitExceeded("Resource limit exceeded.")
    document: dict[str, Any] = {
        "queryLanguage": "CWLI",
        "queryDefinitionId": id_ or ids.uuid(),
        "name": request["name"],
        "queryString": request["queryString"],
        "lastModified": now_ms(context),
        "logGroupNames": request.get("logGroupNames", []),
    }
    if token and not id_:
        document["clientToken"] = token
    if request.get("parameters"):
        document["parameters"] = request["parameters"]
    QUERY_DEFINITIONS.put(tx, scope, "", document["queryDefinitionId"], document)
    return {"queryDefinitionId": document["queryDefinitionId"]}


def describe_query_definitions(
    tx: Tx, context: RequestContext, request: DescribeQueryDefinitionsRequestTypeDef
) -> Document:
    prefix = request.get("queryDefinitionNamePrefix", "")
    found = [
        each
        for each in QUERY_DEFINITIONS.documents(tx, context.scope)
        if each["name"].startswith(prefix)
        and request.get("queryLanguage", "CWLI") == each["queryLanguage"]
    ]
    shown, answer = page(
        found,
        request,
        lambda each: str(each["queryDefinitionId"]),
        limit="maxResults",
        default=1000,
    )
    answer["queryDefinitions"] = shown
    return answer


def delete_query_definition(
    tx: Tx, context: RequestContext, request: DeleteQueryDefinitionRequestTypeDef
) -> Document:
    if not QUERY_DEFINITIONS.remove(tx, context.scope, "", request["queryDefinitionId"]):
        raise _not_found()
    return {"success": True}


def refuse_many(groups: Sized) -> None:
    """Raises InvalidParameter."""
    if len(groups) > MOST_GROUPS:
        raise InvalidParameter("Too many log groups specified")


def refuse_languages(request: Mapping[str, Any]) -> None:
    """Raises NotImplementedByLambent for SQL and PPL."""
    language = request.get("queryLanguage", "CWLI")
    if language != "CWLI":
        raise NotImplementedByLambent(
            f"Lambent does not support the queryLanguage {language}: only CWLI."
        )


def _not_found() -> ResourceNotFound:
    return ResourceNotFound("The specified query definition does not exist.")

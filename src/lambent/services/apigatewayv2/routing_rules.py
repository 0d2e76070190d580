"""Routing rules of custom domain names, which lead to stages of REST APIs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import HTTP_APIS, REST_APIS, ROUTING_RULES, STAGES
from lambent.apis.errors import BadRequest, Conflict, NotFound, refuse
from lambent.core import ids
from lambent.services.apigatewayv2.domain_names import find_domain
from lambent.services.apigatewayv2.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "API Gateway supports up to two header conditions and one path condition."
_MOST_HEADERS, _MOST_PATHS = 2, 1
# "You can only use wildcards in the header glob value", at its ends.
_GLOB = re.compile(r"\*?[^*]+\*?")
_PATH = re.compile(r"/?[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*/?")


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """The operations on routing rules."""

    publisher: Publisher

    def create_routing_rule(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return self._put(tx, context.scope, request, ids.lower_alphanumeric(6))

    def get_routing_rule(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return _find(tx, context.scope, request)

    def list_routing_rules(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = _domain(tx, context.scope, request)
        size = request.get("MaxResults")
        asked = {**request, "MaxResults": "" if size is None else str(size)}
        answer = page(ROUTING_RULES.of(tx, context.scope, name), asked, "RoutingRuleId")
        answer["RoutingRules"] = answer.pop("Items")
        return answer

    def put_routing_rule(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        rule_id = _find(tx, context.scope, request)["RoutingRuleId"]
        return self._put(tx, context.scope, request, rule_id)

    def delete_routing_rule(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = _domain(tx, context.scope, request)
        rule_id = _find(tx, context.scope, request)["RoutingRuleId"]
        ROUTING_RULES.remove(tx, context.scope, name, rule_id)
        self.publisher.domains.changed(tx, context.scope, name)
        return {}

    def _put(self, tx: Tx, scope: Scope, request: Request, rule_id: str) -> Document:
        name = _domain(tx, scope, request)
        _check_action(tx, scope, request["Actions"])
        _check_conditions(request["Conditions"])
        for other in ROUTING_RULES.of(tx, scope, name):
            if other["Priority"] == request["Priority"] and other["RoutingRuleId"] != rule_id:
                raise Conflict(f"Priority {request['Priority']} is used by another routing rule")
        place = f"domainnames/{name}/routingrules/{rule_id}"
        rule: Document = {
            "Actions": request["Actions"],
            "Conditions": request["Conditions"],
            "Priority": request["Priority"],
            "RoutingRuleArn": f"arn:aws:apigateway:{scope.region}:{scope.account_id}:/{place}",
            "RoutingRuleId": rule_id,
        }
        ROUTING_RULES.put(tx, scope, name, rule_id, rule)
        self.publisher.domains.changed(tx, scope, name)
        return rule


def _domain(tx: Tx, scope: Scope, request: Request) -> str:
    if request.get("DomainNameId"):
        raise refuse("domainNameId", "there are no private domain names.")
    return str(find_domain(tx, scope, request["DomainName"])["domainName"])


def _find(tx: Tx, scope: Scope, request: Request) -> Document:
    name = _domain(tx, scope, request)
    found = ROUTING_RULES.find(tx, scope, name, request["RoutingRuleId"])
    if found is None:
        raise NotFound("Invalid routing rule identifier specified")
    return found


def _check_action(tx: Tx, scope: Scope, actions: Sequence[Mapping[str, Any]]) -> None:
    """ "Each rule can have one action", and "the only supported action is to invoke a stage of a REST API"."""
    if len(actions) != 1:
        raise BadRequest("A routing rule must have exactly one action")
    target = actions[0]["InvokeApi"]
    if HTTP_APIS.find(tx, scope, "", target["ApiId"]) is not None:
        raise BadRequest("Routing rules can only invoke REST APIs")
    if REST_APIS.find(tx, scope, "", target["ApiId"]) is None:
        raise NotFound(f"Invalid API identifier specified {scope.account_id}:{target['ApiId']}")
    if STAGES.find(tx, scope, target["ApiId"], target["Stage"]) is None:
        raise BadRequest("Invalid stage identifier specified")


def _check_conditions(conditions: Sequence[Mapping[str, Any]]) -> None:
    headers = [each["MatchHeaders"]["AnyOf"] for each in conditions if "MatchHeaders" in each]
    paths = [each["MatchBasePaths"]["AnyOf"] for each in conditions if "MatchBasePaths" in each]
    if any(len(each) != 1 for each in conditions) or not all([*headers, *paths]):
        raise BadRequest("A condition must have either matchHeaders or matchBasePaths")
    if len(headers) > _MOST_HEADERS or len(paths) > _MOST_PATHS:
        raise BadRequest(
            "A routing rule can have up to two matchHeaders conditions and one matchBasePaths condition"
        )
    for pattern in (each["ValueGlob"] for choices in headers for each in choices):
        if not _GLOB.fullmatch(pattern):
            raise BadRequest(f"Invalid header value: {pattern}")
    for path in (each for choices in paths for each in choices):
        if not _PATH.fullmatch(path):
            raise BadRequest(f"Invalid base path: {path}")

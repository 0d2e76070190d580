"""Routing rules of custom domain names, from CreateRoutingRule to requests that they lead."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import pytest

from lambent.apis.routing_rules import rule_of
from lambent.core import ids
from lambent.core.http import Headers

if TYPE_CHECKING:
    from collections.abc import Callable


class Site:
    """A domain name with REST APIs behind it that tell their name, the path they see, and what has matched."""

    def __init__(self, aws: Callable[..., Any], running: Any) -> None:
        self.rest, self.client = aws("apigateway"), aws("apigatewayv2")
        self.port = int(running.platform.endpoint.rpartition(":")[2])
        self.domain = f"{ids.hex_id(8)}.example.com"
        self.client.create_domain_name(DomainName=self.domain, RoutingMode="ROUTING_RULE_ONLY")

    def api(self, name: str) -> str:
        made = self.rest.create_rest_api(name=name)
        resource = self.rest.create_resource(
            restApiId=made["id"], parentId=made["rootResourceId"], pathPart="{proxy+}"
        )
        place = {"restApiId": made["id"], "resourceId": resource["id"], "httpMethod": "GET"}
        self.rest.put_method(**place, authorizationType="NONE")
        template = {"application/json": '{"statusCode": 200}'}
        self.rest.put_integration(**place, type="MOCK", requestTemplates=template)
        self.rest.put_method_response(**place, statusCode="200")
        told = f"{name} $input.params('proxy') $context.customDomain.basePathMatched"
        rule = "$!context.customDomain.routingRuleIdMatched"
        self.rest.put_integration_response(
            **place, statusCode="200", responseTemplates={"application/json": f"{told} {rule}"}
        )
        self.rest.create_deployment(restApiId=made["id"], stageName="prod")
        return str(made["id"])

    def rule(self, api: str, priority: int, *conditions: Any, strip: bool = False) -> Any:
        target = {"ApiId": api, "Stage": "prod", "StripBasePath": strip}
        answer = self.client.create_routing_rule(
            DomainName=self.domain,
            Actions=[{"InvokeApi": target}],
            Conditions=list(conditions),
            Priority=priority,
        )
        del answer["ResponseMetadata"]
        return answer

    def get(self, path: str, **headers: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("GET", path, headers={"Host": self.domain, **headers})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return body if answer.status == 200 else str(answer.status)


def header(name: str, glob: str) -> dict[str, Any]:
    return {"MatchHeaders": {"AnyOf": [{"Header": name, "ValueGlob": glob}]}}


def path(base_path: str) -> dict[str, Any]:
    return {"MatchBasePaths": {"AnyOf": [base_path]}}


@pytest.fixture
def site(aws: Callable[..., Any], running: Any) -> Site:
    return Site(aws, running)


def test_the_first_rule_that_matches_leads(site: Site) -> None:
    a, b = site.api("a"), site.api("b")
    whole = site.rule(a, 100)["RoutingRuleId"]
    by_path = site.rule(b, 50, path("users"), strip=True)["RoutingRuleId"]
    both = site.rule(b, 10, path("users"), header("Hello", "World"))["RoutingRuleId"]

    assert site.get("/x/y") == f"a x/y (none) {whole}"
    assert site.get("/users/1") == f"b 1 users {by_path}"
    assert site.get("/users/1", hello="World") == f"b users/1 users {both}"
    assert site.get("/users/1", hello="world") == f"b 1 users {by_path}"
    assert site.get("/usersx") == f"a usersx (none) {whole}"
    assert site.get("/Users/1") == f"a Users/1 (none) {whole}"


def test_the_mode_says_what_is_asked(site: Site) -> None:
    a, b = site.api("a"), site.api("b")
    rule = site.rule(a, 1, header("x", "1"))["RoutingRuleId"]
    site.client.create_api_mapping(DomainName=site.domain, ApiId=b, Stage="prod")

    def mode(name: str) -> Any:
        return site.client.update_domain_name(DomainName=site.domain, RoutingMode=name)

    assert (site.get("/p", x="1"), site.get("/p")) == (f"a p (none) {rule}", "403")
    assert mode("ROUTING_RULE_THEN_API_MAPPING")["RoutingMode"] == "ROUTING_RULE_THEN_API_MAPPING"
    assert (site.get("/p", x="1"), site.get("/p")) == (f"a p (none) {rule}", "b p (none) ")
    told = site.rest.get_domain_name(domainName=site.domain)
    assert told["routingMode"] == "ROUTING_RULE_THEN_BASE_PATH_MAPPING"
    operation = {"op": "replace", "path": "/routingMode", "value": "BASE_PATH_MAPPING_ONLY"}
    site.rest.update_domain_name(domainName=site.domain, patchOperations=[operation])
    assert (site.get("/p", x="1"), site.get("/p")) == ("b p (none) ", "b p (none) ")


@pytest.mark.parametrize(
    ("glob", "value", "is_matched"),
    [
        ("a*", "alpha", True),
        ("a*", "beta", False),
        ("*a", "beta", True),
        ("*a", "users", False),
        ("*v*", "v", True),
        ("*v*", "prov", True),
        ("*v*", "x", False),
        ("beta", "beta", True),
        ("beta", "Beta", False),
    ],
)
def test_header_values_may_have_wildcards(glob: str, value: str, is_matched: bool) -> None:
    action = {"InvokeApi": {"ApiId": "a", "Stage": "s"}}
    rule = rule_of(
        {
            "RoutingRuleId": "r",
            "Priority": 1,
            "Actions": [action],
            "Conditions": [header("X-Version", glob)],
        }
    )

    matched = rule.match("/", Headers([("x-version", "other!"), ("x-version", value)]))

    assert (matched is not None) == is_matched


def test_rules_are_kept_and_changed(site: Site) -> None:
    a = site.api("a")
    made = site.rule(a, 5, path("v1/x"))
    place = {"DomainName": site.domain, "RoutingRuleId": made["RoutingRuleId"]}

    name = f":/domainnames/{site.domain}/routingrules/{made['RoutingRuleId']}"
    assert made["RoutingRuleArn"].startswith("arn:aws:apigateway:us-east-1:")
    assert made["RoutingRuleArn"].endswith(name)
    told = site.client.get_routing_rule(**place)
    del told["ResponseMetadata"]
    assert told == made
    site.client.put_routing_rule(**place, Actions=made["Actions"], Conditions=[], Priority=6)
    [listed] = site.client.list_routing_rules(DomainName=site.domain)["RoutingRules"]
    assert (listed["Priority"], listed["Conditions"]) == (6, [])
    assert site.get("/y").startswith("a y")
    site.rule(a, 7)
    first = site.client.list_routing_rules(DomainName=site.domain, MaxResults=1)
    rest = site.client.list_routing_rules(DomainName=site.domain, NextToken=first["NextToken"])
    assert len(first["RoutingRules"]) == len(rest["RoutingRules"]) == 1
    site.client.delete_routing_rule(**place)
    with pytest.raises(site.client.exceptions.NotFoundException):
        site.client.get_routing_rule(**place)
    site.client.delete_domain_name(DomainName=site.domain)
    assert site.get("/y") != "a y"


def test_rules_that_are_refused(site: Site) -> None:
    a = site.api("a")
    http_api = site.client.create_api(Name="h", ProtocolType="HTTP")["ApiId"]
    site.rule(a, 1)
    too_many = [header("a", "1"), header("b", "1"), header("c", "1")]
    errors = site.client.exceptions

    for error, api, priority, conditions in (
        (errors.ConflictException, a, 1, []),
        (errors.NotFoundException, "nope", 2, []),
        (errors.BadRequestException, http_api, 2, []),
        (errors.BadRequestException, a, 2, too_many),
        (errors.BadRequestException, a, 2, [path("a"), path("b")]),
        (errors.BadRequestException, a, 2, [{}]),
        (errors.BadRequestException, a, 2, [header("a", "b*c")]),
        (errors.BadRequestException, a, 2, [path("a b")]),
    ):
        with pytest.raises(error):
            site.rule(api, priority, *conditions)

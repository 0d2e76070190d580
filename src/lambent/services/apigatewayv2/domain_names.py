"""Custom domain names, which REST APIs have as well: one store, in the shape of the REST service, two APIs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import BASE_PATHS, DOMAINS, ROUTING_RULES
from lambent.apis.domain_rules import check_certificate, domain_name
from lambent.apis.errors import BadRequest, Conflict, NotFound, refuse
from lambent.apis.tag_rules import check_tags
from lambent.core import ids
from lambent.services.apigatewayv2.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# The hosted zone of regional endpoints in us-east-1 (AWS General Reference); others are not told apart.
_REGIONAL_ZONE = "Z1UJRXOUMOOFQ8"


@dataclass(frozen=True, slots=True)
class DomainNames:
    """The operations on domain names."""

    publisher: Publisher

    def create_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = domain_name(request["DomainName"])
        if DOMAINS.everywhere(tx, name):
            raise BadRequest("The domain name you provided already exists.")
        check_tags(request.get("Tags") or {})
        label = ids.lower_alphanumeric(10)
        domain: Document = {
            "domainName": name,
            "regionalDomainName": f"d-{label}.execute-api.{context.scope.region}.amazonaws.com",
            "regionalHostedZoneId": _REGIONAL_ZONE,
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
            "domainNameStatus": "AVAILABLE",
            "securityPolicy": "TLS_1_2",
            "routingMode": "BASE_PATH_MAPPING_ONLY",
        }
        _apply(context.scope, domain, request)
        if request.get("Tags"):
            domain["tags"] = dict(request["Tags"])
        DOMAINS.put(tx, context.scope, "", name, domain)
        self.publisher.domains.changed(tx, context.scope, name)
        return _shown(context.scope, domain)

    def get_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return _shown(context.scope, find_domain(tx, context.scope, request["DomainName"]))

    def get_domain_names(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        found = [_shown(context.scope, each) for each in DOMAINS.of(tx, context.scope)]
        return page(found, request, "DomainName")

    def update_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        domain = find_domain(tx, context.scope, request["DomainName"])
        _apply(context.scope, domain, request)
        DOMAINS.put(tx, context.scope, "", domain["domainName"], domain)
        self.publisher.domains.changed(tx, context.scope, domain["domainName"])
        return _shown(context.scope, domain)

    def delete_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = find_domain(tx, context.scope, request["DomainName"])["domainName"]
        BASE_PATHS.remove_of(tx, context.scope, name)
        ROUTING_RULES.remove_of(tx, context.scope, name)
        DOMAINS.remove(tx, context.scope, "", name)
        self.publisher.domains.deleted(tx, name)
        return {}


def find_domain(tx: Tx, scope: Scope, name: str) -> Document:
    """Raises NotFound."""
    domain = DOMAINS.find(tx, scope, "", name.lower())
    if domain is None:
        raise NotFound("Invalid domain name identifier specified")
    return domain


def _apply(scope: Scope, domain: Document, request: Request) -> None:
    """What the request says about the domain. Raises BadRequest."""
    if request.get("MutualTlsAuthentication"):
        raise refuse("mutualTlsAuthentication", "TLS ends before this platform.")
    if request.get("RoutingMode"):
        domain["routingMode"] = request["RoutingMode"].replace("API_MAPPING", "BASE_PATH_MAPPING")
    configurations = request.get("DomainNameConfigurations") or []
    if len(configurations) > 1:
        raise Conflict("A domain name has one configuration.")
    for given in configurations:
        _configure(scope, domain, given)


def _configure(scope: Scope, domain: Document, given: Mapping[str, Any]) -> None:
    if given.get("EndpointType") not in (None, "REGIONAL"):
        raise BadRequest(
            f"{given['EndpointType']} endpoint type is not supported for APIGatewayV2 domainName"
        )
    if given.get("OwnershipVerificationCertificateArn"):
        raise refuse("ownershipVerificationCertificateArn")
    policy = given.get("SecurityPolicy") or "TLS_1_2"
    if policy != "TLS_1_2":
        raise BadRequest(f"Invalid security policy {policy}. Must be TLS_1_2")
    if given.get("CertificateArn"):
        check_certificate(given["CertificateArn"], scope.region)
        domain["regionalCertificateArn"] = given["CertificateArn"]
    if given.get("CertificateName"):
        domain["regionalCertificateName"] = given["CertificateName"]
    if given.get("IpAddressType"):
        domain["endpointConfiguration"]["ipAddressType"] = given["IpAddressType"]


def _shown(scope: Scope, domain: Document) -> Document:
    """As this service answers it."""
    endpoint = domain["endpointConfiguration"]
    is_edge = endpoint["types"] == ["EDGE"]
    side = "" if is_edge else "regional"
    configuration: Document = {
        "ApiGatewayDomainName": domain[
            "distributionDomainName" if is_edge else "regionalDomainName"
        ],
        "DomainNameStatus": domain["domainNameStatus"],
        "EndpointType": endpoint["types"][0],
        "HostedZoneId": domain["distributionHostedZoneId" if is_edge else "regionalHostedZoneId"],
        "IpAddressType": endpoint["ipAddressType"],
        "SecurityPolicy": domain["securityPolicy"],
    }
    for name in ("CertificateArn", "CertificateName"):
        kept = f"{side}{name}" if side else f"c{name[1:]}"
        if domain.get(kept):
            configuration[name] = domain[kept]
    return {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": domain["domainName"],
        "DomainNameArn": f"arn:aws:apigateway:{scope.region}::/domainnames/{domain['domainName']}",
        "DomainNameConfigurations": [configuration],
        "RoutingMode": domain.get("routingMode", "BASE_PATH_MAPPING_ONLY").replace(
            "BASE_PATH_MAPPING", "API_MAPPING"
        ),
        "Tags": domain.get("tags", {}),
    }

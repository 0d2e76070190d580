"""Custom domain names and their base path mappings. A domain is served by the Host header; TLS is whoever's stands
before us, so certificates are named and not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import BASE_PATHS, DOMAINS, REST_APIS, ROUTING_RULES, STAGES
from lambent.apis.domain_rules import check_certificate, domain_name
from lambent.apis.domains import NO_BASE_PATH
from lambent.apis.errors import BadRequest, Conflict, NotFound, refuse
from lambent.apis.tag_rules import check_tags
from lambent.core import ids
from lambent.services.apigateway.endpoints import ENDPOINT_RULES, endpoint_configuration
from lambent.services.apigateway.paging import page, shown
from lambent.services.apigateway.patches import PatchTable, member, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_BASE_PATH = re.compile(r"[A-Za-z0-9$_.+!*'()-]+")
_SECURITY_POLICIES = ("TLS_1_0", "TLS_1_2")
# The hosted zone of every edge-optimised domain (AWS General Reference, "API Gateway endpoints"): CloudFront's.
_EDGE_ZONE = "Z2FDTNDATAQYW2"
_REGIONAL_ZONE = "Z1UJRXOUMOOFQ8"  # that of us-east-1; others are not told apart
_CERTIFICATES = {
    "EDGE": ("certificateArn", "certificateName"),
    "REGIONAL": ("regionalCertificateArn", "regionalCertificateName"),
}
_TARGETS = (
    "regionalDomainName",
    "regionalHostedZoneId",
    "distributionDomainName",
    "distributionHostedZoneId",
)
_REFUSED = {
    "certificateBody": "certificates are not stored.",
    "certificatePrivateKey": "certificates are not stored.",
    "certificateChain": "certificates are not stored.",
    "mutualTlsAuthentication": "TLS ends before this platform.",
    "ownershipVerificationCertificateArn": "",
    "policy": "",
    "endpointAccessMode": "",
}
ROUTING_MODES = (
    "BASE_PATH_MAPPING_ONLY",
    "ROUTING_RULE_ONLY",
    "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
)
_DOMAIN_PATCHES = PatchTable(
    (
        member("/certificateName", "replace"),
        member("/certificateArn", "replace"),
        member("/regionalCertificateName", "replace"),
        member("/regionalCertificateArn", "replace"),
        member("/securityPolicy", convert=one_of(*_SECURITY_POLICIES), required=True),
        member("/routingMode", convert=one_of(*ROUTING_MODES), required=True),
        *ENDPOINT_RULES,
    )
)
_MAPPING_PATCHES = PatchTable(
    (
        member("/basePath", required=True),
        member("/restapiId", required=True),
        member("/restApiId", required=True),
        member("/stage"),
    )
)


@dataclass(frozen=True, slots=True)
class DomainNames:
    """The operations on domain names and base path mappings."""

    publisher: Publisher

    def create_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = domain_name(request["domainName"])
        for refused, reason in _REFUSED.items():
            if request.get(refused):
                raise refuse(refused, reason)
        if DOMAINS.everywhere(tx, name):
            raise BadRequest("The domain name you provided already exists.")
        domain = _new_domain(context, request)
        DOMAINS.put(tx, context.scope, "", name, domain)
        self.publisher.domains.changed(tx, context.scope, name)
        return shown(_named(context.scope, domain))

    def get_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(_named(context.scope, _find(tx, context.scope, request)))

    def get_domain_names(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        if request.get("resourceOwner") == "OTHER_ACCOUNTS":
            return {"items": []}
        domains = [_named(context.scope, each) for each in DOMAINS.of(tx, context.scope)]
        return page(domains, request, lambda each: str(each["domainName"]))

    def update_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        before = _find(tx, context.scope, request)
        domain = _DOMAIN_PATCHES.apply(before, request)
        _check_certificates(context.scope, domain, before)
        endpoint = domain["endpointConfiguration"]
        if endpoint["types"] == ["PRIVATE"]:
            raise refuse("domain names for private endpoints", "there are no VPCs.")
        if endpoint["types"] != before["endpointConfiguration"]["types"]:
            for name in _TARGETS:
                domain.pop(name, None)
            domain |= _target(endpoint, context.scope.region)
        DOMAINS.put(tx, context.scope, "", domain["domainName"], domain)
        self.publisher.domains.changed(tx, context.scope, domain["domainName"])
        return shown(_named(context.scope, domain))

    def delete_domain_name(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = _find(tx, context.scope, request)["domainName"]
        BASE_PATHS.remove_of(tx, context.scope, name)
        ROUTING_RULES.remove_of(tx, context.scope, name)
        DOMAINS.remove(tx, context.scope, "", name)
        self.publisher.domains.deleted(tx, name)
        return {}

    # --- base path mappings ---

    def create_base_path_mapping(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        scope = context.scope
        name = _find(tx, scope, request)["domainName"]
        mapping: Document = {
            "basePath": request.get("basePath") or NO_BASE_PATH,
            "restApiId": request["restApiId"],
        }
        if request.get("stage"):
            mapping["stage"] = request["stage"]
        _check_mapping(tx, scope, mapping)
        if BASE_PATHS.find(tx, scope, name, mapping["basePath"]) is not None:
            raise Conflict("Base path already exists for this domain name")
        BASE_PATHS.put(tx, scope, name, mapping["basePath"], mapping)
        self.publisher.domains.changed(tx, scope, name)
        return mapping

    def get_base_path_mapping(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(_find_mapping(tx, context.scope, request), "id")

    def get_base_path_mappings(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name = _find(tx, context.scope, request)["domainName"]
        mappings = BASE_PATHS.of(tx, context.scope, name)
        return page(mappings, request, lambda each: str(each["basePath"]), "id")

    def update_base_path_mapping(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        scope = context.scope
        name = _find(tx, scope, request)["domainName"]
        before = _find_mapping(tx, scope, request)
        mapping = _MAPPING_PATCHES.apply(before, request)
        mapping["restApiId"] = mapping.pop("restapiId", mapping["restApiId"])
        mapping["basePath"] = mapping["basePath"] or NO_BASE_PATH
        _check_mapping(tx, scope, mapping)
        if mapping["basePath"] != before["basePath"]:
            if BASE_PATHS.find(tx, scope, name, mapping["basePath"]) is not None:
                raise Conflict("Base path already exists for this domain name")
            BASE_PATHS.remove(tx, scope, name, before["basePath"])
        BASE_PATHS.put(tx, scope, name, mapping["basePath"], mapping)
        self.publisher.domains.changed(tx, scope, name)
        return shown(mapping, "id")

    def delete_base_path_mapping(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        scope = context.scope
        mapping = _find_mapping(tx, scope, request)
        name = request["domainName"].lower()
        BASE_PATHS.remove(tx, scope, name, mapping["basePath"])
        self.publisher.domains.changed(tx, scope, name)
        return {}


def _new_domain(context: RequestContext, request: Request) -> Document:
    endpoint = endpoint_configuration(request.get("endpointConfiguration"))
    if endpoint["types"] == ["PRIVATE"]:
        raise refuse("domain names for private endpoints", "there are no VPCs.")
    policy = request.get("securityPolicy") or "TLS_1_2"
    if policy not in _SECURITY_POLICIES:
        raise refuse(f"securityPolicy {policy}", "TLS ends before this platform.")
    check_tags(request.get("tags") or {})
    domain: Document = {"domainName": request["domainName"].lower()}
    for name in (
        "certificateName",
        "certificateArn",
        "regionalCertificateName",
        "regionalCertificateArn",
    ):
        if request.get(name):
            domain[name] = request[name]
    _check_certificates(context.scope, {**domain, "endpointConfiguration": endpoint}, {})
    domain["certificateUploadDate"] = int(context.now.timestamp())
    domain |= {
        **_target(endpoint, context.scope.region),
        "endpointConfiguration": endpoint,
        "domainNameStatus": "AVAILABLE",
        "securityPolicy": policy,
        "routingMode": request.get("routingMode") or ROUTING_MODES[0],
    }
    if request.get("tags"):
        domain["tags"] = dict(request["tags"])
    return domain


def _target(endpoint: Document, region: str) -> Document:
    """What a domain of this kind of endpoint is an alias of."""
    label = ids.lower_alphanumeric(10)
    if endpoint["types"] == ["REGIONAL"]:
        return {
            "regionalDomainName": f"d-{label}.execute-api.{region}.amazonaws.com",
            "regionalHostedZoneId": _REGIONAL_ZONE,
        }
    return {
        "distributionDomainName": f"d{label}.cloudfront.net",
        "distributionHostedZoneId": _EDGE_ZONE,
    }


def _named(scope: Scope, domain: Document) -> Document:
    arn = f"arn:aws:apigateway:{scope.region}::/domainnames/{domain['domainName']}"
    return {**domain, "domainNameArn": arn}


def _check_certificates(scope: Scope, domain: Document, before: Document) -> None:
    """Those that are new are for the endpoint's kind, and of its region: edges have theirs in us-east-1."""
    kind = domain["endpointConfiguration"]["types"][0]
    for other, names in _CERTIFICATES.items():
        new = [name for name in names if domain.get(name) and domain[name] != before.get(name)]
        if new and other != kind:
            raise BadRequest(f"Cannot import certificates for {other} while {kind} is active.")
        for name in new:
            check_certificate(domain[name], "us-east-1" if kind == "EDGE" else scope.region)


def _find(tx: Tx, scope: Scope, request: Request) -> Document:
    if request.get("domainNameId"):
        raise refuse("domainNameId", "it belongs to private endpoints.")
    domain = DOMAINS.find(tx, scope, "", request["domainName"].lower())
    if domain is None:
        raise NotFound("Invalid domain name identifier specified")
    return domain


def _find_mapping(tx: Tx, scope: Scope, request: Request) -> Document:
    name = _find(tx, scope, request)["domainName"]
    mapping = BASE_PATHS.find(tx, scope, name, request["basePath"])
    if mapping is None:
        raise NotFound("Invalid base path mapping identifier specified")
    return mapping


def _check_mapping(tx: Tx, scope: Scope, mapping: Document) -> None:
    path, api_id = mapping["basePath"], mapping["restApiId"]
    if path != NO_BASE_PATH and not _BASE_PATH.fullmatch(path):
        raise BadRequest(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. "
            "To create a multi-level base path mapping, use API Gateway V2."
            if "/" in path
            else f"Invalid base path: {path}"
        )
    if REST_APIS.find(tx, scope, "", api_id) is None:
        raise BadRequest("Invalid REST API identifier specified")
    if "stage" in mapping and STAGES.find(tx, scope, api_id, mapping["stage"]) is None:
        raise BadRequest("Invalid stage identifier specified")

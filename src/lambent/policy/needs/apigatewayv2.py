"""Amazon API Gateway V2 ("Actions, resources, and condition keys for Amazon API Gateway Management V2", Service
Authorization Reference): the action is the HTTP method, the resource what is addressed, and neither names the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.policy.needs.apigateway import at
from lambent.policy.needs.rows import Need, always, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.policy.needs.rows import Needs, Where

# Paths with the members that stand in them: method and operation, in turn.
_PATHS: Mapping[str, str] = {
    "/apis": "POST CreateApi GET GetApis PUT ImportApi",
    "/apis/{ApiId}": "DELETE DeleteApi GET GetApi PUT ReimportApi PATCH UpdateApi",
    "/apis/{ApiId}/authorizers": "POST CreateAuthorizer GET GetAuthorizers",
    "/apis/{ApiId}/authorizers/{AuthorizerId}": (
        "DELETE DeleteAuthorizer GET GetAuthorizer PATCH UpdateAuthorizer"
    ),
    "/apis/{ApiId}/cors": "DELETE DeleteCorsConfiguration",
    "/apis/{ApiId}/deployments": "POST CreateDeployment GET GetDeployments",
    "/apis/{ApiId}/deployments/{DeploymentId}": (
        "DELETE DeleteDeployment GET GetDeployment PATCH UpdateDeployment"
    ),
    "/apis/{ApiId}/exports/{Specification}": "GET ExportApi",
    "/apis/{ApiId}/integrations": "POST CreateIntegration GET GetIntegrations",
    "/apis/{ApiId}/integrations/{IntegrationId}": (
        "DELETE DeleteIntegration GET GetIntegration PATCH UpdateIntegration"
    ),
    "/apis/{ApiId}/integrations/{IntegrationId}/integrationresponses": (
        "POST CreateIntegrationResponse GET GetIntegrationResponses"
    ),
    "/apis/{ApiId}/integrations/{IntegrationId}/integrationresponses/{IntegrationResponseId}": (
        "DELETE DeleteIntegrationResponse "
        "GET GetIntegrationResponse "
        "PATCH UpdateIntegrationResponse"
    ),
    "/apis/{ApiId}/models": "POST CreateModel GET GetModels",
    "/apis/{ApiId}/models/{ModelId}": "DELETE DeleteModel GET GetModel PATCH UpdateModel",
    "/apis/{ApiId}/models/{ModelId}/template": "GET GetModelTemplate",
    "/apis/{ApiId}/routes": "POST CreateRoute GET GetRoutes",
    "/apis/{ApiId}/routes/{RouteId}": "DELETE DeleteRoute GET GetRoute PATCH UpdateRoute",
    "/apis/{ApiId}/routes/{RouteId}/requestparameters/{RequestParameterKey}": (
        "DELETE DeleteRouteRequestParameter"
    ),
    "/apis/{ApiId}/routes/{RouteId}/routeresponses": (
        "POST CreateRouteResponse GET GetRouteResponses"
    ),
    "/apis/{ApiId}/routes/{RouteId}/routeresponses/{RouteResponseId}": (
        "DELETE DeleteRouteResponse GET GetRouteResponse PATCH UpdateRouteResponse"
    ),
    "/apis/{ApiId}/stages": "POST CreateStage GET GetStages",
    "/apis/{ApiId}/stages/{StageName}": "DELETE DeleteStage GET GetStage PATCH UpdateStage",
    "/apis/{ApiId}/stages/{StageName}/accesslogsettings": "DELETE DeleteAccessLogSettings",
    "/apis/{ApiId}/stages/{StageName}/cache/authorizers": "DELETE ResetAuthorizersCache",
    "/apis/{ApiId}/stages/{StageName}/routesettings/{RouteKey}": "DELETE DeleteRouteSettings",
    "/domainnames": "POST CreateDomainName GET GetDomainNames",
    "/domainnames/{DomainName}": (
        "DELETE DeleteDomainName GET GetDomainName PATCH UpdateDomainName"
    ),
    "/domainnames/{DomainName}/apimappings": "POST CreateApiMapping GET GetApiMappings",
    "/domainnames/{DomainName}/apimappings/{ApiMappingId}": (
        "DELETE DeleteApiMapping GET GetApiMapping PATCH UpdateApiMapping"
    ),
    "/domainnames/{DomainName}/routingrules": "POST CreateRoutingRule GET ListRoutingRules",
    "/domainnames/{DomainName}/routingrules/{RoutingRuleId}": (
        "DELETE DeleteRoutingRule GET GetRoutingRule PUT PutRoutingRule"
    ),
    "/portalproducts": "POST CreatePortalProduct GET ListPortalProducts",
    "/portalproducts/{PortalProductId}": (
        "DELETE DeletePortalProduct GET GetPortalProduct PATCH UpdatePortalProduct"
    ),
    "/portalproducts/{PortalProductId}/productpages": (
        "POST CreateProductPage GET ListProductPages"
    ),
    "/portalproducts/{PortalProductId}/productpages/{ProductPageId}": (
        "DELETE DeleteProductPage GET GetProductPage PATCH UpdateProductPage"
    ),
    "/portalproducts/{PortalProductId}/productrestendpointpages": (
        "POST CreateProductRestEndpointPage GET ListProductRestEndpointPages"
    ),
    "/portalproducts/{PortalProductId}/productrestendpointpages/{ProductRestEndpointPageId}": (
        "DELETE DeleteProductRestEndpointPage "
        "GET GetProductRestEndpointPage "
        "PATCH UpdateProductRestEndpointPage"
    ),
    "/portalproducts/{PortalProductId}/sharingpolicy": (
        "DELETE DeletePortalProductSharingPolicy "
        "GET GetPortalProductSharingPolicy "
        "PUT PutPortalProductSharingPolicy"
    ),
    "/portals": "POST CreatePortal GET ListPortals",
    "/portals/{PortalId}": "DELETE DeletePortal GET GetPortal PATCH UpdatePortal",
    "/portals/{PortalId}/preview": "POST PreviewPortal",
    "/portals/{PortalId}/publish": "DELETE DisablePortal POST PublishPortal",
    "/tags/{ResourceArn}": "GET GetTags POST TagResource DELETE UntagResource",
    "/vpclinks": "POST CreateVpcLink GET GetVpcLinks",
    "/vpclinks/{VpcLinkId}": "DELETE DeleteVpcLink GET GetVpcLink PATCH UpdateVpcLink",
}
# Operations that bring tags, and the member that they are in.
_TAGS: Mapping[str, str] = {
    "CreateApi": "Tags",
    "CreateDomainName": "Tags",
    "CreatePortal": "Tags",
    "CreatePortalProduct": "Tags",
    "CreateStage": "Tags",
    "CreateVpcLink": "Tags",
    "TagResource": "Tags",
    "UntagResource": "TagKeys",
}
# Whoever hands a role to the service must be allowed to. The roles in documents that are imported are asked for by the
# operation itself.
_ROLES: Mapping[str, str] = {
    "CreateApi": "CredentialsArn",
    "CreateAuthorizer": "AuthorizerCredentialsArn",
    "CreateIntegration": "CredentialsArn",
    "UpdateApi": "CredentialsArn",
    "UpdateAuthorizer": "AuthorizerCredentialsArn",
    "UpdateIntegration": "CredentialsArn",
}


def _passes(member: str) -> Need:
    def passed(where: Where) -> list[str]:
        role = where.text(member)
        return [canonical(role)] if ":role/" in role else []

    keys = {"iam:passedtoservice": always("apigateway.amazonaws.com")}
    return Need("iam:PassRole", passed, keys, is_own_side=True)


def _rows() -> dict[str, Needs]:
    rows: dict[str, Needs] = {}
    for path, listed in _PATHS.items():
        resource = at(path)
        words = listed.split()
        for method, name in zip(words[::2], words[1::2], strict=True):
            need = Need(f"apigateway:{method}", resource, has_tags=_TAGS.get(name, ""))
            rows[name] = (need, _passes(_ROLES[name])) if name in _ROLES else (need,)
    return rows


ROWS = _rows()

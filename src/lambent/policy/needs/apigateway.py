"""Amazon API Gateway ("Actions, resources, and condition keys for Amazon API Gateway Management", Service Authorization
Reference): the action is the HTTP method, the resource what is addressed, and neither names the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from lambent.policy.needs.rows import Need, always, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.policy.needs.rows import Needs, Resource, Where

# Paths with the members that stand in them: method and operation, in turn.
_PATHS: Mapping[str, str] = {
    "/account": "GET GetAccount PATCH UpdateAccount",
    "/apikeys": "GET GetApiKeys POST CreateApiKey POST ImportApiKeys",
    "/apikeys/{apiKey}": "DELETE DeleteApiKey GET GetApiKey PATCH UpdateApiKey",
    "/clientcertificates": "GET GetClientCertificates POST GenerateClientCertificate",
    "/clientcertificates/{clientCertificateId}": (
        "DELETE DeleteClientCertificate GET GetClientCertificate PATCH UpdateClientCertificate"
    ),
    "/domainnameaccessassociations": (
        "GET GetDomainNameAccessAssociations POST CreateDomainNameAccessAssociation"
    ),
    "/domainnameaccessassociations/{domainNameAccessAssociationArn}": (
        "DELETE DeleteDomainNameAccessAssociation"
    ),
    "/domainnames": "GET GetDomainNames POST CreateDomainName",
    "/domainnames/{domainName}": "DELETE DeleteDomainName GET GetDomainName PATCH UpdateDomainName",
    "/domainnames/{domainName}/basepathmappings": (
        "GET GetBasePathMappings POST CreateBasePathMapping"
    ),
    "/domainnames/{domainName}/basepathmappings/{basePath}": (
        "DELETE DeleteBasePathMapping GET GetBasePathMapping PATCH UpdateBasePathMapping"
    ),
    "/rejectdomainnameaccessassociations": "POST RejectDomainNameAccessAssociation",
    "/restapis": "GET GetRestApis POST CreateRestApi POST ImportRestApi",
    "/restapis/{restApiId}": (
        "DELETE DeleteRestApi GET GetRestApi PATCH UpdateRestApi PUT PutRestApi"
    ),
    "/restapis/{restApiId}/authorizers": "GET GetAuthorizers POST CreateAuthorizer",
    "/restapis/{restApiId}/authorizers/{authorizerId}": (
        "DELETE DeleteAuthorizer GET GetAuthorizer PATCH UpdateAuthorizer POST TestInvokeAuthorizer"
    ),
    "/restapis/{restApiId}/deployments": "GET GetDeployments POST CreateDeployment",
    "/restapis/{restApiId}/deployments/{deploymentId}": (
        "DELETE DeleteDeployment GET GetDeployment PATCH UpdateDeployment"
    ),
    "/restapis/{restApiId}/documentation/parts": (
        "GET GetDocumentationParts POST CreateDocumentationPart PUT ImportDocumentationParts"
    ),
    "/restapis/{restApiId}/documentation/parts/{documentationPartId}": (
        "DELETE DeleteDocumentationPart GET GetDocumentationPart PATCH UpdateDocumentationPart"
    ),
    "/restapis/{restApiId}/documentation/versions": (
        "GET GetDocumentationVersions POST CreateDocumentationVersion"
    ),
    "/restapis/{restApiId}/documentation/versions/{documentationVersion}": (
        "DELETE DeleteDocumentationVersion GET GetDocumentationVersion "
        "PATCH UpdateDocumentationVersion"
    ),
    "/restapis/{restApiId}/gatewayresponses": "GET GetGatewayResponses",
    "/restapis/{restApiId}/gatewayresponses/{responseType}": (
        "DELETE DeleteGatewayResponse GET GetGatewayResponse PATCH UpdateGatewayResponse "
        "PUT PutGatewayResponse"
    ),
    "/restapis/{restApiId}/models": "GET GetModels POST CreateModel",
    "/restapis/{restApiId}/models/{modelName}": "DELETE DeleteModel GET GetModel PATCH UpdateModel",
    "/restapis/{restApiId}/models/{modelName}/default_template": "GET GetModelTemplate",
    "/restapis/{restApiId}/requestvalidators": (
        "GET GetRequestValidators POST CreateRequestValidator"
    ),
    "/restapis/{restApiId}/requestvalidators/{requestValidatorId}": (
        "DELETE DeleteRequestValidator GET GetRequestValidator PATCH UpdateRequestValidator"
    ),
    "/restapis/{restApiId}/resources": "GET GetResources",
    "/restapis/{restApiId}/resources/{parentId}": "POST CreateResource",
    "/restapis/{restApiId}/resources/{resourceId}": (
        "DELETE DeleteResource GET GetResource PATCH UpdateResource"
    ),
    "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}": (
        "DELETE DeleteMethod GET GetMethod PATCH UpdateMethod POST TestInvokeMethod PUT PutMethod"
    ),
    "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/integration": (
        "DELETE DeleteIntegration GET GetIntegration PATCH UpdateIntegration PUT PutIntegration"
    ),
    "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/integration/responses/{statusCode}": (
        "DELETE DeleteIntegrationResponse GET GetIntegrationResponse "
        "PATCH UpdateIntegrationResponse PUT PutIntegrationResponse"
    ),
    "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/responses/{statusCode}": (
        "DELETE DeleteMethodResponse GET GetMethodResponse PATCH UpdateMethodResponse "
        "PUT PutMethodResponse"
    ),
    "/restapis/{restApiId}/stages": "GET GetStages POST CreateStage",
    "/restapis/{restApiId}/stages/{stageName}": "DELETE DeleteStage GET GetStage PATCH UpdateStage",
    "/restapis/{restApiId}/stages/{stageName}/cache/authorizers": (
        "DELETE FlushStageAuthorizersCache"
    ),
    "/restapis/{restApiId}/stages/{stageName}/cache/data": "DELETE FlushStageCache",
    "/restapis/{restApiId}/stages/{stageName}/exports/{exportType}": "GET GetExport",
    "/restapis/{restApiId}/stages/{stageName}/sdks/{sdkType}": "GET GetSdk",
    "/sdktypes": "GET GetSdkTypes",
    "/sdktypes/{id}": "GET GetSdkType",
    "/tags/{resourceArn}": "DELETE UntagResource GET GetTags PUT TagResource",
    "/usageplans": "GET GetUsagePlans POST CreateUsagePlan",
    "/usageplans/{usagePlanId}": "DELETE DeleteUsagePlan GET GetUsagePlan PATCH UpdateUsagePlan",
    "/usageplans/{usagePlanId}/keys": "GET GetUsagePlanKeys POST CreateUsagePlanKey",
    "/usageplans/{usagePlanId}/keys/{keyId}": "DELETE DeleteUsagePlanKey GET GetUsagePlanKey",
    "/usageplans/{usagePlanId}/keys/{keyId}/usage": "PATCH UpdateUsage",
    "/usageplans/{usagePlanId}/usage": "GET GetUsage",
    "/vpclinks": "GET GetVpcLinks POST CreateVpcLink",
    "/vpclinks/{vpcLinkId}": "DELETE DeleteVpcLink GET GetVpcLink PATCH UpdateVpcLink",
}
# Operations that bring tags, and the member that they are in.
_TAGS: Mapping[str, str] = {
    "CreateApiKey": "tags",
    "CreateDomainName": "tags",
    "CreateDomainNameAccessAssociation": "tags",
    "CreateRestApi": "tags",
    "CreateStage": "tags",
    "CreateUsagePlan": "tags",
    "CreateVpcLink": "tags",
    "GenerateClientCertificate": "tags",
    "TagResource": "tags",
    "UntagResource": "tagKeys",
}


# Whoever hands a role to the service must be allowed to ("Grant an IAM role permission to ..."). The roles in documents
# that are imported are asked for by the operation itself.
_WITH_ROLES = frozenset(
    {
        "CreateAuthorizer",
        "PutIntegration",
        "UpdateAccount",
        "UpdateAuthorizer",
        "UpdateIntegration",
    }
)
_ROLE_PATHS = frozenset({"/credentials", "/authorizerCredentials", "/cloudwatchRoleArn"})


def at(path: str) -> Resource:
    """The ARN of what a path addresses. An ARN within a path is encoded, as it is in the request."""
    parts = path.split("/")

    def resource(where: Where) -> str:
        filled = [
            quote(where.text(part[1:-1]), safe="*-._~") if part.startswith("{") else part
            for part in parts
        ]
        return f"arn:aws:apigateway:{where.region}::{'/'.join(filled)}"

    return resource


def _passed(where: Where) -> list[str]:
    """The roles that a request hands to API Gateway, in a member or in a patch operation."""
    given = [where.text(name) for name in ("credentials", "authorizerCredentials")]
    given += [
        str(operation.get("value") or "")
        for operation in where.document.get("patchOperations") or ()
        if operation and operation.get("path") in _ROLE_PATHS
    ]
    return [canonical(each) for each in given if ":role/" in each]


def _rows() -> dict[str, Needs]:
    rows: dict[str, Needs] = {}
    for path, listed in _PATHS.items():
        resource = at(path)
        words = listed.split()
        for method, name in zip(words[::2], words[1::2], strict=True):
            need = Need(f"apigateway:{method}", resource, has_tags=_TAGS.get(name, ""))
            rows[name] = (need, _PASS_ROLE) if name in _WITH_ROLES else (need,)
    return rows


_PASS_ROLE = Need(
    "iam:PassRole",
    _passed,
    {"iam:passedtoservice": always("apigateway.amazonaws.com")},
    is_own_side=True,
)
ROWS = _rows()

"""Tables of operations, by what they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.service import Operation, read, waits, write
from lambent.services.apigatewayv2 import websocket_parts
from lambent.services.apigatewayv2.api_mappings import ApiMappings
from lambent.services.apigatewayv2.apis import Apis
from lambent.services.apigatewayv2.authorizers import Authorizers
from lambent.services.apigatewayv2.deployments import Deployments
from lambent.services.apigatewayv2.domain_names import DomainNames
from lambent.services.apigatewayv2.integrations import Integrations
from lambent.services.apigatewayv2.open_api.exporting import export_api
from lambent.services.apigatewayv2.open_api.imports import Imports
from lambent.services.apigatewayv2.routes import Routes
from lambent.services.apigatewayv2.routing_rules import RoutingRules
from lambent.services.apigatewayv2.stages import Stages
from lambent.services.apigatewayv2.tags import Tags

if TYPE_CHECKING:
    from lambent.core.ports import Authority, Database
    from lambent.services.apigatewayv2.publishing import Publisher

Table = dict[str, Operation]


def definition_operations(
    publisher: Publisher, database: Database, authority: Authority | None
) -> Table:
    """APIs, routes, integrations, authorizers."""
    apis, routes = Apis(publisher), Routes(publisher)
    integrations, authorizers = Integrations(publisher), Authorizers(publisher)
    imports = Imports(database, publisher, authority)
    return {
        "CreateApi": write(apis.create_api),
        "CreateAuthorizer": write(authorizers.create_authorizer),
        "CreateIntegration": write(integrations.create_integration),
        "CreateRoute": write(routes.create_route),
        "DeleteApi": write(apis.delete_api),
        "DeleteAuthorizer": write(authorizers.delete_authorizer),
        "DeleteCorsConfiguration": write(apis.delete_cors_configuration),
        "DeleteIntegration": write(integrations.delete_integration),
        "DeleteRoute": write(routes.delete_route),
        "DeleteRouteRequestParameter": write(routes.delete_route_request_parameter),
        "ExportApi": read(export_api),
        "GetApi": read(apis.get_api),
        "GetApis": read(apis.get_apis),
        "GetAuthorizer": read(authorizers.get_authorizer),
        "GetAuthorizers": read(authorizers.get_authorizers),
        "GetIntegration": read(integrations.get_integration),
        "GetIntegrations": read(integrations.get_integrations),
        "GetRoute": read(routes.get_route),
        "GetRoutes": read(routes.get_routes),
        "ImportApi": waits(imports.import_api),
        "ReimportApi": waits(imports.reimport_api),
        "UpdateApi": write(apis.update_api),
        "UpdateAuthorizer": write(authorizers.update_authorizer),
        "UpdateIntegration": write(integrations.update_integration),
        "UpdateRoute": write(routes.update_route),
    }


def deployment_operations(publisher: Publisher) -> Table:
    """Deployments, stages, domain names with mappings and rules, tags."""
    deployments, stages = Deployments(publisher), Stages(publisher)
    domains, mappings, tags = DomainNames(publisher), ApiMappings(publisher), Tags(publisher)
    rules = RoutingRules(publisher)
    return {
        "CreateApiMapping": write(mappings.create_api_mapping),
        "CreateDeployment": write(deployments.create_deployment),
        "CreateDomainName": write(domains.create_domain_name),
        "CreateRoutingRule": write(rules.create_routing_rule),
        "CreateStage": write(stages.create_stage),
        "DeleteAccessLogSettings": write(stages.delete_access_log_settings),
        "DeleteApiMapping": write(mappings.delete_api_mapping),
        "DeleteDeployment": write(deployments.delete_deployment),
        "DeleteDomainName": write(domains.delete_domain_name),
        "DeleteRouteSettings": write(stages.delete_route_settings),
        "DeleteRoutingRule": write(rules.delete_routing_rule),
        "DeleteStage": write(stages.delete_stage),
        "GetApiMapping": read(mappings.get_api_mapping),
        "GetApiMappings": read(mappings.get_api_mappings),
        "GetDeployment": read(deployments.get_deployment),
        "GetDeployments": read(deployments.get_deployments),
        "GetDomainName": read(domains.get_domain_name),
        "GetDomainNames": read(domains.get_domain_names),
        "GetRoutingRule": read(rules.get_routing_rule),
        "GetStage": read(stages.get_stage),
        "GetStages": read(stages.get_stages),
        "GetTags": read(tags.get_tags),
        "ListRoutingRules": read(rules.list_routing_rules),
        "PutRoutingRule": write(rules.put_routing_rule),
        "ResetAuthorizersCache": write(stages.reset_authorizers_cache),
        "TagResource": write(tags.tag_resource),
        "UntagResource": write(tags.untag_resource),
        "UpdateApiMapping": write(mappings.update_api_mapping),
        "UpdateDeployment": write(deployments.update_deployment),
        "UpdateDomainName": write(domains.update_domain_name),
        "UpdateStage": write(stages.update_stage),
    }


def websocket_operations() -> Table:
    """What an HTTP API has none of."""
    none_of, absent, refused = (
        websocket_parts.none_of,
        websocket_parts.absent,
        websocket_parts.refused,
    )
    model = absent("Model", "ModelId")
    route_response = absent("RouteResponse", "RouteResponseId")
    integration_response = absent("IntegrationResponse", "IntegrationResponseId")
    return {
        "CreateIntegrationResponse": write(refused(websocket_parts.NO_INTEGRATION_RESPONSES)),
        "CreateModel": write(refused(websocket_parts.NO_MODELS)),
        "CreateRouteResponse": write(refused(websocket_parts.NO_ROUTE_RESPONSES)),
        "DeleteIntegrationResponse": write(integration_response),
        "DeleteModel": write(model),
        "DeleteRouteResponse": write(route_response),
        "GetIntegrationResponse": read(integration_response),
        "GetIntegrationResponses": read(none_of),
        "GetModel": read(model),
        "GetModelTemplate": read(model),
        "GetModels": read(none_of),
        "GetRouteResponse": read(route_response),
        "GetRouteResponses": read(none_of),
        "UpdateIntegrationResponse": write(integration_response),
        "UpdateModel": write(model),
        "UpdateRouteResponse": write(route_response),
    }

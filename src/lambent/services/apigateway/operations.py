"""Tables of operations, by what they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.service import Operation, read, waits, write
from lambent.services.apigateway import (
    account,
    authorizers,
    documentation,
    gateway_responses,
    integrations,
    methods,
    models,
    request_validators,
    resources,
    sdk_types,
)
from lambent.services.apigateway.api_keys import ApiKeys
from lambent.services.apigateway.client_certificates import ClientCertificates
from lambent.services.apigateway.deployments import Deployments
from lambent.services.apigateway.documentation_versions import DocumentationVersions
from lambent.services.apigateway.domain_names import DomainNames
from lambent.services.apigateway.empty_templates import nulled
from lambent.services.apigateway.open_api.exporting import get_export
from lambent.services.apigateway.open_api.imports import Imports
from lambent.services.apigateway.rest_apis import RestApis
from lambent.services.apigateway.stages import StageOperations
from lambent.services.apigateway.tags import Tags
from lambent.services.apigateway.usage import Usage
from lambent.services.apigateway.usage_plans import UsagePlans

if TYPE_CHECKING:
    from lambent.core.ports import Authority, Database
    from lambent.services.apigateway.publishing import Publisher
    from lambent.services.apigateway.trial_invocations import TrialInvocations
    from lambent.services.apigateway.usage_counts import UsageCounts

Table = dict[str, Operation]


def definition_operations(
    publisher: Publisher, database: Database, authority: Authority | None
) -> Table:
    """APIs, resources, models, request validators, authorizers, gateway responses."""
    apis, imports = RestApis(publisher), Imports(database, publisher, authority)
    return {
        "CreateAuthorizer": write(authorizers.create_authorizer),
        "CreateModel": write(models.create_model),
        "CreateRequestValidator": write(request_validators.create_request_validator),
        "CreateResource": write(resources.create_resource),
        "CreateRestApi": write(apis.create_rest_api),
        "DeleteAuthorizer": write(authorizers.delete_authorizer),
        "DeleteGatewayResponse": write(gateway_responses.delete_gateway_response),
        "DeleteModel": write(models.delete_model),
        "DeleteRequestValidator": write(request_validators.delete_request_validator),
        "DeleteResource": write(resources.delete_resource),
        "DeleteRestApi": write(apis.delete_rest_api),
        "GetAuthorizer": read(authorizers.get_authorizer),
        "GetAuthorizers": read(authorizers.get_authorizers),
        "GetExport": read(get_export),
        "GetGatewayResponse": read(gateway_responses.get_gateway_response),
        "GetGatewayResponses": read(gateway_responses.get_gateway_responses),
        "GetModel": read(models.get_model),
        "GetModelTemplate": read(models.get_model_template),
        "GetModels": read(models.get_models),
        "GetRequestValidator": read(request_validators.get_request_validator),
        "GetRequestValidators": read(request_validators.get_request_validators),
        "GetResource": read(nulled(resources.get_resource)),
        "GetResources": read(nulled(resources.get_resources)),
        "GetRestApi": read(apis.get_rest_api),
        "GetRestApis": read(apis.get_rest_apis),
        "ImportRestApi": waits(imports.import_rest_api),
        "PutGatewayResponse": write(gateway_responses.put_gateway_response),
        "PutRestApi": waits(imports.put_rest_api),
        "UpdateAuthorizer": write(authorizers.update_authorizer),
        "UpdateGatewayResponse": write(gateway_responses.update_gateway_response),
        "UpdateModel": write(models.update_model),
        "UpdateRequestValidator": write(request_validators.update_request_validator),
        "UpdateResource": write(resources.update_resource),
        "UpdateRestApi": write(apis.update_rest_api),
    }


def method_operations() -> Table:
    """Methods, integrations and the responses of both."""
    return {
        "DeleteIntegration": write(integrations.delete_integration),
        "DeleteIntegrationResponse": write(integrations.delete_integration_response),
        "DeleteMethod": write(methods.delete_method),
        "DeleteMethodResponse": write(methods.delete_method_response),
        "GetIntegration": read(nulled(integrations.get_integration)),
        "GetIntegrationResponse": read(nulled(integrations.get_integration_response)),
        "GetMethod": read(nulled(methods.get_method)),
        "GetMethodResponse": read(methods.get_method_response),
        "PutIntegration": write(nulled(integrations.put_integration)),
        "PutIntegrationResponse": write(nulled(integrations.put_integration_response)),
        "PutMethod": write(methods.put_method),
        "PutMethodResponse": write(methods.put_method_response),
        "UpdateIntegration": write(nulled(integrations.update_integration)),
        "UpdateIntegrationResponse": write(nulled(integrations.update_integration_response)),
        "UpdateMethod": write(nulled(methods.update_method)),
        "UpdateMethodResponse": write(methods.update_method_response),
    }


def deployment_operations(publisher: Publisher) -> Table:
    """Deployments, stages, domain names."""
    deployments, stages = Deployments(publisher), StageOperations(publisher)
    domains = DomainNames(publisher)
    return {
        "CreateBasePathMapping": write(domains.create_base_path_mapping),
        "CreateDeployment": write(deployments.create_deployment),
        "CreateDomainName": write(domains.create_domain_name),
        "CreateStage": write(stages.create_stage),
        "DeleteBasePathMapping": write(domains.delete_base_path_mapping),
        "DeleteDeployment": write(deployments.delete_deployment),
        "DeleteDomainName": write(domains.delete_domain_name),
        "DeleteStage": write(stages.delete_stage),
        "FlushStageAuthorizersCache": write(stages.flush_authorizers_cache),
        "FlushStageCache": write(stages.flush_stage_cache),
        "GetBasePathMapping": read(domains.get_base_path_mapping),
        "GetBasePathMappings": read(domains.get_base_path_mappings),
        "GetDeployment": read(deployments.get_deployment),
        "GetDeployments": read(deployments.get_deployments),
        "GetDomainName": read(domains.get_domain_name),
        "GetDomainNames": read(domains.get_domain_names),
        "GetStage": read(stages.get_stage),
        "GetStages": read(stages.get_stages),
        "UpdateBasePathMapping": write(domains.update_base_path_mapping),
        "UpdateDeployment": write(deployments.update_deployment),
        "UpdateDomainName": write(domains.update_domain_name),
        "UpdateStage": write(stages.update_stage),
    }


def certificate_operations(database: Database) -> Table:
    """Client certificates."""
    certificates = ClientCertificates(database)
    return {
        "DeleteClientCertificate": write(certificates.delete),
        "GenerateClientCertificate": waits(certificates.generate),
        "GetClientCertificate": read(certificates.get),
        "GetClientCertificates": read(certificates.list),
        "UpdateClientCertificate": write(certificates.update),
    }


def access_operations(publisher: Publisher, database: Database, counts: UsageCounts) -> Table:
    """API keys, usage plans and usage."""
    keys, plans = ApiKeys(publisher), UsagePlans(publisher, counts)
    usage = Usage(database, counts)
    return {
        "CreateApiKey": write(keys.create_api_key),
        "CreateUsagePlan": write(plans.create_usage_plan),
        "CreateUsagePlanKey": write(plans.create_usage_plan_key),
        "DeleteApiKey": write(keys.delete_api_key),
        "DeleteUsagePlan": write(plans.delete_usage_plan),
        "DeleteUsagePlanKey": write(plans.delete_usage_plan_key),
        "GetApiKey": read(keys.get_api_key),
        "GetApiKeys": read(keys.get_api_keys),
        "GetUsage": waits(usage.get_usage),
        "GetUsagePlan": read(plans.get_usage_plan),
        "GetUsagePlanKey": read(plans.get_usage_plan_key),
        "GetUsagePlanKeys": read(plans.get_usage_plan_keys),
        "GetUsagePlans": read(plans.get_usage_plans),
        "ImportApiKeys": write(keys.import_api_keys),
        "UpdateApiKey": write(keys.update_api_key),
        "UpdateUsage": waits(usage.update_usage),
        "UpdateUsagePlan": write(plans.update_usage_plan),
    }


def documentation_operations(publisher: Publisher) -> Table:
    """Documentation parts and versions."""
    versions = DocumentationVersions(publisher)
    return {
        "CreateDocumentationPart": write(documentation.create_documentation_part),
        "CreateDocumentationVersion": write(versions.create),
        "DeleteDocumentationPart": write(documentation.delete_documentation_part),
        "DeleteDocumentationVersion": write(versions.delete),
        "GetDocumentationPart": read(documentation.get_documentation_part),
        "GetDocumentationParts": read(documentation.get_documentation_parts),
        "GetDocumentationVersion": read(versions.get),
        "GetDocumentationVersions": read(versions.list),
        "ImportDocumentationParts": write(documentation.import_documentation_parts),
        "UpdateDocumentationPart": write(documentation.update_documentation_part),
        "UpdateDocumentationVersion": write(versions.update),
    }


def other_operations(publisher: Publisher, trials: TrialInvocations) -> Table:
    """Tags, the account, kinds of SDKs, test invocations."""
    tags = Tags(publisher)
    return {
        "GetAccount": read(account.get_account),
        "GetSdkType": read(sdk_types.get_sdk_type),
        "GetSdkTypes": read(sdk_types.get_sdk_types),
        "GetTags": read(tags.get_tags),
        "TagResource": write(tags.tag_resource),
        "TestInvokeAuthorizer": waits(trials.test_invoke_authorizer),
        "TestInvokeMethod": waits(trials.test_invoke_method),
        "UntagResource": write(tags.untag_resource),
        "UpdateAccount": write(account.update_account),
    }

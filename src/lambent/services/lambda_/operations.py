"""Tables of operations, by what they are about: those that need little of the rest of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.service import Operation, read, waits, write
from lambent.services.lambda_ import scaling
from lambent.services.lambda_.code_signing import CodeSigning
from lambent.services.lambda_.event_invoke_configs import EventInvokeConfigs
from lambent.services.lambda_.function_policies import FunctionPolicies
from lambent.services.lambda_.layer_policies import LayerPolicies
from lambent.services.lambda_.permissions import Permissions
from lambent.services.lambda_.revisions import Revisions
from lambent.services.lambda_.tags import TagOperations
from lambent.services.lambda_.urls import Urls

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambent.services.lambda_.aliases import Aliases
    from lambent.services.lambda_.destinations import Destinations
    from lambent.services.lambda_.event_sources import EventSources
    from lambent.services.lambda_.functions import Functions
    from lambent.services.lambda_.layers import Layers
    from lambent.services.lambda_.live_urls import LiveUrls
    from lambent.services.lambda_.provisioned import ProvisionedConcurrency
    from lambent.services.lambda_.registry import Registry
    from lambent.services.lambda_.reservations import Reservations
    from lambent.services.lambda_.resource_book import ResourceBook
    from lambent.services.lambda_.runtime_policy import RuntimePolicy
    from lambent.services.lambda_.updates import Updates
    from lambent.services.lambda_.versions import Versions

Table = dict[str, Operation]


def function_operations(
    functions: Functions, updates: Updates, versions: Versions, finished: Callable[[Any], Any]
) -> Table:
    """Functions and their versions. `finished` makes an operation that is carried through."""
    return {
        "CreateFunction": waits(finished(functions.create_function)),
        "DeleteFunction": waits(finished(functions.delete_function)),
        "GetFunction": read(functions.get_function),
        "GetFunctionConfiguration": read(functions.get_function_configuration),
        "ListFunctions": read(functions.list_functions),
        "ListVersionsByFunction": read(versions.list_versions_by_function),
        "PublishVersion": waits(finished(versions.publish_version)),
        "UpdateFunctionCode": waits(finished(updates.update_function_code)),
        "UpdateFunctionConfiguration": waits(finished(updates.update_function_configuration)),
    }


def alias_operations(aliases: Aliases) -> Table:
    return {
        "CreateAlias": write(aliases.create_alias),
        "DeleteAlias": write(aliases.delete_alias),
        "GetAlias": read(aliases.get_alias),
        "ListAliases": read(aliases.list_aliases),
        "UpdateAlias": write(aliases.update_alias),
    }


def layer_operations(layers: Layers, finished: Callable[[Any], Any]) -> Table:
    """Layers and their policies. `finished` makes an operation that is carried through."""
    policies = LayerPolicies(layers.book)
    return {
        "AddLayerVersionPermission": write(policies.add_permission),
        "DeleteLayerVersion": write(layers.delete_layer_version),
        "GetLayerVersion": read(layers.get_layer_version),
        "GetLayerVersionByArn": read(layers.get_layer_version_by_arn),
        "GetLayerVersionPolicy": read(policies.get_policy),
        "ListLayerVersions": read(layers.list_layer_versions),
        "ListLayers": read(layers.list_layers),
        "PublishLayerVersion": waits(finished(layers.publish_layer_version)),
        "RemoveLayerVersionPermission": write(policies.remove_permission),
    }


def permission_operations(registry: Registry) -> Table:
    """Resource policies and tags."""
    revisions = Revisions(registry)
    permissions, tags = Permissions(revisions), TagOperations(revisions)
    return {
        "AddPermission": write(permissions.add_permission),
        "DeleteResourcePolicy": write(permissions.delete_resource_policy),
        "GetPolicy": read(permissions.get_policy),
        "GetResourcePolicy": read(permissions.get_resource_policy),
        "ListTags": read(tags.list_tags),
        "PutResourcePolicy": write(permissions.put_resource_policy),
        "RemovePermission": write(permissions.remove_permission),
        "TagResource": write(tags.tag_resource),
        "UntagResource": write(tags.untag_resource),
    }


def concurrency_operations(
    reservations: Reservations, provisioned: ProvisionedConcurrency
) -> Table:
    """Reserved and provisioned concurrency, and the account's limits."""
    return {
        "DeleteFunctionConcurrency": write(reservations.delete_function_concurrency),
        "DeleteProvisionedConcurrencyConfig": write(provisioned.delete),
        "GetAccountSettings": read(reservations.get_account_settings),
        "GetFunctionConcurrency": read(reservations.get_function_concurrency),
        "GetProvisionedConcurrencyConfig": read(provisioned.get),
        "ListProvisionedConcurrencyConfigs": read(provisioned.list),
        "PutFunctionConcurrency": write(reservations.put_function_concurrency),
        "PutProvisionedConcurrencyConfig": write(provisioned.put),
    }


def configuration_operations(
    destinations: Destinations, policy: RuntimePolicy, live_urls: LiveUrls
) -> Table:
    """What is configured beside a function: asynchronous invocation, runtime updates, recursion, scaling, URLs."""
    events, functions = EventInvokeConfigs(destinations), FunctionPolicies(policy)
    urls = Urls(live_urls)
    return {
        "CreateFunctionUrlConfig": write(urls.create),
        "DeleteFunctionEventInvokeConfig": write(events.delete),
        "DeleteFunctionUrlConfig": write(urls.delete),
        "GetFunctionEventInvokeConfig": read(events.get),
        "GetFunctionRecursionConfig": read(functions.get_function_recursion_config),
        "GetFunctionScalingConfig": read(scaling.refuse),
        "GetFunctionUrlConfig": read(urls.get),
        "GetRuntimeManagementConfig": read(functions.get_runtime_management_config),
        "ListFunctionEventInvokeConfigs": read(events.list),
        "ListFunctionUrlConfigs": read(urls.list),
        "PutFunctionEventInvokeConfig": write(events.put),
        "PutFunctionRecursionConfig": write(functions.put_function_recursion_config),
        "PutFunctionScalingConfig": write(scaling.refuse),
        "PutRuntimeManagementConfig": write(functions.put_runtime_management_config),
        "UpdateFunctionEventInvokeConfig": write(events.update),
        "UpdateFunctionUrlConfig": write(urls.update),
    }


def signing_operations(book: ResourceBook) -> Table:
    """Code signing."""
    signing = CodeSigning(book)
    return {
        "CreateCodeSigningConfig": write(signing.create),
        "DeleteCodeSigningConfig": write(signing.delete),
        "DeleteFunctionCodeSigningConfig": write(signing.delete_of_function),
        "GetCodeSigningConfig": read(signing.get),
        "GetFunctionCodeSigningConfig": read(signing.get_of_function),
        "ListCodeSigningConfigs": read(signing.list),
        "ListFunctionsByCodeSigningConfig": read(signing.list_functions),
        "PutFunctionCodeSigningConfig": write(signing.put_of_function),
        "UpdateCodeSigningConfig": write(signing.update),
    }


def event_source_operations(sources: EventSources) -> Table:
    """Event source mappings."""
    return {
        "CreateEventSourceMapping": write(sources.create),
        "DeleteEventSourceMapping": write(sources.delete),
        "GetEventSourceMapping": read(sources.get),
        "ListEventSourceMappings": read(sources.list),
        "UpdateEventSourceMapping": write(sources.update),
    }

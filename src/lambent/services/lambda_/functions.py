"""Functions: create, show, list, delete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.core.pagination import make_token
from lambent.services.lambda_ import configurations, repository
from lambent.services.lambda_.aliases import refuse_aliased
from lambent.services.lambda_.code_signing import attach
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.layer_uses import check_unpacked
from lambent.services.lambda_.model import Function
from lambent.services.lambda_.names import LATEST, parse_function_name
from lambent.services.lambda_.paging import marked, page_size
from lambent.services.lambda_.qualifiers import resolve
from lambent.services.lambda_.resources import CONCURRENCY
from lambent.services.lambda_.settings import new_settings
from lambent.services.lambda_.tags import check_tags
from lambent.services.lambda_.timestamps import calendar_ms
from lambent.services.lambda_.unserved import refuse_unserved

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        CreateFunctionRequestTypeDef,
        DeleteFunctionRequestTypeDef,
        FunctionConfigurationTypeDef,
        GetFunctionRequestTypeDef,
        ListFunctionsRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.changes import Changes
    from lambent.services.lambda_.code_links import CodeLinks
    from lambent.services.lambda_.code_sources import CodeSources
    from lambent.services.lambda_.destinations import Destinations
    from lambent.services.lambda_.execution_roles import ExecutionRoles
    from lambent.services.lambda_.layer_uses import LayerUses
    from lambent.services.lambda_.runtime_policy import RuntimePolicy


@dataclass(frozen=True, slots=True)
class Functions:
    """The operations on a function as such, with what they need."""

    changes: Changes
    links: CodeLinks
    sources: CodeSources
    layers: LayerUses
    destinations: Destinations
    policy: RuntimePolicy
    roles: ExecutionRoles

    async def create_function(
        self, context: RequestContext, request: CreateFunctionRequestTypeDef
    ) -> FunctionConfigurationTypeDef:
        refuse_unserved("CreateFunction", request)
        ref = parse_function_name(request["FunctionName"], context.scope)
        if ref.qualifier:
            raise InvalidParameterValue("A function cannot be created with a qualifier.")
        settings = new_settings(request)
        self.policy.admit(settings.runtime, ref.arn)
        self.roles.check(settings.role, ref.arn)
        self.destinations.check_dead_letter(ref, request)
        check_tags(request.get("Tags", {}))
        self.sources.check(request["Code"])
        signing_arn = request.get("CodeSigningConfigArn", "")
        await self.changes.refuse_existing(ref, signing_arn)
        async with self.changes.deploying():
            layers = await self.layers.resolve(context, request.get("Layers", ()))
            archive = await self.sources.fetch(request["Code"])
            interpreter = self.policy.interpreter(settings.runtime)
            async with self.changes.package(archive, interpreter) as code:
                check_unpacked(code.unpacked, layers)
                function = Function(
                    scope=ref.scope,
                    name=ref.name,
                    settings=replace(settings, layers=layers),
                    code=code,
                    revision_id=ids.uuid(),
                    deployment_id=ids.hex_id(),
                    modified_ms=calendar_ms(context.now),
                    tags=dict(request.get("Tags", {})),
                )
                function = await self.changes.create(
                    function,
                    ref,
                    partial(attach, ref=ref, arn=signing_arn) if signing_arn else None,
                    publishes=request.get("Publish", False),
                )
        return configurations.configuration(function, self.policy)

    def get_function(
        self, tx: Tx, context: RequestContext, request: GetFunctionRequestTypeDef
    ) -> Document:
        function, qualifier = _find(tx, context, request)
        document: dict[str, object] = {
            "Configuration": configurations.configuration(function, self.policy, qualifier),
            "Code": {
                "RepositoryType": "S3",
                "Location": self.links.make(context.endpoint, function.code.archive),
            },
        }
        latest = repository.find(tx, function.scope, function.name)
        if latest is not None and latest.tags:
            document["Tags"] = dict(latest.tags)
        if reserved := CONCURRENCY.find(tx, function.scope, function.name, ""):
            document["Concurrency"] = reserved
        return document

    def get_function_configuration(
        self, tx: Tx, context: RequestContext, request: GetFunctionRequestTypeDef
    ) -> FunctionConfigurationTypeDef:
        function, qualifier = _find(tx, context, request)
        return configurations.configuration(function, self.policy, qualifier)

    def list_functions(
        self, tx: Tx, context: RequestContext, request: ListFunctionsRequestTypeDef
    ) -> Document:
        refuse_unserved("ListFunctions", request)
        size = page_size(request)
        name, _, version = marked(request).partition(":")
        is_all = "FunctionVersion" in request
        if is_all:
            after = (name, int(version) if version.isdigit() else -1)
            found = repository.page_of_versions(tx, context.scope, after, size + 1)
        else:
            found = repository.page(tx, context.scope, name, size + 1)
        document: dict[str, object] = {
            "Functions": [
                configurations.listed(function, function.qualifier if is_all else "")
                for function in found[:size]
            ]
        }
        if len(found) > size:
            last = found[size - 1]
            document["NextMarker"] = make_token(f"{last.name}:{last.version}")
        return document

    async def delete_function(
        self, context: RequestContext, request: DeleteFunctionRequestTypeDef
    ) -> Document:
        ref = parse_function_name(
            request["FunctionName"], context.scope, request.get("Qualifier", "")
        )
        if ref.qualifier == LATEST:
            raise InvalidParameterValue(
                "$LATEST version cannot be deleted without deleting the function."
            )
        if ref.qualifier and not ref.qualifier.isdigit():
            raise InvalidParameterValue("Deletion of aliases is not currently supported.")
        if ref.qualifier:
            await self.changes.delete_version(ref, partial(refuse_aliased, ref=ref))
        else:
            await self.changes.delete(ref)
        return {"StatusCode": 204}


def _find(
    tx: Tx, context: RequestContext, request: GetFunctionRequestTypeDef
) -> tuple[Function, str]:
    """The version that a reading request names, and the qualifier that it was named with."""
    ref = parse_function_name(request["FunctionName"], context.scope, request.get("Qualifier", ""))
    return resolve(tx, ref), ref.qualifier

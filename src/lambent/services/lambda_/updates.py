"""Updates of a function's code and configuration. What they change holds for every invocation from the answer on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lambent.services.lambda_ import configurations
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.layer_uses import check_unpacked
from lambent.services.lambda_.names import parse_function_name
from lambent.services.lambda_.settings import changed_settings
from lambent.services.lambda_.unserved import refuse_unserved

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        FunctionConfigurationTypeDef,
        UpdateFunctionCodeRequestTypeDef,
        UpdateFunctionConfigurationRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.services.lambda_.changes import Changes
    from lambent.services.lambda_.code_sources import CodeSources
    from lambent.services.lambda_.destinations import Destinations
    from lambent.services.lambda_.execution_roles import ExecutionRoles
    from lambent.services.lambda_.layer_uses import LayerUses
    from lambent.services.lambda_.model import Code, Function, LayerUse
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.runtime_policy import RuntimePolicy


@dataclass(frozen=True, slots=True)
class Updates:
    """The two update operations, with what they need."""

    changes: Changes
    sources: CodeSources
    layers: LayerUses
    destinations: Destinations
    policy: RuntimePolicy
    roles: ExecutionRoles

    async def update_function_code(
        self, context: RequestContext, request: UpdateFunctionCodeRequestTypeDef
    ) -> FunctionConfigurationTypeDef:
        refuse_unserved("UpdateFunctionCode", request)
        ref = _unqualified(request["FunctionName"], context)
        if request.get("ImageUri"):
            raise InvalidParameterValue(
                "Please don't provide ImageUri when updating a function with packageType Zip."
            )
        self.sources.check(request)

        def change(function: Function, code: Code) -> Function:
            check_unpacked(code.unpacked, function.settings.layers)
            settings = changed_settings(
                function.settings, {"Architectures": request.get("Architectures")}
            )
            return replace(function, settings=settings, code=code)

        archive = await self.sources.fetch(request)
        revision_id = request.get("RevisionId", "")
        function = await self.changes.settled(ref, revision_id)
        await self.changes.refuse_unsigned(ref)
        if request.get("DryRun"):
            function = change(function, await self.changes.inspect(archive))
            return configurations.configuration(function, self.policy)
        interpreter = self.policy.interpreter(function.settings.runtime)
        async with self.changes.package(archive, interpreter) as code:
            function = await self.changes.update(
                ref,
                context.now,
                partial(change, code=code),
                revision_id,
                publishes=request.get("Publish", False),
            )
        qualifier = function.qualifier if request.get("Publish") else ""
        return configurations.configuration(function, self.policy, qualifier)

    async def update_function_configuration(
        self, context: RequestContext, request: UpdateFunctionConfigurationRequestTypeDef
    ) -> FunctionConfigurationTypeDef:
        refuse_unserved("UpdateFunctionConfiguration", request)
        ref = _unqualified(request["FunctionName"], context)
        revision_id = request.get("RevisionId", "")
        function = await self.changes.settled(ref, revision_id)
        self.destinations.check_dead_letter(ref, request)
        changed_settings(function.settings, request)  # refused before anything is prepared
        if "Runtime" in request:
            self.policy.admit(request["Runtime"], ref.arn)
            if request["Runtime"] != function.settings.runtime:
                await self.changes.refuse_pinned(ref)
        if "Role" in request:
            self.roles.check(request["Role"], ref.arn)
        interpreter = self.policy.interpreter(request.get("Runtime", function.settings.runtime))
        async with self.changes.deploying():
            layers = await self._layers(context, request, function)
            reconfigure = partial(self._reconfigure, context, request, ref, layers)
            if interpreter == self.policy.interpreter(function.settings.runtime):
                function = await reconfigure()
            else:
                async with self.changes.recompiled(function.code, interpreter) as code:
                    function = await reconfigure(code)
        return configurations.configuration(function, self.policy)

    async def _layers(
        self,
        context: RequestContext,
        request: UpdateFunctionConfigurationRequestTypeDef,
        function: Function,
    ) -> tuple[LayerUse, ...] | None:
        """The layers that are asked for; None to keep those that are there."""
        if "Layers" not in request:
            return None
        layers = await self.layers.resolve(context, request["Layers"], function.settings.layers)
        check_unpacked(function.code.unpacked, layers)
        return layers

    async def _reconfigure(
        self,
        context: RequestContext,
        request: UpdateFunctionConfigurationRequestTypeDef,
        ref: FunctionRef,
        layers: tuple[LayerUse, ...] | None,
        code: Code | None = None,
    ) -> Function:
        def change(function: Function) -> Function:
            # Recompiled code is of use only while the archive is the one that it was made from.
            is_same = code is not None and code.archive == function.code.archive
            settings = changed_settings(function.settings, request)
            if layers is not None:
                settings = replace(settings, layers=layers)
            return replace(
                function,
                settings=settings,
                code=code if code is not None and is_same else function.code,
            )

        return await self.changes.update(ref, context.now, change, request.get("RevisionId", ""))


def _unqualified(name: str, context: RequestContext) -> FunctionRef:
    ref = parse_function_name(name, context.scope)
    if not ref.is_latest:
        raise InvalidParameterValue(
            "Current operation does not support versions other than $LATEST. "
            "Please set the version to $LATEST or do not set a version in your request."
        )
    return replace(ref, qualifier="")

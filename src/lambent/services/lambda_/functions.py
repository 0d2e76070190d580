"""Functions: create, show, list, delete."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from lambent.core import ids
from lambent.services.lambda_ import configurations, repository
from lambent.services.lambda_.changes import calendar_ms
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.model import Function
from lambent.services.lambda_.names import LATEST, not_found, parse_function_name
from lambent.services.lambda_.settings import new_settings
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
    from lambent.services.lambda_.runtime_policy import RuntimePolicy

# The API reference: 50 items an answer at the most, "even if you set the number higher".
MAX_PAGE = 50


@dataclass(frozen=True, slots=True)
class Functions:
    """The operations on a function as such, with what they need."""

    changes: Changes
    links: CodeLinks
    policy: RuntimePolicy

    async def create_function(
        self, context: RequestContext, request: CreateFunctionRequestTypeDef
    ) -> FunctionConfigurationTypeDef:
        refuse_unserved("CreateFunction", request)
        ref = parse_function_name(request["FunctionName"], context.scope)
        if ref.qualifier:
            raise InvalidParameterValue("A function cannot be created with a qualifier.")
        settings = new_settings(request)
        self.policy.admit(settings.runtime, ref.arn)
        if "ZipFile" not in request["Code"]:
            raise InvalidParameterValue("Please provide a source for function code.")
        await self.changes.refuse_existing(ref)
        archive = cast("bytes", request["Code"]["ZipFile"])
        interpreter = self.policy.interpreter(settings.runtime)
        async with self.changes.package(archive, interpreter) as code:
            function = Function(
                scope=ref.scope,
                name=ref.name,
                settings=settings,
                code=code,
                revision_id=ids.uuid(),
                deployment_id=ids.hex_id(),
                modified_ms=calendar_ms(context.now),
                tags=dict(request.get("Tags", {})),
            )
            await self.changes.create(function, ref)
        return configurations.configuration(function, self.policy)

    def get_function(
        self, tx: Tx, context: RequestContext, request: GetFunctionRequestTypeDef
    ) -> Document:
        function, is_qualified = _find(tx, context, request)
        document: dict[str, object] = {
            "Configuration": configurations.configuration(
                function, self.policy, is_qualified=is_qualified
            ),
            "Code": {
                "RepositoryType": "S3",
                "Location": self.links.make(context.endpoint, function.code.archive),
            },
        }
        if function.tags:
            document["Tags"] = dict(function.tags)
        return document

    def get_function_configuration(
        self, tx: Tx, context: RequestContext, request: GetFunctionRequestTypeDef
    ) -> FunctionConfigurationTypeDef:
        function, is_qualified = _find(tx, context, request)
        return configurations.configuration(function, self.policy, is_qualified=is_qualified)

    def list_functions(
        self, tx: Tx, context: RequestContext, request: ListFunctionsRequestTypeDef
    ) -> Document:
        refuse_unserved("ListFunctions", request)
        size = min(request.get("MaxItems", MAX_PAGE), MAX_PAGE)
        after = _marked_name(request.get("Marker", ""))
        found = repository.page(tx, context.scope, after, size + 1)
        is_qualified = "FunctionVersion" in request
        document: dict[str, object] = {
            "Functions": [
                configurations.listed(function, is_qualified=is_qualified)
                for function in found[:size]
            ]
        }
        if len(found) > size:
            document["NextMarker"] = _marker(found[size - 1].name)
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
            raise not_found(ref)
        await self.changes.delete(ref)
        return {"StatusCode": 204}


def _find(
    tx: Tx, context: RequestContext, request: GetFunctionRequestTypeDef
) -> tuple[Function, bool]:
    """The function that a reading request names, and whether it named a version of it."""
    ref = parse_function_name(request["FunctionName"], context.scope, request.get("Qualifier", ""))
    function = repository.find(tx, ref.scope, ref.name)
    if function is None or not ref.is_latest:
        raise not_found(ref)
    return function, bool(ref.qualifier)


def _marker(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _marked_name(marker: str) -> str:
    try:
        return base64.urlsafe_b64decode(marker).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameterValue("The Marker is not one that ListFunctions gave.") from error

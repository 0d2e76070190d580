"""Versions: publish and list. They are read, invoked and deleted through the operations on functions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.pagination import make_token
from lambent.services.lambda_ import configurations, repository
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.names import not_found, parse_unqualified
from lambent.services.lambda_.paging import marked, page_size
from lambent.services.lambda_.unserved import refuse_unserved

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        FunctionConfigurationTypeDef,
        ListVersionsByFunctionRequestTypeDef,
        PublishVersionRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.changes import Changes
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.runtime_policy import RuntimePolicy


@dataclass(frozen=True, slots=True)
class Versions:
    """The operations on versions, with what they need."""

    changes: Changes
    policy: RuntimePolicy

    async def publish_version(
        self, context: RequestContext, request: PublishVersionRequestTypeDef
    ) -> FunctionConfigurationTypeDef:
        refuse_unserved("PublishVersion", request)
        ref = parse_unqualified(request["FunctionName"], context.scope)
        version = await self.changes.publish(
            ref,
            context.now,
            partial(_check_digest, expected=request.get("CodeSha256", "")),
            description=request.get("Description"),
            revision_id=request.get("RevisionId", ""),
        )
        return configurations.configuration(version, self.policy, version.qualifier)

    def list_versions_by_function(
        self, tx: Tx, context: RequestContext, request: ListVersionsByFunctionRequestTypeDef
    ) -> Document:
        ref = parse_unqualified(request["FunctionName"], context.scope)
        if repository.find(tx, ref.scope, ref.name) is None:
            raise not_found(ref)
        size = page_size(request)
        text = marked(request)
        after = (ref.name, int(text) if text.isdigit() else -1)
        found = repository.page_of_versions(tx, ref.scope, after, size + 1, ref.name)
        document: dict[str, object] = {
            "Versions": [
                configurations.listed(function, function.qualifier) for function in found[:size]
            ]
        }
        if len(found) > size:
            document["NextMarker"] = make_token(str(found[size - 1].version))
        return document


def _check_digest(latest: Function, expected: str) -> None:
    if expected and expected != latest.code.sha256:
        raise InvalidParameterValue(
            f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST "
            f"({latest.code.sha256}). Please try again with the CodeSHA256 in $LATEST."
        )

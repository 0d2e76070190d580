"""Tags of functions, code signing configurations and event source mappings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.core.arn import Arn
from lambent.core.errors import AccessDenied
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import InvalidParameterValue, ResourceNotFound
from lambent.services.lambda_.names import not_found, parse_function_name
from lambent.services.lambda_.resources import EVENT_SOURCES, SIGNING_CONFIGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_lambda.type_defs import (
        ListTagsRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.revisions import Revisions

    Tags = Mapping[str, str]

# "Maximum number of tags per resource: 50" (Tagging AWS resources).
MAX_TAGS = 50
_KINDS = {"code-signing-config": SIGNING_CONFIGS, "event-source-mapping": EVENT_SOURCES}


def check_tags(tags: Tags) -> None:
    """Raises InvalidParameterValue for more than 50, and for names which are AWS's own."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")
    if len(tags) > MAX_TAGS:
        raise InvalidParameterValue("Number of tags exceeds resource tag limit.")


@dataclass(frozen=True, slots=True)
class TagOperations:
    """The operations on tags, with what they need."""

    revisions: Revisions

    def tag_resource(
        self, tx: Tx, context: RequestContext, request: TagResourceRequestTypeDef
    ) -> Document:
        if not request["Tags"]:
            raise InvalidParameterValue("An error occurred and the request cannot be processed.")

        def add(tags: Tags) -> Tags:
            together = {**tags, **request["Tags"]}
            check_tags(together)
            return together

        self._change(tx, context, request["Resource"], add)
        return {}

    def untag_resource(
        self, tx: Tx, context: RequestContext, request: UntagResourceRequestTypeDef
    ) -> Document:
        keys = set(request["TagKeys"])

        def remove(tags: Tags) -> Tags:
            return {key: value for key, value in tags.items() if key not in keys}

        self._change(tx, context, request["Resource"], remove)
        return {}

    def list_tags(
        self, tx: Tx, context: RequestContext, request: ListTagsRequestTypeDef
    ) -> Document:
        found: list[Tags] = []

        def look(tags: Tags) -> Tags:
            found.append(tags)
            return tags

        self._change(tx, context, request["Resource"], look)
        return {"Tags": dict(found[0])}

    def _change(
        self, tx: Tx, context: RequestContext, resource: str, change: Callable[[Tags], Tags]
    ) -> None:
        """Write what `change` makes of the tags, if that is something else."""
        arn = Arn.parse(resource)
        kind, _, id_ = arn.resource.partition(":")
        if kind == "function":
            self._change_function(tx, parse_function_name(resource, context.scope), change)
            return
        if (arn.account_id, arn.region) != (context.scope.account_id, context.scope.region):
            raise AccessDenied(None)
        rows = _KINDS.get(kind)
        document = rows.find(tx, context.scope, "", id_) if rows else None
        if rows is None or document is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        before = document.get("tags", {})
        after = change(before)
        if after != before:
            rows.put(tx, context.scope, "", id_, document | {"tags": dict(after)})
            tx.after_commit(
                self.revisions.registry.book.put_tags, str(replace(arn, partition="aws")), after
            )

    def _change_function(self, tx: Tx, ref: FunctionRef, change: Callable[[Tags], Tags]) -> None:
        if ref.qualifier:
            raise InvalidParameterValue(
                "Tags on function aliases and versions are not supported. "
                "Please specify a function ARN."
            )
        function = repository.find(tx, ref.scope, ref.name)
        if function is None:
            raise not_found(ref)
        after = change(function.tags)
        if after != function.tags:
            tagged = replace(function, tags=dict(after), revision_id=ids.uuid())
            self.revisions.write(tx, tagged)

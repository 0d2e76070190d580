"""Tags of log groups and destinations, by the older operations on a group's name and the newer ones on ARNs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.core.arn import Arn, InvalidArn
from lambent.services.logs import repository
from lambent.services.logs.errors import (
    InvalidParameter,
    ResourceNotFound,
    TooManyTags,
    group_not_found,
)
from lambent.services.logs.groups import change
from lambent.services.logs.names import check_tag_names, group_key, identified
from lambent.services.logs.resources import DESTINATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_logs.type_defs import (
        ListTagsForResourceRequestTypeDef,
        ListTagsLogGroupRequestTypeDef,
        TagLogGroupRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagLogGroupRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.registry import Registry

    Tags = Mapping[str, str]
    Change = Callable[[Tags], Tags]

# "You can associate as many as 50 tags with a CloudWatch Logs resource" (TagResource).
MAX_TAGS = 50


@dataclass(frozen=True, slots=True)
class TagOperations:
    """The operations on tags, with what they need."""

    registry: Registry

    def tag_log_group(
        self, tx: Tx, context: RequestContext, request: TagLogGroupRequestTypeDef
    ) -> Document:
        name = request["logGroupName"]
        self._group(tx, group_key(context.scope, name), _adding(request["tags"], name))
        return {}

    def untag_log_group(
        self, tx: Tx, context: RequestContext, request: UntagLogGroupRequestTypeDef
    ) -> Document:
        key = group_key(context.scope, request["logGroupName"])
        self._group(tx, key, _removing(request["tags"]))
        return {}

    def list_tags_log_group(
        self, tx: Tx, context: RequestContext, request: ListTagsLogGroupRequestTypeDef
    ) -> Document:
        group = repository.find(tx, group_key(context.scope, request["logGroupName"]))
        if group is None:
            raise group_not_found()
        return {"tags": dict(group.tags)}

    def tag_resource(
        self, tx: Tx, context: RequestContext, request: TagResourceRequestTypeDef
    ) -> Document:
        arn = request["resourceArn"]
        self._resource(tx, context, arn, _adding(request["tags"], arn))
        return {}

    def untag_resource(
        self, tx: Tx, context: RequestContext, request: UntagResourceRequestTypeDef
    ) -> Document:
        self._resource(tx, context, request["resourceArn"], _removing(request["tagKeys"]))
        return {}

    def list_tags_for_resource(
        self, tx: Tx, context: RequestContext, request: ListTagsForResourceRequestTypeDef
    ) -> Document:
        found: list[Tags] = []

        def look(tags: Tags) -> Tags:
            found.append(tags)
            return tags

        self._resource(tx, context, request["resourceArn"], look)
        return {"tags": dict(found[0])}

    def _group(self, tx: Tx, key: GroupKey, make: Change) -> None:
        change(tx, self.registry, key, lambda group: replace(group, tags=make(group.tags)))

    def _resource(self, tx: Tx, context: RequestContext, resource: str, make: Change) -> None:
        """Write what `make` makes of the tags of what an ARN names."""
        scope = context.scope
        try:
            arn = Arn.parse(resource)
        except InvalidArn as error:
            raise InvalidParameter(f"Invalid resource ARN: {resource}") from error
        kind, _, name = arn.resource.partition(":")
        if kind == "log-group":
            self._group(tx, identified(scope, resource), make)
            return
        document = DESTINATIONS.find(tx, scope, "", name) if kind == "destination" else None
        if document is None or (arn.account_id, arn.region) != (scope.account_id, scope.region):
            raise ResourceNotFound("The specified resource does not exist.")
        before = document.get("tags", {})
        tags = make(before)
        if tags != before:
            DESTINATIONS.put(tx, scope, "", name, document | {"tags": dict(tags)})


def _adding(added: Tags, resource: str) -> Change:
    def add(tags: Tags) -> Tags:
        check_tag_names(added)
        together = {**tags, **added}
        if len(together) > MAX_TAGS:
            raise TooManyTags(
                f"The resource may have at most {MAX_TAGS} tags.",
                members={"resourceName": resource},
            )
        return together

    return add


def _removing(keys: object) -> Change:
    gone = set(keys) if isinstance(keys, list) else set()

    def remove(tags: Tags) -> Tags:
        return {key: value for key, value in tags.items() if key not in gone}

    return remove

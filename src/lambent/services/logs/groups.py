"""Log groups: creating, describing and deleting them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.core.errors import NotImplementedByLambent
from lambent.services.logs import repository
from lambent.services.logs.errors import (
    InvalidParameter,
    ResourceAlreadyExists,
    deletion_protected,
    group_not_found,
)
from lambent.services.logs.names import check_tag_names, group_arn, group_key, identified
from lambent.services.logs.paging import page
from lambent.services.logs.repository import Group
from lambent.services.logs.resources import METRIC_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from types_boto3_logs.type_defs import (
        CreateLogGroupRequestTypeDef,
        DeleteLogGroupRequestTypeDef,
        DescribeLogGroupsRequestTypeDef,
        ListLogGroupsRequestTypeDef,
        PutLogGroupDeletionProtectionRequestTypeDef,
    )

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Document
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_segments import LogSegments


def now_ms(context: RequestContext) -> int:
    """The request's time in calendar milliseconds."""
    return int(context.now.timestamp() * 1000)


def change(tx: Tx, registry: Registry, key: GroupKey, make: Callable[[Group], Group]) -> None:
    """Write what `make` makes of a group. Raises ResourceNotFound."""
    group = repository.find(tx, key)
    if group is None:
        raise group_not_found()
    changed = make(group)
    if changed != group:
        repository.write(tx, changed)
        tx.after_commit(registry.entered, changed)


@dataclass(frozen=True, slots=True)
class Groups:
    """The operations, with what they need. `forgotten` is told of each group that goes."""

    database: Database
    registry: Registry
    segments: LogSegments
    forgotten: Callable[[GroupKey], None]

    def create_log_group(
        self, tx: Tx, context: RequestContext, request: CreateLogGroupRequestTypeDef
    ) -> Document:
        if request.get("kmsKeyId"):
            raise NotImplementedByLambent("Lambent does not support kmsKeyId: it has no KMS.")
        group_class = request.get("logGroupClass", "STANDARD")
        if group_class == "DELIVERY":
            raise NotImplementedByLambent(
                "Lambent does not support the log group class DELIVERY: nothing delivers to it."
            )
        name = request["logGroupName"]
        if name.lower().startswith("aws/"):
            raise InvalidParameter("Log groups starting with AWS/ are reserved for AWS.")
        tags = request.get("tags", {})
        check_tag_names(tags)
        group = Group(
            *group_key(context.scope, name),
            created_ms=now_ms(context),
            group_class=group_class,
            is_protected=request.get("deletionProtectionEnabled", False),
            tags=tags,
        )
        if not repository.add(tx, group):
            raise ResourceAlreadyExists("The specified log group already exists")
        tx.after_commit(self.registry.entered, group)
        return {}

    async def delete_log_group(
        self, context: RequestContext, request: DeleteLogGroupRequestTypeDef
    ) -> Document:
        key = group_key(context.scope, request["logGroupName"])

        def look(tx: Tx) -> None:
            group = repository.find(tx, key)
            if group is None:
                raise group_not_found()
            if group.is_protected:
                raise deletion_protected()

        def remove(tx: Tx) -> None:
            look(tx)
            repository.remove(tx, key)
            tx.after_commit(self.registry.left, key)
            tx.after_commit(self.forgotten, key)

        await self.database.read(look)
        # The events first: cut short by a crash, an empty group is left, and never events without a group.
        await self.segments.delete_group(key)
        await self.database.write(remove)
        return {}

    def put_deletion_protection(
        self,
        tx: Tx,
        context: RequestContext,
        request: PutLogGroupDeletionProtectionRequestTypeDef,
    ) -> Document:
        key = identified(context.scope, request["logGroupIdentifier"])
        is_protected = request["deletionProtectionEnabled"]
        change(tx, self.registry, key, lambda group: replace(group, is_protected=is_protected))
        return {}

    async def describe_log_groups(
        self, context: RequestContext, request: DescribeLogGroupsRequestTypeDef
    ) -> Document:
        _refuse_linked(context.scope, request)
        chosen = _chosen(context.scope, request)

        def look(tx: Tx) -> tuple[list[Group], dict[str, int]]:
            groups = [group for group in repository.in_scope(tx, context.scope) if chosen(group)]
            filters: dict[str, int] = {}
            for document in METRIC_FILTERS.documents(tx, context.scope):
                name = document["logGroupName"]
                filters[name] = filters.get(name, 0) + 1
            return groups, filters

        groups, filters = await self.database.read(look)
        shown, answer = page(groups, request, lambda group: group.name)
        stored = await self.segments.stored_bytes([group.key for group in shown])
        answer["logGroups"] = [
            _described(group, filters.get(group.name, 0), size)
            for group, size in zip(shown, stored, strict=True)
        ]
        return answer

    def list_log_groups(
        self, tx: Tx, context: RequestContext, request: ListLogGroupsRequestTypeDef
    ) -> Document:
        _refuse_linked(context.scope, request)
        for member in ("dataSources", "fieldIndexNames"):
            if member in request:
                raise NotImplementedByLambent(f"Lambent does not support the parameter {member}.")
        groups = [
            group
            for group in repository.in_scope(tx, context.scope)
            if _is_listed(group.name, request.get("logGroupNamePattern", ""))
            and request.get("logGroupClass", group.group_class) == group.group_class
            and all(_has_tag(group.tags, wanted) for wanted in request.get("logGroupTags", []))
        ]
        shown, answer = page(groups, request, lambda group: group.name)
        answer["logGroups"] = [
            {
                "logGroupName": group.name,
                "logGroupArn": group_arn(group.key),
                "logGroupClass": group.group_class,
            }
            for group in shown
        ]
        return answer


def _described(group: Group, filters: int, stored_bytes: int) -> dict[str, Any]:
    arn = group_arn(group.key)
    document: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": filters,
        "arn": f"{arn}:*",
        "storedBytes": stored_bytes,
        "logGroupClass": group.group_class,
        "logGroupArn": arn,
        "deletionProtectionEnabled": group.is_protected,
        "bearerTokenAuthenticationEnabled": False,  # there is nothing that would enable it
    }
    if group.retention_days:
        document["retentionInDays"] = group.retention_days
    return document


def _chosen(scope: Scope, request: DescribeLogGroupsRequestTypeDef) -> Callable[[Group], bool]:
    """What DescribeLogGroups asks for. Raises InvalidParameter."""
    prefix, pattern = request.get("logGroupNamePrefix"), request.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise InvalidParameter(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    group_class = request.get("logGroupClass")
    keys = None
    if "logGroupIdentifiers" in request:
        if prefix is not None or pattern is not None:
            raise InvalidParameter(
                "LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive "
                "parameters."
            )
        keys = {identified(scope, each) for each in request["logGroupIdentifiers"]}

    def is_chosen(group: Group) -> bool:
        return (
            group.name.startswith(prefix or "")
            and (pattern or "") in group.name
            and (keys is None or group.key in keys)
            and group_class in {None, group.group_class}
        )

    return is_chosen


def _refuse_linked(scope: Scope, request: Mapping[str, Any]) -> None:
    """There are no monitoring accounts; one's own account may be named."""
    others = set(request.get("accountIdentifiers", [])) - {scope.account_id}
    if others:
        raise NotImplementedByLambent(
            "Lambent does not support cross-account observability: accountIdentifiers may name "
            "your own account only."
        )


def _is_listed(name: str, pattern: str) -> bool:
    """Parts between `|`, each of which may begin with `^` for the beginning of the name."""
    if not pattern:
        return True
    return any(
        name.startswith(part[1:]) if part.startswith("^") else part in name
        for part in pattern.split("|")
    )


def _has_tag(tags: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    """A key, with one of some values: `!` before one excludes it, `*` stands at either end for anything."""
    value = tags.get(wanted["key"])
    if value is None:
        return False
    values = wanted.get("values", [])
    excluded = [each[1:] for each in values if each.startswith("!")]
    included = [each for each in values if not each.startswith("!")]
    return not any(_fits(value, each) for each in excluded) and (
        not included or any(_fits(value, each) for each in included)
    )


def _fits(value: str, pattern: str) -> bool:
    core = pattern.strip("*")
    if pattern.startswith("*") and pattern.endswith("*"):
        return core in value
    if pattern.startswith("*"):
        return value.endswith(core)
    return value.startswith(core) if pattern.endswith("*") else value == core

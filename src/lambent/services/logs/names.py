"""Names and ARNs of log groups, streams and what hangs on them, and names of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.arn import Arn, InvalidArn
from lambent.services.logs.errors import InvalidParameter, group_not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Scope

GroupKey = tuple[str, str, str]  # account id, region, log group
_GROUP = "log-group:"


def group_key(scope: Scope, name: str) -> GroupKey:
    return (scope.account_id, scope.region, name)


def group_arn(key: GroupKey) -> str:
    """Without the `:*` that stands for its streams."""
    account_id, region, name = key
    return str(Arn("logs", region, account_id, _GROUP + name))


def stream_arn(key: GroupKey, stream: str) -> str:
    return f"{group_arn(key)}:log-stream:{stream}"


def destination_arn(scope: Scope, name: str) -> str:
    return str(Arn("logs", scope.region, scope.account_id, f"destination:{name}"))


def check_tag_names(tags: Mapping[str, str]) -> None:
    """Raises InvalidParameter for names which are AWS's own."""
    if any(name.lower().startswith("aws:") for name in tags):
        raise InvalidParameter("aws: prefixed tag key names are not allowed for external use.")


def identified(scope: Scope, identifier: str) -> GroupKey:
    """The group that a name or an ARN means. Raises InvalidParameter; ResourceNotFound for one of somebody else."""
    if not identifier.startswith("arn:"):
        return group_key(scope, identifier)
    try:
        arn = Arn.parse(identifier)
    except InvalidArn as error:
        raise InvalidParameter(f"Invalid log group ARN: {identifier}") from error
    if arn.service != "logs" or not arn.resource.startswith(_GROUP):
        raise InvalidParameter(f"Invalid log group ARN: {identifier}")
    if (arn.account_id, arn.region) != (scope.account_id, scope.region):
        raise group_not_found()
    return group_key(scope, arn.resource.removeprefix(_GROUP).removesuffix(":*"))


def named(scope: Scope, request: Mapping[str, Any]) -> GroupKey:
    """The group that a request names by `logGroupName` or `logGroupIdentifier`. Raises InvalidParameter."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if name and identifier:
        raise InvalidParameter("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if identifier:
        return identified(scope, identifier)
    if not name:
        raise InvalidParameter("Either logGroupName or logGroupIdentifier must be specified.")
    return group_key(scope, name)

"""Names, paths and who is meant when no name is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.services.iam.errors import InvalidInput, NoSuchEntity, ValidationError
from lambent.services.iam.model import Group, InstanceProfile, Role, User, seconds

if TYPE_CHECKING:
    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.services.iam.model import E, Entity
    from lambent.services.iam.store import Store

_ABSENT: dict[type[Entity], str] = {
    User: "The user with name {} cannot be found.",
    Group: "The group with name {} cannot be found.",
    Role: "The role with name {} cannot be found.",
    InstanceProfile: "Instance Profile {} cannot be found.",
}

_OF_SERVICES = "/aws-service-role"


def get(store: Store, tx: Tx, context: RequestContext, kind: type[E], name: str) -> E:
    """The entity of that name in the caller's account. Raises NoSuchEntity."""
    found = store.find(tx, context.scope.account_id, kind, name)
    if found is None:
        raise NoSuchEntity(_ABSENT[kind].format(name))
    return found


def user_name(context: RequestContext, request: Any) -> str:
    """The user that a request names, or the caller: "if you do not specify a user name, IAM determines the user name
    implicitly based on the access key ID signing the request".
    """
    name: str | None = request.get("UserName")
    if name is not None:
        return name
    if context.principal.kind != "user":
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return context.principal.arn.rpartition("/")[2]


def new(
    context: RequestContext, kind: type[E], name: str, path: str, *, is_of_service: bool = False
) -> dict[str, Any]:
    """What every new entity has: account, name, path, id, date. Raises InvalidInput for the path that roles of
    services have to themselves.
    """
    if path.startswith(_OF_SERVICES) and not is_of_service:
        raise InvalidInput(
            f"Paths beginning with '{_OF_SERVICES}' are reserved for AWS Service Linked Roles"
        )
    return {
        "account_id": context.scope.account_id,
        "name": name,
        "path": path,
        "id": ids.unique_id(kind.prefix),
        "created_s": seconds(context.now),
    }


def refuse_bad_arn(arn: str) -> None:
    """Raises InvalidInput for what is no ARN of IAM, ValidationError for one of another partition."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "iam" or not parts[5]:
        raise InvalidInput(f"ARN {arn} is not valid.")
    if parts[1] != "aws":
        raise ValidationError("Invalid ARN partition")

"""Roles that only the service changes that they are linked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.services.iam.errors import UnmodifiableEntity
from lambent.services.iam.model import Role

if TYPE_CHECKING:
    from lambent.services.iam.model import Entity


def refuse_protected(entity: Entity) -> None:
    """Raises UnmodifiableEntity for a service-linked role."""
    if isinstance(entity, Role) and entity.service:
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{entity.name}' - "
            "this role is only modifiable by AWS"
        )

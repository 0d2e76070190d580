"""In whose name APIs call functions: the service's own, or that of a session of a role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.core.context import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_SERVICE = Principal("service", arn="apigateway.amazonaws.com")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:.*/)?([^/]+)")


def with_stage_variables(text: str, variables: Mapping[str, str]) -> str:
    """`${stageVariables.x}` replaced; by nothing where there is no such variable."""
    if "${" not in text:
        return text
    return _STAGE_VARIABLE.sub(lambda match: variables.get(match[1], ""), text)


def caller_for(credentials: str) -> Principal | None:
    """The service without credentials; None where they name no role."""
    if not credentials:
        return _SERVICE
    match = _ROLE.fullmatch(credentials)
    if match is None:
        return None
    account_id, name = match.groups()
    session = f"arn:aws:sts::{account_id}:assumed-role/{name}/BackplaneAssumeRoleSession"
    return Principal("assumed-role", account_id, session, role_arn=match[0])

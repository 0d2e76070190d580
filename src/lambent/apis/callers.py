"""In whose name APIs call functions: the service's own, or that of a session of a role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.core.ports import ServiceCaller

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_SERVICE = "apigateway.amazonaws.com"
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def with_stage_variables(text: str, variables: Mapping[str, str]) -> str:
    """`${stageVariables.x}` replaced; by nothing where there is no such variable."""
    if "${" not in text:
        return text
    return _STAGE_VARIABLE.sub(lambda match: variables.get(match[1], ""), text)


def caller_for(credentials: str, source_arn: str, account_id: str) -> ServiceCaller | None:
    """The service as itself without credentials; None where they name no role.

    Args:
        account_id: whose the API is.
    """
    if credentials and _ROLE.fullmatch(credentials) is None:
        return None
    return ServiceCaller(_SERVICE, source_arn, account_id, credentials)

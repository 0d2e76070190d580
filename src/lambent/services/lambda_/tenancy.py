"""Tenant isolation: functions whose environments each serve one tenant alone, whom every invocation names.

From "Tenant isolation" (Lambda developer guide), which also says what cannot be had together with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.model import PUBLISHED_VERSIONS

if TYPE_CHECKING:
    from lambent.execution.spec import FunctionSpec
    from lambent.services.lambda_.model import Function, Settings
    from lambent.services.lambda_.registry import Invocable


def check_settings(settings: Settings) -> None:
    """Raises InvalidParameterValue for SnapStart."""
    if settings.snap_start == PUBLISHED_VERSIONS:
        refuse(settings, "SnapStart")


def refuse(settings: Settings, what: str) -> None:
    """Raises InvalidParameterValue where tenants are kept apart: `what` cannot be had then."""
    if settings.tenant_isolation:
        raise InvalidParameterValue(
            f"{what} is not supported for functions enabled with tenancy configuration."
        )


def check_tenant(function: Function, tenant_id: str) -> None:
    """Raises InvalidParameterValue unless an invocation names a tenant where, and only where, it has to."""
    if bool(tenant_id) == bool(function.settings.tenant_isolation):
        return
    if tenant_id:
        raise InvalidParameterValue(
            "The invoked function is not enabled with tenancy configuration. "
            "Remove the tenant ID from your request and try again."
        )
    raise InvalidParameterValue(
        "The invoked function is enabled with tenancy configuration. "
        "Add a valid tenant ID in your request and try again."
    )


def spec_for(entry: Invocable, tenant_id: str) -> FunctionSpec:
    """What environments for this invocation are made from. Raises as `check_tenant`."""
    if tenant_id or entry.function.settings.tenant_isolation:
        check_tenant(entry.function, tenant_id)
        return entry.spec.for_tenant(tenant_id)
    return entry.spec

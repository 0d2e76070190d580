"""The scaling of functions on capacity providers. No function here runs on one, and this is what AWS says then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from lambent.core.errors import AccessDenied
from lambent.services.lambda_.names import not_found, parse_function_name
from lambent.services.lambda_.qualifiers import find_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx

# The version that functions on capacity providers are published to over and over.
_LATEST_PUBLISHED = "$LATEST.PUBLISHED"


def refuse(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> NoReturn:
    """GetFunctionScalingConfig, PutFunctionScalingConfig. Raises ResourceNotFound; AccessDenied for every version that
    there is."""
    ref = parse_function_name(request["FunctionName"], context.scope, request["Qualifier"])
    if ref.qualifier == _LATEST_PUBLISHED:
        raise not_found(ref)
    find_version(tx, ref, ref.qualifier)
    raise AccessDenied(
        "The function provided by the arn does not contain a capacity provider configuration"
    )

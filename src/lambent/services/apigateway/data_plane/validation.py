"""Request validation: required parameters, and the body against its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.process.compute import ComputeFailed
from lambent.services.apigateway.data_plane.failures import (
    BAD_REQUEST_BODY,
    BAD_REQUEST_PARAMETERS,
    Failure,
    misconfigured,
)
from lambent.services.apigateway.data_plane.media_types import media_type
from lambent.services.apigateway.data_plane.models import body_fault

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan
    from lambent.services.apigateway.data_plane.templates import Compute

_TIME_S = 2.0


class Validation:
    """Guards methods that have a request validator."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute

    def concerns(self, _plan: ApiPlan, method: MethodPlan) -> bool:
        return bool(method.validator)

    def check(self, exchange: Exchange) -> Awaitable[None] | None:
        """Raises Failure."""
        validator = exchange.method.validator
        if validator.get("validateRequestParameters"):
            _check_parameters(exchange)
        if not validator.get("validateRequestBody"):
            return None
        models = exchange.method.document.get("requestModels") or {}
        kind = media_type(exchange.request.headers.get("content-type")) or "application/json"
        # Whoever wants one model whatever the type names it under `$default` ("Request validation").
        name = models.get(kind) or models.get("$default")
        return None if name is None else self._check_body(exchange, name, kind)

    async def _check_body(self, exchange: Exchange, name: str, kind: str) -> None:
        models = exchange.plan.models
        if name not in models:
            raise misconfigured(f"there is no model {name}")
        known = tuple(models.items())
        try:
            fault = await self._compute.run(
                body_fault, name, known, exchange.body, timeout_s=_TIME_S
            )
        except ComputeFailed:
            fault = "[the body took too long to validate]"
        except (ValueError, LookupError, RuntimeError) as error:
            raise misconfigured(f"the model {name} cannot be used: {error}") from error
        if fault is not None:
            log = f"Request body does not match model schema for content type {kind}: {fault}"
            raise Failure(BAD_REQUEST_BODY, detail=fault, log=log)


def _check_parameters(exchange: Exchange) -> None:
    missing = [name for name in exchange.method.required if not _is_there(exchange, name)]
    if missing:
        names = ", ".join(name.partition(".")[2] for name in missing)
        message = f"Missing required request parameters: [{names}]"
        raise Failure(BAD_REQUEST_PARAMETERS, message, log=message)


def _is_there(exchange: Exchange, parameter: str) -> bool:
    """ "The required request parameters [...] are included and not blank." """
    place, _, name = parameter.partition(".")
    if place.endswith("header"):
        values = exchange.request.headers.getall(name.lower())
    elif place.endswith("querystring"):
        values = exchange.query.get(name, [])
    else:
        values = [exchange.path_parameters.get(name, "")]
    return any(value.strip() for value in values)

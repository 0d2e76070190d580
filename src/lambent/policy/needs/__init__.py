"""Which permissions every operation of the API needs: the tables, a file for each service.

Facts of the Service Authorization Reference ("Actions, resources, and condition keys for ...") and of the services' own
pages. A test holds the tables against the service models, operations that Lambent has not yet included.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from lambent.policy.needs import apigateway, apigatewayv2, cloudwatch, iam, lambda_, logs, sts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.policy.needs.rows import Need, Needs

__all__ = ["TABLES", "need_of_action", "needs_of"]

# By botocore's names of the services.
TABLES: Mapping[str, Mapping[str, Needs]] = {
    "apigateway": apigateway.ROWS,
    "apigatewayv2": apigatewayv2.ROWS,
    "cloudwatch": cloudwatch.ROWS,
    "iam": iam.ROWS,
    "lambda": lambda_.ROWS,
    "logs": logs.ROWS,
    "sts": sts.ROWS,
}


@lru_cache(1024)
def need_of_action(action: str) -> Need | None:
    """A row's need of that action, in any case; None for an action that no operation here needs."""
    return _by_action().get(action.lower())


@cache
def _by_action() -> Mapping[str, Need]:
    rows = (needs for table in TABLES.values() for needs in table.values())
    return {need.action.lower(): need for needs in rows for need in needs}


def needs_of(service: str, operation: str) -> Needs | None:
    """What a request must be allowed; None for an operation without a row, which nobody may do."""
    rows = TABLES.get(service)
    return None if rows is None else rows.get(operation)

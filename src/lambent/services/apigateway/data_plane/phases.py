"""The phases of a request before its integration, as access logs tell of them.

`authenticate` is there for IAM alone, `authorizer` for authorizers, `authorize` for both ("Troubleshooting Amazon API
Gateway with enhanced observability variables", AWS Compute Blog); "Variables for access logging" (developer guide) has
their members.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lambent.services.apigateway.data_plane.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambent.core.clock import Clock
    from lambent.services.apigateway.data_plane.exchange import Exchange


@contextmanager
def phase(exchange: Exchange, name: str, clock: Clock) -> Iterator[dict[str, str]]:
    """Note how it ends and how long it takes. Gives what is noted, for more to be added."""
    told = exchange.phases[name] = {}
    begun = clock.monotonic()
    status, error = 200, ""
    try:
        yield told
    except Failure as failure:
        status, error = failure.kind.status, failure.message or failure.log
        raise
    finally:
        told["status"] = str(status)
        told["latency"] = str(round((clock.monotonic() - begun) * 1000))
        if error:
            told["error"] = error

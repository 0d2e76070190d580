"""How large a request's body may be, per operation."""

from __future__ import annotations

from lambent.core.errors import RequestTooLarge, ServiceError

# Of operations that have no row. The largest documented request of the services here, but for those below, is
# CloudFormation's template of 1 MB and DynamoDB's batch of 16 MB, which has its own row.
DEFAULT_BYTES = 10 * 1024 * 1024

# (service, operation; "" for all others of the service) -> bytes, and the name AWS gives the operation in its message.
_ROWS: dict[tuple[str, str], tuple[int, str]] = {
    # 50 MB of zip, in base64, and the other parameters.
    ("lambda", "CreateFunction"): (70_167_211, "CreateFunction"),
    ("lambda", "UpdateFunctionCode"): (70_167_211, "UpdateFunctionCode"),
    ("lambda", "PublishLayerVersion"): (70_167_211, "PublishLayerVersion"),
    # "6 MB each for request and response, synchronous" (Lambda quotas).
    ("lambda", "Invoke"): (6_291_456, "InvokeFunction"),
    ("lambda", "InvokeAsync"): (6_291_456, "InvokeAsync"),
    ("lambda", "InvokeWithResponseStream"): (6_291_456, "InvokeWithResponseStream"),
    ("dynamodb", ""): (16 * 1024 * 1024, ""),
}

# No operation takes less than this.
LEAST_LIMIT_BYTES = min(DEFAULT_BYTES, *(limit for limit, _ in _ROWS.values()))


def body_limit(service: str, operation: str) -> int:
    """The limit in bytes. `operation` is "" where the body itself tells the operation."""
    return _row(service, operation)[0]


def too_large(service: str, operation: str) -> ServiceError:
    """What a client with more is answered."""
    limit, name = _row(service, operation)
    words = f"Request must be smaller than {limit} bytes"
    return RequestTooLarge(f"{words} for the {name} operation" if name else words)


def _row(service: str, operation: str) -> tuple[int, str]:
    row = _ROWS.get((service, operation)) or _ROWS.get((service, ""))
    return row or (DEFAULT_BYTES, operation)

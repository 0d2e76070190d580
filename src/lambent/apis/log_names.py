"""Where in CloudWatch Logs things are written down."""

from __future__ import annotations

import hashlib


def group_of(destination_arn: str) -> str:
    """The log group of `destinationArn`; "" where it names something else."""
    return destination_arn.partition(":log-group:")[2].removesuffix(":*")


def stream_of(request_id: str) -> str:
    """One of 256, named as AWS names them."""
    return hashlib.md5(request_id[:2].encode(), usedforsecurity=False).hexdigest()

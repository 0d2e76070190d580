"""What this service needs of the rest of the platform, as far as it needs it; `lambent.app` plugs it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.context import RequestContext, Scope

T = TypeVar("T")


class Compute(Protocol):
    """Processes for work that would hold the event loop (lambent.process.compute)."""

    async def run(self, fn: Callable[..., T], *args: object, timeout_s: float) -> T: ...


class NoSuchBucket(Exception):
    """There is no bucket of this name in the region."""


class BucketRefused(Exception):
    """A bucket's policy, or the caller's, does not allow a call."""

    def __init__(self, call: str) -> None:
        super().__init__(call)
        self.call = call  # the operation of S3


class Buckets(Protocol):
    """S3, where export tasks write in the name of the region's log service."""

    async def check(self, context: RequestContext, bucket: str) -> None:
        """Before a task is made: the bucket is there, and lets the log service read its ACL and the caller write.

        Raises NoSuchBucket, BucketRefused.
        """
        ...

    async def put(self, scope: Scope, bucket: str, key: str, data: bytes) -> None:
        """Write an object, in the place of one that has this key; returns when it is durable.

        Raises NoSuchBucket, BucketRefused.
        """
        ...

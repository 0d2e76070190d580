"""The condition keys of one request, found out when a policy asks ("AWS global condition context keys", IAM user
guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.policy.principal_facts import principal_fact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lambent.core.context import Principal
    from lambent.core.http import Request
    from lambent.core.ports import PolicySource, ResourceFacts

_NOTHING: Mapping[str, tuple[str, ...]] = {}


class RequestFacts:
    """Implements `facts.Facts`.

    Args:
        source: knows the principal's tags.
        now: reads the calendar.
        request: None for a call that a service makes by itself, which comes from no address.
        own: keys that the operation or the calling service brings, in lower case.
        resource: the ARN that the permission is about.
        resources: knows the resource's tags and keys.
    """

    __slots__ = (
        "_own",
        "_resources",
        "_source",
        "now",
        "principal",
        "region",
        "request",
        "resource",
    )

    def __init__(
        self,
        principal: Principal,
        source: PolicySource,
        now: Callable[[], datetime],
        *,
        request: Request | None = None,
        region: str = "",
        own: Mapping[str, tuple[str, ...]] = _NOTHING,
        resource: str = "*",
        resources: ResourceFacts | None = None,
    ) -> None:
        self.principal = principal
        self.now = now
        self.request = request
        self.region = region
        self.resource = resource
        self._source = source
        self._own = own
        self._resources = resources

    def get(self, key: str, /) -> tuple[str, ...] | None:
        found = self._own.get(key)
        if found is not None:
            return found
        reader = _READERS.get(key)
        if reader is not None:
            text = reader(self)
            return (text,) if text else None
        prefix, slash, name = key.partition("/")
        if slash:
            return self._tag(prefix, name)
        found = principal_fact(self.principal, key)
        if found is None and self._resources is not None:
            return self._resources.keys(self.resource).get(key)
        return found

    def _tag(self, prefix: str, name: str) -> tuple[str, ...] | None:
        """Keys of tags compare without case, like all keys."""
        if prefix == "aws:principaltag":
            tags = self._source.tags(self.principal)
        elif prefix.endswith(":resourcetag") and self._resources is not None:
            tags = self._resources.tags(self.resource)
        else:
            return None
        for key, value in tags.items():
            if key.lower() == name:
                return (value,)
        return None


def _header(facts: RequestFacts, name: str) -> str:
    return "" if facts.request is None else facts.request.headers.get(name)


def _source_ip(facts: RequestFacts) -> str:
    return "" if facts.request is None else facts.request.peer


def _secure_transport(facts: RequestFacts) -> str:
    if facts.request is None:
        return ""
    return "true" if facts.request.scheme == "https" else "false"


def _resource_account(facts: RequestFacts) -> str:
    parts = facts.resource.split(":", 5)
    account_id = parts[4] if len(parts) == 6 else ""
    return account_id or facts.principal.account_id


_READERS: dict[str, Callable[[RequestFacts], str]] = {
    "aws:currenttime": lambda facts: facts.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    "aws:epochtime": lambda facts: str(int(facts.now().timestamp())),
    "aws:sourceip": _source_ip,
    "aws:securetransport": _secure_transport,
    "aws:useragent": lambda facts: _header(facts, "user-agent"),
    "aws:referer": lambda facts: _header(facts, "referer"),
    "aws:requestedregion": lambda facts: facts.region,
    "aws:viaawsservice": lambda _facts: "false",
    "aws:resourceaccount": _resource_account,
}

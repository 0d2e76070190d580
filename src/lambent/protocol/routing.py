"""From a request to the service that it is meant for.

In this order: the service that the signature names; the target that JSON services put into a header, or the path of
smithy's RPC; the host; and, when none of them says it, an `Action` in the query string or the form, or a path that
exactly one service has. Several services share a signing name (apigateway and apigatewayv2): among those the target,
the path or the action decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.core.errors import NotImplementedByLambent, UnknownOperation
from lambent.protocol.service import ServiceCodec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.http import Headers

_RPC_V2_PATH = re.compile(r"(?:/.*)?/service/([^/]+)/operation/[^/]+")
_FORM_ACTION = re.compile(rb"(?:^|&)Action=(\w+)(?:&|\s*$)")


class Router:
    """Knows every service it is built with, by its name in botocore. Building reads their models.

    Raises `UnknownService` (a LookupError) for a name that botocore does not have.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._services = [ServiceCodec(name) for name in services]
        self._by_signing_name: dict[str, list[ServiceCodec]] = {}
        self._by_target: dict[str, ServiceCodec] = {}
        self._by_host: dict[str, list[ServiceCodec]] = {}
        for codec in self._services:
            self._by_signing_name.setdefault(codec.signing_name, []).append(codec)
            self._by_host.setdefault(codec.endpoint_prefix, []).append(codec)
            if codec.target_prefix:
                self._by_target.setdefault(codec.target_prefix, codec)

    def service(self, name: str) -> ServiceCodec:
        """The service of that name. Raises KeyError."""
        return next((each for each in self._services if each.name == name), None) or _missing(name)

    def is_told_by_name(self, signing_name: str) -> bool:
        """True when only one service is signed for under this name."""
        return len(self._by_signing_name.get(signing_name, ())) == 1

    def find_service(
        self,
        method: str,
        path: str,
        query: str,
        headers: Headers,
        signing_name: str | None,
        body: bytes = b"",
    ) -> ServiceCodec:
        """The service that a request is for. `signing_name` comes from the credential scope, None when unsigned;
        `body` helps unsigned forms along. Raises `UnknownOperation`, and `NotImplementedByLambent` where a service is
        named that is not served.
        """
        signed = self._by_signing_name.get(signing_name or "")
        if signed is not None and len(signed) == 1:
            return signed[0]
        target = self._by_target_of(path, headers)
        if target is not None:
            return target
        for candidates in self._hints(headers, signing_name):
            if len(candidates) == 1:
                return candidates[0]
            chosen = _choose(candidates, method, path, query, headers, body)
            if chosen is not None:
                return chosen
        if signing_name is not None and signing_name not in self._by_signing_name:
            served = ", ".join(sorted(each.name for each in self._services))
            raise NotImplementedByLambent(
                f"Lambent does not have the service {signing_name}; it has {served}."
            )
        raise UnknownOperation

    def _by_target_of(self, path: str, headers: Headers) -> ServiceCodec | None:
        target = headers.get("x-amz-target")
        if target:
            return self._by_target.get(target.rpartition(".")[0])
        found = _RPC_V2_PATH.fullmatch(path)
        return self._by_target.get(found[1]) if found is not None else None

    def _hints(self, headers: Headers, signing_name: str | None) -> Iterable[list[ServiceCodec]]:
        """Sets of services that the request may mean, the surest first."""
        if signing_name in self._by_signing_name:
            yield self._by_signing_name[signing_name]
        if signing_name is None:
            yield self._named_by_host(headers)
            yield self._services

    def is_named_by_host(self, headers: Headers) -> bool:
        """True for `lambda.us-east-1.amazonaws.com` and the like."""
        return bool(self._named_by_host(headers))

    def _named_by_host(self, headers: Headers) -> list[ServiceCodec]:
        labels = headers.get("host").split(".")
        return next((self._by_host[each] for each in labels if each in self._by_host), [])


def _choose(
    candidates: list[ServiceCodec],
    method: str,
    path: str,
    query: str,
    headers: Headers,
    body: bytes,
) -> ServiceCodec | None:
    """The one candidate that has the request's action or, failing that, its path."""
    found = _FORM_ACTION.search(body)
    form = f"Action={found[1].decode()}" if found is not None else ""
    for action in filter(None, (query, form)):
        for codec in candidates:
            if codec.has_action(action):
                return codec
    known = [each.knows_route(method, path, query, headers) for each in candidates]
    most = max(known, default=-1)
    # S3 has a route for any path; the service that knows most of it by name is meant.
    return candidates[known.index(most)] if most >= 0 and known.count(most) == 1 else None


def _missing(name: str) -> ServiceCodec:
    raise KeyError(name)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from lambent.core.http import Headers
from lambent.protocol.service import ServiceCodec

if TYPE_CHECKING:
    from lambent.protocol.messages import WireResponse


class Call(Protocol):
    """Parses one request of a service into the operation's input."""

    def __call__(
        self,
        service: ServiceCodec,
        method: str,
        uri: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]: ...


class Make(Protocol):
    """A service of one operation, `Op`, at `POST /op`."""

    def __call__(
        self,
        protocol: str,
        shapes: dict[str, Any],
        operation: dict[str, Any] | None = None,
        **metadata: Any,
    ) -> ServiceCodec: ...


class Answer(Protocol):
    """Serialises an output of `Op`."""

    def __call__(self, service: ServiceCodec, document: dict[str, Any]) -> WireResponse: ...


@pytest.fixture
def call() -> Call:
    def run(
        service: ServiceCodec,
        method: str,
        uri: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        path, _, query = uri.partition("?")
        sent = Headers((headers or {}).items())
        match = service.find_operation(method, path, query, sent, body)
        return match.operation.parse(match, method, path, query, sent, body)

    return run


@pytest.fixture
def make() -> Make:
    def build(
        protocol: str,
        shapes: dict[str, Any],
        operation: dict[str, Any] | None = None,
        **metadata: Any,
    ) -> ServiceCodec:
        found: dict[str, Any] = {"http": {"method": "POST", "requestUri": "/op"}}
        found |= {name.lower(): {"shape": name} for name in ("Input", "Output") if name in shapes}
        facts = {"protocol": protocol, "endpointPrefix": "toy", "apiVersion": "2026-01-01"}
        description = {
            "metadata": {**facts, **metadata},
            "operations": {"Op": found | (operation or {})},
            "shapes": {"String": {"type": "string"}, **shapes},
        }
        return ServiceCodec("toy", description)

    return build


@pytest.fixture
def answer() -> Answer:
    def run(service: ServiceCodec, document: dict[str, Any]) -> WireResponse:
        codec = service.table(service.protocol).operation("Op")
        assert codec is not None
        return codec.serialize(document, "request-id")

    return run

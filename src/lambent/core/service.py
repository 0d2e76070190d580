"""How a service offers its operations to the gateway.

An operation is a plain function registered in its service's table as one of three kinds:

* `read`:  `def op(tx, context, request)`, run on a reading connection;
* `write`: `def op(tx, context, request)`, run in the writer's transaction; its answer goes out after the fsync;
* `waits`: `async def op(context, request)`, for operations that wait for something else or stream. One that is called
  all the time may also have a short form, `begin(context, request, done) -> bool`: it calls `done` once with the answer
  or the exception, now or later, or does nothing and returns False, and then the long form runs.

The request is the parsed input (member names as in the model, absent members absent, blobs as bytes, timestamps as
aware datetimes); the answer has the shape of the model's output, likewise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from lambent.core.context import RequestContext
    from lambent.core.http import Request, Respond, Response

# Parsed input and output of one operation. The operations themselves are typed with the TypedDicts of
# types-boto3-<service>; here, where all of them meet, only the outer shape can be said.
Document = Mapping[str, Any]

Kind = Literal["read", "write", "waits"]
# Takes an operation's answer, or the exception that it ended with.
Done = Callable[[Document | Exception], None]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of a service's operation table."""

    kind: Kind
    run: Callable[..., Any]
    begin: Callable[[RequestContext, Any, Done], bool] | None = None


def read(run: Callable[..., Any]) -> Operation:
    """Register `def op(tx, context, request)` that only reads."""
    return Operation("read", run)


def write(run: Callable[..., Any]) -> Operation:
    """Register `def op(tx, context, request)` that changes state."""
    return Operation("write", run)


def waits(
    run: Callable[..., Awaitable[Any]],
    begin: Callable[[RequestContext, Any, Done], bool] | None = None,
) -> Operation:
    """Register `async def op(context, request)`, perhaps with its short form."""
    return Operation("waits", run, begin)


class Service(Protocol):
    """What the gateway needs of a service: its name in botocore's data and its operations by API name."""

    @property
    def name(self) -> str: ...
    @property
    def operations(self) -> Mapping[str, Operation]: ...


class Door(Protocol):
    """A data plane of a service with addresses of its own (function URLs, execute-api, code downloads).

    Tried in order before the AWS routing; the first that matches answers.
    """

    def matches(self, request: Request) -> bool: ...
    async def handle(self, request: Request) -> Response: ...


@runtime_checkable
class ShortDoor(Door, Protocol):
    """A door that is called all the time, and so has a short form, of requests whose body is a `BytesBody`.

    `begin` is `core.http.Begin`. What it raises or returns is the gateway's to answer; what it answers itself
    carries a request id.
    """

    def begin(self, request: Request, respond: Respond) -> Coroutine[Any, Any, Response] | None: ...


if TYPE_CHECKING:
    Run = Callable[[RequestContext, Document], Awaitable[Document]]

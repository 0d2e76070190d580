"""What one part of the platform asks of another without importing it. `lambent.app` plugs them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.core.context import Principal
    from lambent.core.http import Request


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key as the gateway needs it: who it stands for and what to check signatures with."""

    access_key_id: str
    secret_access_key: str = field(repr=False)  # never in a log
    principal: Principal
    session_token: str | None = None


class Credentials(Protocol):
    """Looks up access keys. Held in memory: the gateway asks for every request."""

    def find(self, access_key_id: str) -> Credential | None: ...


class Signatures(Protocol):
    """Checks who signed a request to a data plane (a function URL), for the door that received it."""

    @property
    def is_open(self) -> bool:
        """Neither signatures nor permissions are looked at (`auth = "open"`)."""
        ...

    async def verify(self, request: Request, service: str, body: bytes) -> Principal:
        """Raises ServiceError where there is no good signature for `service`."""
        ...


class Tx(Protocol):
    """A transaction as service code sees it: SQLAlchemy Core statements and what to do once they are durable.

    A function that gets one touches nothing but it and its arguments, and may be run more than once.
    """

    def execute(self, statement: Any, parameters: Any = None) -> int:
        """Run a statement; returns the number of rows it touched."""
        ...

    def one(self, statement: Any, parameters: Any = None) -> Any | None:
        """The first row, or None."""
        ...

    def all(self, statement: Any, parameters: Any = None) -> Sequence[Any]:
        """All rows."""
        ...

    def after_commit(self, call: Callable[..., None], *args: object) -> None:
        """Call `call(*args)` in the event loop once the transaction is durable; not at all if it is not."""
        ...


class Database(Protocol):
    """The durable state. Both run the function outside the event loop and return what it returns."""

    async def read(self, fn: Callable[[Tx], T]) -> T: ...
    async def write(self, fn: Callable[[Tx], T]) -> T: ...

"""What one part of the platform asks of another without importing it. `lambent.app` plugs them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lambent.core.context import Principal, Scope
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


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy document with what `explain` calls it: the ARN of a managed policy, or an inline one's name after its
    owner's (`role/R/P`).
    """

    name: str
    document: str  # JSON as it was stored


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Every policy that bounds what a principal may do, but for those of the resources.

    A boundary or session policy that is not there (None) does not restrict; an empty tuple of session policies allows
    nothing.
    """

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] | None = None


class PolicySource(Protocol):
    """Knows the policies of principals. Held in memory: asked for every request whose decision is not memoised."""

    def policies(self, principal: Principal) -> PolicySet:
        """Those of a user (with its groups' policies) or of a session of a role; empty for one that is gone."""
        ...

    def tags(self, principal: Principal) -> Mapping[str, str]:
        """`aws:PrincipalTag/...`: tags of the user, or of the role with the session's over them."""
        ...

    def generation(self, account_id: str) -> int:
        """A number that moves, before the change is answered, whenever a key or policy of the account changes."""
        ...


class Signatures(Protocol):
    """Checks who signed a request to a data plane (a function URL), for the door that received it."""

    @property
    def is_open(self) -> bool:
        """Neither signatures nor permissions are looked at (`auth = "open"`)."""
        ...

    async def verify(self, request: Request, service: str, body: bytes) -> Principal:
        """Raises ServiceError where there is no good signature for `service`."""
        ...


@dataclass(frozen=True, slots=True)
class MetricDatum:
    """One value of a metric, as PutMetricData takes it. `timestamp_ms` is in calendar milliseconds."""

    namespace: str
    name: str
    value: float
    timestamp_ms: int
    unit: str = "None"
    dimensions: Mapping[str, str] = field(default_factory=dict)


class MetricSink(Protocol):
    """Takes the values that other services measure: CloudWatch."""

    def record(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        """Never waits, never raises."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """A service of the platform that acts for one of its resources, as resource policies see it."""

    principal: str  # such as logs.amazonaws.com
    source_arn: str
    source_account: str


class InvocationRefused(Exception):
    """There is no such function, or its policy does not let the caller invoke it. The text says which."""


class FunctionInvoker(Protocol):
    """Lambda, for services that invoke functions asynchronously for somebody."""

    async def check(self, function_arn: str, caller: ServiceCaller) -> None:
        """Raises InvocationRefused."""
        ...

    async def send(self, function_arn: str, payload: bytes, caller: ServiceCaller) -> None:
        """As Invoke with InvocationType Event: returns when it is durable. Raises InvocationRefused, or
        ServiceError for a payload that is too large.
        """
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

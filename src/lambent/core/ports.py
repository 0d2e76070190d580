"""What one part of the platform asks of another without importing it. `lambent.app` plugs them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from lambent.core.context import Principal, Scope, Session
    from lambent.core.errors import ServiceError
    from lambent.core.http import Request
    from lambent.core.spread import Spread


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key as the gateway needs it: who it stands for and what to check signatures with."""

    access_key_id: str
    secret_access_key: str = field(repr=False)  # never in a log
    principal: Principal
    session_token: str | None = field(default=None, repr=False)
    expires_s: int | None = None  # of a temporary one: seconds since 1970, by the wall clock


class Credentials(Protocol):
    """Looks up access keys. Held in memory: the gateway asks for every request."""

    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        """The active key of this id. A temporary one is found with its token only, and also when it has expired."""
        ...


class Uses(Protocol):
    """Takes note of who uses what (last used, last accessed). Called for every request: cheap."""

    def used(self, principal: Principal, service: str, region: str) -> None: ...


class Calls(Protocol):
    """Takes note of what is asked for, and when last. Cheap, but not for every request."""

    def called(
        self, principal: Principal, action: str, resource: str, region: str, *, is_allowed: bool
    ) -> int:
        """Returns until when the same need not be told again, in calendar milliseconds."""
        ...


class AuthorizationMessages(Protocol):
    """Makes what a denial was decided by unreadable for all but those who may decode it."""

    def encoded(self, account_id: str, message: Mapping[str, Any]) -> str:
        """Args: `account_id` of the principal who was denied; `message` is JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Role:
    """A role as those see it who assume it. `trust` is its trust policy."""

    account_id: str
    arn: str
    name: str
    id: str
    trust: NamedPolicy
    max_session_s: int


class Roles(Protocol):
    """Knows the roles of every account. Held in memory."""

    def role(self, arn: str) -> Role | None: ...
    def managed_policy(self, account_id: str, arn: str) -> NamedPolicy | None:
        """A managed policy of the account or of AWS, in its default version."""
        ...

    def is_there(self, session: Session) -> bool:
        """Whether the user or role that a session is of still exists."""
        ...

    def generation(self, account_id: str) -> int:
        """A number that moves whenever something of the account has changed."""
        ...


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


class IdentityProviders(Protocol):
    """Knows the OpenID Connect providers of every account. Held in memory."""

    def client_ids(self, account_id: str, name: str) -> tuple[str, ...] | None:
        """For whom the account takes tokens of a provider (its URL without the scheme); None: it takes none."""
        ...


class SealingKeys(Protocol):
    """What session tokens are sealed with."""

    def key(self) -> bytes:
        """32 bytes, the same after a restart."""
        ...


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """Temporary credentials of a role. `expires_s` in seconds since 1970."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_s: int


class RoleSessions(Protocol):
    """Makes credentials for what runs in a role's name. Asks memory only: a cold start waits for it."""

    def is_assumable(self, role_arn: str, function_arn: str) -> bool:
        """Whether the function may have the role: it is there, in the function's account, and trusts Lambda."""
        ...

    def open(self, role_arn: str, function_arn: str, session_name: str) -> RoleCredentials | None:
        """None where the function may not have the role, or not any more."""
        ...


class AssumedRoles(Protocol):
    """Makes the sessions of roles that services take on. Asks memory only."""

    def assumed(self, caller: ServiceCaller, session_name: str) -> Principal | None:
        """A session of the role that a service takes on; None where the role is not there, is another account's or
        does not trust the service.
        """
        ...


class ResourceFacts(Protocol):
    """What a service knows of its resources that policies go by. Held in memory, as a `PolicySource` is.

    Resources are named by their ARN; of one that is not there everything is empty.
    """

    def policies(self, arn: str) -> Sequence[NamedPolicy]:
        """The policies that hang on the resource itself (trust policies of roles, too)."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """`aws:ResourceTag/...`."""
        ...

    def keys(self, arn: str) -> Mapping[str, tuple[str, ...]]:
        """Other condition keys that hang on the resource, in lower case (`iam:permissionsboundary`)."""
        ...

    def full_arn(self, arn: str) -> str:
        """The ARN in full, where a request cannot tell it: with the path of a user or role."""
        ...

    def generation(self, account_id: str) -> int:
        """A number that moves, before the change is answered, whenever a policy of a resource of the account does."""
        ...


class Authority(Protocol):
    """Decides what a principal may do, for services that ask by themselves (function URLs, event sources)."""

    def allows(
        self,
        principal: Principal,
        action: str,
        resource: str,
        keys: Mapping[str, str],
        request: Request | None = None,
    ) -> bool:
        """May it do `action` with the resource of this ARN?

        Args:
            keys: condition keys that only the asking service knows (`aws:SourceArn`).
            request: what the principal sent; None for a call of the platform's own.
        """
        ...

    def denial(
        self,
        principal: Principal,
        action: str,
        resource: str,
        keys: Mapping[str, str],
        request: Request | None = None,
    ) -> str:
        """As `allows`: AWS's sentence where it may not, "" where it may."""
        ...


class FunctionAnswer(NamedTuple):
    """What a function returned, as it wrote it; with `is_error` the JSON of what it failed with.

    Attributes:
        request_id: of the invocation.
        version: that ran.
        trace_id: the trace header that the function found.
    """

    payload: bytes
    is_error: bool = False
    request_id: str = ""
    version: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class FunctionStream:
    """What a function writes, once it has begun to answer.

    Attributes:
        pieces: as they come; to be iterated over once.
        abandon: whoever iterates leaves, and the function runs on. May be called more than once.
        has_failed: says at the end of the pieces whether they are not all.
        request_id: of the invocation.
    """

    pieces: AsyncIterator[bytes]
    abandon: Callable[[], None]
    has_failed: Callable[[], bool]
    request_id: str


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """A service of the platform that acts for one of its resources.

    Attributes:
        principal: such as `logs.amazonaws.com`.
        role_arn: of the role that it takes on to call; "" where it calls as itself, which the function's own policy
            has to allow.
        keys: what policies may ask for.
    """

    principal: str
    source_arn: str
    source_account: str
    role_arn: str = ""
    keys: Mapping[str, str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        keys = {"aws:SourceArn": self.source_arn, "aws:SourceAccount": self.source_account}
        object.__setattr__(self, "keys", keys)


if TYPE_CHECKING:
    # Takes what a function returned, or why it was not called.
    Answered = Callable[[FunctionAnswer | ServiceError], None]


class Functions(Protocol):
    """Lambda, for services that call functions in their users' name. `arn` is that of a function, a version or an
    alias, in full.

    Raises:
        ServiceError: no such function, no permission (`AccessDeniedException`), too many requests, too large an event.
    """

    async def check(self, arn: str, caller: ServiceCaller) -> None:
        """Nothing but what is raised."""
        ...

    async def invoke(
        self, arn: str, payload: bytes, caller: ServiceCaller, trace_id: str
    ) -> FunctionAnswer:
        """Wait for the answer."""
        ...

    async def stream(
        self, arn: str, payload: bytes, caller: ServiceCaller, trace_id: str
    ) -> FunctionStream:
        """As `invoke`, for an answer that goes out as the function writes it: returns when it begins to."""
        ...

    def begin(
        self,
        arn: str,
        payload: bytes,
        caller: ServiceCaller,
        trace_id: str,
        done: Answered,
    ) -> bool:
        """The short form of `invoke`: tell `done` once, later. False, and nothing has happened, where something has to
        be read or waited for before the function can be called.
        """
        ...

    async def send(
        self, arn: str, payload: bytes, caller: ServiceCaller, trace_id: str = ""
    ) -> None:
        """Put the event into the function's queue; returns when it is durable. Without a trace a new one begins."""
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


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """Values of a metric that came within one minute, as whoever counted them knows them.

    `minute` in minutes since 1970.
    """

    scope: Scope
    namespace: str
    name: str
    minute: int
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    spread: Spread


class MetricSink(Protocol):
    """Takes the values that other services measure: CloudWatch."""

    def record(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        """Never waits, never raises."""
        ...


class Meter(Protocol):
    """Takes note of what services use for their accounts, for the bill. Never waits, never raises; what was noted is
    billed once, whatever process is killed then.

    Args of both:
        service: such as `apigateway`.
        resource: what the bill shows: an API and stage, a bucket.
        kind: what the price hangs on, such as `rest` or `put`.
    """

    def requests(
        self, scope: Scope, service: str, resource: str, kind: str, count: int = 1
    ) -> None:
        """So many have been answered."""
        ...

    def stored(self, scope: Scope, service: str, resource: str, kind: str, size: int) -> None:
        """From now on it is so many bytes; to be told at the start, too."""
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

"""Who asks for what: the facts of one request that its operation may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from lambent.core.http import Request
    from lambent.core.ports import NamedPolicy

PrincipalKind = Literal["root", "user", "assumed-role", "federated-user", "service", "anonymous"]


@dataclass(frozen=True, slots=True)
class Session:
    """What temporary credentials say beside whom they stand for.

    `issuer_arn` (with its path) and `issuer_id` are of the role that was assumed, or of the user who asked for the
    session; `issued_s` and `expires_s` in seconds since 1970. `policies` are the documents given when the session was
    made, `policy_arns` the managed ones; neither given means that the session is not restricted, and no statement in
    them that it may do nothing. `tags` are those of the session alone.
    """

    name: str
    issuer_arn: str
    issuer_id: str
    issued_s: int
    expires_s: int
    policies: tuple[NamedPolicy, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""
    federated_provider: str = ""

    @property
    def is_restricted(self) -> bool:
        return bool(self.policies or self.policy_arns)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signed the request. An anonymous principal has neither account nor key; the ARN of a service is its name
    (`s3.amazonaws.com`).

    Attributes:
        role_arn: of a session: the ARN of its role, with the role's path.
        facts: condition keys that the credentials themselves bring (`aws:MultiFactorAuthPresent`,
            `aws:TokenIssueTime`, `aws:SourceIdentity` ...) with their values.
        session: what temporary credentials say beside that; None for long-term ones.
    """

    kind: PrincipalKind
    account_id: str = ""
    arn: str = ""
    user_id: str = ""
    access_key_id: str = ""
    role_arn: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    session: Session | None = None


ANONYMOUS = Principal("anonymous")


class Scope(NamedTuple):
    """Where a regional resource lives. Every resource is keyed by it, so it is a tuple, whose hash costs no call."""

    account_id: str
    region: str


# Not frozen: one is made per request, and a frozen one costs three times as much.
@dataclass(slots=True)
class RequestContext:
    """The facts of one request. `now` is the calendar, read once, so that one answer holds one time."""

    request_id: str
    service: str
    operation: str
    scope: Scope
    principal: Principal
    now: datetime
    http: Request

    @property
    def endpoint(self) -> str:
        """How the client addressed us (`http://127.0.0.1:4566`): links in answers begin with it."""
        return f"{self.http.scheme}://{self.http.host}"

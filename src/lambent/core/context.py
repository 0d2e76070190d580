"""Who asks for what: the facts of one request that its operation may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from lambent.core.http import Request

PrincipalKind = Literal["root", "user", "assumed-role", "service", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signed the request. An anonymous principal has neither account nor key; the ARN of a service is its name
    (`s3.amazonaws.com`).

    Attributes:
        role_arn: of a session: the ARN of its role, with the role's path.
        facts: condition keys that the credentials themselves bring (`aws:MultiFactorAuthPresent`,
            `aws:TokenIssueTime`, `aws:SourceIdentity` ...) with their values.
    """

    kind: PrincipalKind
    account_id: str = ""
    arn: str = ""
    user_id: str = ""
    access_key_id: str = ""
    role_arn: str = ""
    facts: tuple[tuple[str, str], ...] = ()


ANONYMOUS = Principal("anonymous")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a regional resource lives. Every resource is keyed by it."""

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

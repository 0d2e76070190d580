"""What IAM keeps: one frozen dataclass for each kind of entity, and its JSON.

An entity belongs to an account. Its `key` is what must be unique of its kind in the account: the name in lower case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

E = TypeVar("E", bound="Entity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """`created_s` in seconds since 1970; `id` with AWS's prefix."""

    kind: ClassVar[str]
    prefix: ClassVar[str] = ""
    resource: ClassVar[str]
    account_id: str
    name: str
    path: str = "/"
    id: str
    created_s: int
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:{self.resource}{self.path}{self.name}"

    @property
    def created(self) -> datetime:
        return moment(self.created_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Entity):
    """What policies hang on. `inline`: documents by name; `attached`: ARNs, in the order of attaching."""

    inline: Mapping[str, str] = field(default_factory=dict)
    attached: tuple[str, ...] = ()
    boundary: str = ""  # an ARN; groups have none


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginProfile:
    """A password, as its salted hash. Nothing here signs in with it; that it was set is known."""

    created_s: int
    changed_s: int
    salt: str
    digest: str
    must_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Identity):
    """`groups` holds the keys of the groups it is in."""

    kind: ClassVar[str] = "user"
    prefix: ClassVar[str] = "AIDA"
    resource: ClassVar[str] = "user"
    groups: tuple[str, ...] = ()
    login: LoginProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Identity):
    kind: ClassVar[str] = "group"
    prefix: ClassVar[str] = "AGPA"
    resource: ClassVar[str] = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Identity):
    """`trust` is its trust policy; `service` the one that a service-linked role is for."""

    kind: ClassVar[str] = "role"
    prefix: ClassVar[str] = "AROA"
    resource: ClassVar[str] = "role"
    trust: str
    description: str | None = None
    max_session_s: int = 3600
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    number: int
    document: str
    created_s: int

    @property
    def id(self) -> str:
        return f"v{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Entity):
    """A customer managed policy. `default` and `last` are numbers of versions: that in force, and the newest ever."""

    kind: ClassVar[str] = "policy"
    prefix: ClassVar[str] = "ANPA"
    resource: ClassVar[str] = "policy"
    versions: tuple[PolicyVersion, ...]
    default: int = 1
    last: int = 1
    description: str = ""
    updated_s: int

    def version(self, version_id: str) -> PolicyVersion | None:
        return next((each for each in self.versions if each.id == version_id), None)

    @property
    def in_force(self) -> PolicyVersion:
        return next(each for each in self.versions if each.number == self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceProfile(Entity):
    """`roles` holds the keys of its roles: one at most."""

    kind: ClassVar[str] = "instance-profile"
    prefix: ClassVar[str] = "AIPA"
    resource: ClassVar[str] = "instance-profile"
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider(Entity):
    """Its name is its URL without the scheme."""

    kind: ClassVar[str] = "oidc-provider"
    resource: ClassVar[str] = "oidc-provider"
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Entity):
    """What an account has one of: its alias, its password policy, its credential report."""

    kind: ClassVar[str] = "settings"
    resource: ClassVar[str] = "settings"
    alias: str = ""
    password_policy: Mapping[str, Any] | None = None
    report: str = ""
    reported_s: int = 0


KINDS: tuple[type[Entity], ...] = (
    User,
    Group,
    Role,
    Policy,
    InstanceProfile,
    OidcProvider,
    Settings,
)
_BY_KIND = {kind.kind: kind for kind in KINDS}
_TUPLES = ("attached", "groups", "roles", "client_ids", "thumbprints")


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def encode(entity: Entity) -> str:
    return orjson.dumps(entity).decode()


def decode(kind: str, document: str) -> Any:
    """The entity of that kind."""
    members: dict[str, Any] = orjson.loads(document)
    for name in _TUPLES:
        if name in members:
            members[name] = tuple(members[name])
    if members.get("versions"):
        members["versions"] = tuple(PolicyVersion(**each) for each in members["versions"])
    if members.get("login"):
        members["login"] = LoginProfile(**members["login"])
    return _BY_KIND[kind](**members)

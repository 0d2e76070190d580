"""Every entity in memory, and what the gateway, the policy engine and STS ask of it.

Loaded at the start; changed once a change is durable and before it is answered. It is a `core.ports.PolicySource`,
`Roles` and `IdentityProviders`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lambent.core import ports
from lambent.core.ports import NamedPolicy, PolicySet
from lambent.services.iam import aws_policies, store
from lambent.services.iam.model import Group, Identity, OidcProvider, Policy, Role, User

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lambent.core.context import Principal, Session
    from lambent.core.ports import Database
    from lambent.services.iam.accounts import Accounts
    from lambent.services.iam.model import Entity

_NOTHING = PolicySet()
_EVERYTHING = NamedPolicy(
    "root",
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
)
_NO_TAGS: Mapping[str, str] = MappingProxyType({})


class Directory:
    """Args: the accounts, whose generations move with every change and whose keys follow their users."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts
        self.generation = accounts.generation
        self._entities: dict[tuple[str, str], dict[str, Any]] = {}

    async def load(self) -> None:
        """Read everything; called once, when the accounts have been loaded."""
        for entity in await self._database.read(store.everything):
            self._of(entity.account_id, entity.kind)[entity.key] = entity

    async def reset(self) -> None:
        """Forget every entity of every account (`--test-mode`)."""
        await self._database.write(store.forget_everything)
        for account_id in {account_id for account_id, _ in self._entities}:
            self._accounts.changed(account_id)
        self._entities.clear()

    # --- Mirror ----------------------------------------------------------------------------------------------

    def stored(self, entity: Entity) -> None:
        self._of(entity.account_id, entity.kind)[entity.key] = entity
        if isinstance(entity, User):
            self._accounts.follow(entity)
        self._accounts.changed(entity.account_id)

    def removed(self, entity: Entity) -> None:
        self._of(entity.account_id, entity.kind).pop(entity.key, None)
        self._accounts.changed(entity.account_id)

    # --- PolicySource ----------------------------------------------------------------------------------------

    def policies(self, principal: Principal) -> PolicySet:
        """Those of a user (with its groups' policies) or of a session of a role; empty for one that is gone."""
        identity = self._identity(principal)
        session = principal.session
        if identity is None:
            # The root lends its federated users everything, as far as the session's policies go.
            if session is None or principal.kind != "federated-user" or not is_root(session):
                return _NOTHING
            return PolicySet((_EVERYTHING,), session=self._of_session(principal, session))
        return PolicySet(
            identity=tuple(self._of_identity(identity)),
            boundary=self._boundary(identity),
            session=None if session is None else self._of_session(principal, session),
        )

    def tags(self, principal: Principal) -> Mapping[str, str]:
        """Those of the user, or of the role with the session's over them."""
        identity = self._identity(principal)
        own = _NO_TAGS if identity is None else identity.tags
        session = principal.session
        if session is None or not session.tags:
            return own
        given = dict(session.tags)
        hidden = {key.lower() for key in given}  # keys of tags are not distinguished by case
        return {key: value for key, value in own.items() if key.lower() not in hidden} | given

    # --- Roles -----------------------------------------------------------------------------------------------

    def role(self, arn: str) -> ports.Role | None:
        role = self._by_arn(Role, arn)
        if role is None:
            return None
        trust = NamedPolicy(f"role/{role.name}/trust", role.trust)
        return ports.Role(role.account_id, role.arn, role.name, role.id, trust, role.max_session_s)

    def managed_policy(self, account_id: str, arn: str) -> NamedPolicy | None:
        """A managed policy of the account or of AWS, in its default version."""
        owned = aws_policies.find(arn)
        if owned is not None:
            return NamedPolicy(arn, owned.document)
        policy = self._by_arn(Policy, arn)
        if policy is None or policy.account_id != account_id:
            return None
        return NamedPolicy(arn, policy.in_force.document)

    def is_there(self, session: Session) -> bool:
        """Whether the user or role that a session is of still exists."""
        kind = Role if ":role/" in session.issuer_arn else User
        if is_root(session):
            return True
        issuer = self._by_arn(kind, session.issuer_arn)
        return issuer is not None and issuer.id == session.issuer_id

    # --- IdentityProviders ------------------------------------------------------------------------------------

    def client_ids(self, account_id: str, name: str) -> tuple[str, ...] | None:
        """For whom an account takes tokens of an OpenID Connect provider."""
        provider = self.find(account_id, OidcProvider, name)
        found: tuple[str, ...] | None = None if provider is None else provider.client_ids
        return found

    # --- everybody's -----------------------------------------------------------------------------------------

    def find(self, account_id: str, kind: type[Any], name: str) -> Any | None:
        """An entity by its name, from memory."""
        return self._of(account_id, kind.kind).get(name.lower())

    def all(self, account_id: str, kind: type[Any]) -> list[Any]:
        """Every entity of a kind, from memory."""
        return list(self._of(account_id, kind.kind).values())

    def named(self, account_id: str, kind: str, name: str) -> Entity | None:
        """An entity by its kind, as ARNs call it, and its name."""
        entities = self._entities.get((account_id, kind))
        return None if entities is None else entities.get(name.lower())

    def identity_of(self, arn: str) -> Identity | None:
        """The user, group or role that an ARN names."""
        return self._by_arn(User, arn) or self._by_arn(Role, arn) or self._by_arn(Group, arn)

    def policies_of(self, identity: Identity) -> PolicySet:
        """Those of a user (with its groups'), group or role itself."""
        return PolicySet(tuple(self._of_identity(identity)), self._boundary(identity))

    def _of(self, account_id: str, kind: str) -> dict[str, Any]:
        return self._entities.setdefault((account_id, kind), {})

    def _by_arn(self, kind: type[Any], arn: str) -> Any | None:
        parts = arn.split(":", 5)
        if len(parts) != 6 or not parts[5].startswith(f"{kind.resource}/"):
            return None
        entities = self._entities.get((parts[4], kind.kind))
        if entities is None:
            return None
        found = entities.get(parts[5].rpartition("/")[2].lower())
        return found if found is not None and found.arn == arn else None

    def _identity(self, principal: Principal) -> Identity | None:
        session = principal.session
        if session is not None:
            kind = Role if principal.kind == "assumed-role" else User
            found: Identity | None = self._by_arn(kind, session.issuer_arn)
            return found if found is not None and found.id == session.issuer_id else None
        if principal.kind != "user":
            return None
        user: Identity | None = self._by_arn(User, principal.arn)
        return user

    def _of_identity(self, identity: Identity) -> Iterator[NamedPolicy]:
        for name, document in identity.inline.items():
            yield NamedPolicy(f"{identity.resource}/{identity.name}/{name}", document)
        for arn in identity.attached:
            policy = self.managed_policy(identity.account_id, arn)
            if policy is not None:
                yield policy
        if isinstance(identity, User):
            groups = self._of(identity.account_id, Group.kind)
            for key in identity.groups:
                if key in groups:
                    yield from self._of_identity(groups[key])

    def _boundary(self, identity: Identity) -> NamedPolicy | None:
        if not identity.boundary:
            return None
        found = self.managed_policy(identity.account_id, identity.boundary)
        # A policy that bounds somebody cannot be deleted; should it be gone, nothing is allowed.
        return found or NamedPolicy(identity.boundary, '{"Version":"2012-10-17","Statement":[]}')

    def _of_session(self, principal: Principal, session: Session) -> tuple[NamedPolicy, ...] | None:
        if not session.is_restricted and principal.kind != "federated-user":
            return None
        managed = (self.managed_policy(principal.account_id, arn) for arn in session.policy_arns)
        return (*session.policies, *(each for each in managed if each is not None))


def is_root(session: Session) -> bool:
    """Did the root of an account ask for it?"""
    return session.issuer_arn.endswith(":root")

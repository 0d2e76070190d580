"""Temporary credentials: made here, found here.

They are not stored. The session token holds, sealed, everything the gateway needs: whom the credentials stand for,
until when, their secret, session policies and tags. So a cold start of a function waits for no disk, a restart ends no
session, and another machine with the same sealing key would know them, too. What cannot be done is to end one session
before its time; AWS cannot either: one deletes the role, or denies by `aws:TokenIssueTime`. A session ends at once
when its user or role is deleted.

Expiry goes by the wall clock, which no test can move.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.core.context import Principal, Session
from lambent.core.ports import Credential, NamedPolicy, RoleCredentials
from lambent.services.sts.seal import SealBroken

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.context import PrincipalKind
    from lambent.core.ports import Credentials, Roles
    from lambent.services.sts.seal import Seal

_PREFIX = "ASIA"
# Opened tokens remembered, 2 KB each. Past it all are dropped: opening one takes 20 us.
_KEPT = 10_000


class Sessions:
    """`core.ports.Credentials`: temporary ones by their token, all others from `long_term`.

    Args:
        seal: of session tokens.
        roles: says whether a session's user or role is still there.
    """

    def __init__(self, long_term: Credentials, roles: Roles, seal: Seal, clock: Clock) -> None:
        self._long_term = long_term
        self._roles = roles
        self._seal = seal
        self._clock = clock
        self._opened: dict[str, Credential] = {}

    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        """The key of this id; a temporary one with its token only, whether or not it has expired. Asks memory only."""
        if not access_key_id.startswith(_PREFIX):
            return self._long_term.find(access_key_id)
        credential = self._opened.get(access_key_id)
        if credential is None:
            credential = self._open(session_token)
            if credential is None or credential.access_key_id != access_key_id:
                return None
            self._remember(credential)
        session = credential.principal.session
        assert session is not None
        return credential if self._roles.is_there(session) else None

    def make(
        self, kind: PrincipalKind, account_id: str, arn: str, user_id: str, session: Session
    ) -> RoleCredentials:
        """Credentials that stand for a principal until `session.expires_s`."""
        key_id, secret = ids.temporary_key_id(), ids.secret_access_key()
        content = {
            "kind": kind,
            "account": account_id,
            "arn": arn,
            "user_id": user_id,
            "key": key_id,
            "secret": secret,
            "session": session,
        }
        token = self._seal.close(orjson.dumps(content))
        return RoleCredentials(key_id, secret, token, session.expires_s)

    def window(self, duration_s: int) -> tuple[int, int]:
        """Issued now and expiring after so many seconds: both in seconds since 1970."""
        now_s = int(self._clock.wall().timestamp())
        return now_s, now_s + duration_s

    def _open(self, token: str) -> Credential | None:
        try:
            content: dict[str, Any] = orjson.loads(self._seal.open(token))
        except SealBroken:
            return None
        session = _session(content["session"])
        principal = Principal(
            kind=content["kind"],
            account_id=content["account"],
            arn=content["arn"],
            user_id=content["user_id"],
            access_key_id=content["key"],
            role_arn=session.issuer_arn if content["kind"] == "assumed-role" else "",
            facts=_facts(session),
            session=session,
        )
        return Credential(content["key"], content["secret"], principal, token, session.expires_s)

    def _remember(self, credential: Credential) -> None:
        if len(self._opened) >= _KEPT:
            self._opened.clear()
        self._opened[credential.access_key_id] = credential


def _session(members: dict[str, Any]) -> Session:
    return Session(
        **{
            **members,
            "policies": tuple(NamedPolicy(**each) for each in members["policies"]),
            "policy_arns": tuple(members["policy_arns"]),
            "tags": tuple((key, value) for key, value in members["tags"]),
            "transitive_tags": tuple(members["transitive_tags"]),
        }
    )


def _facts(session: Session) -> tuple[tuple[str, str], ...]:
    """The condition keys that temporary credentials bring ("Global condition context keys", IAM user guide)."""
    issued = datetime.fromtimestamp(session.issued_s, UTC)
    facts = [("aws:TokenIssueTime", f"{issued:%Y-%m-%dT%H:%M:%SZ}")]
    if not session.federated_provider:
        facts.append(("aws:MultiFactorAuthPresent", "false"))
    if session.source_identity:
        facts.append(("aws:SourceIdentity", session.source_identity))
    if session.federated_provider:
        facts.append(("aws:FederatedProvider", session.federated_provider))
    return tuple(facts)

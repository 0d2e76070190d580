"""The Security Token Service: its operations.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.service import waits
from lambent.services.sts.callers import Callers
from lambent.services.sts.messages import Messages
from lambent.services.sts.role_assumption import RoleAssumption
from lambent.services.sts.role_sessions import RoleSessions
from lambent.services.sts.seal import Seal
from lambent.services.sts.sessions import Sessions
from lambent.services.sts.user_sessions import UserSessions
from lambent.services.sts.web_identities import WebIdentities

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lambent.core.clock import Clock
    from lambent.core.ports import (
        Credentials,
        IdentityProviders,
        Roles,
        SealingKeys,
    )
    from lambent.core.service import Operation


class StsService:
    """AWS STS. `sessions` finds every credential of the platform, `role_sessions` makes those of functions, `messages`
    encodes what denials were decided by.

    Args:
        long_term: access keys that do not expire.
        roles, providers: what IAM knows, from memory.
        keys: what session tokens are sealed with.
        clock: expiry goes by its wall reading.
        jwks: the file with the keys of web identity providers.
        is_open: nobody's permissions are looked at.
    """

    name = "sts"

    def __init__(
        self,
        *,
        long_term: Credentials,
        roles: Roles,
        providers: IdentityProviders,
        keys: SealingKeys,
        clock: Clock,
        jwks: Path | None = None,
        is_open: bool = False,
    ) -> None:
        self.sessions = Sessions(long_term, roles, Seal("session", keys), clock)
        self.role_sessions = RoleSessions(roles, self.sessions)
        self.messages = Messages.sealed_with(keys)
        callers = Callers(long_term, self.messages)
        users = UserSessions(roles, self.sessions)
        assumption = RoleAssumption(roles, self.sessions, is_open)
        web = WebIdentities(roles, providers, assumption, jwks)
        self.operations: Mapping[str, Operation] = {
            "AssumeRole": waits(assumption.assume_role),
            "AssumeRoleWithWebIdentity": waits(web.assume_role_with_web_identity),
            "DecodeAuthorizationMessage": waits(callers.decode_authorization_message),
            "GetAccessKeyInfo": waits(callers.get_access_key_info),
            "GetCallerIdentity": waits(callers.get_caller_identity),
            "GetFederationToken": waits(users.get_federation_token),
            "GetSessionToken": waits(users.get_session_token),
        }

"""Temporary credentials of users: GetSessionToken, GetFederationToken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.core.context import Session
from lambent.services.sts.errors import AccessDenied
from lambent.services.sts.role_assumption import shown
from lambent.services.sts.session_limits import given

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import (
        GetFederationTokenRequestTypeDef,
        GetSessionTokenRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import RoleCredentials, Roles
    from lambent.core.service import Document
    from lambent.services.sts.session_limits import Given
    from lambent.services.sts.sessions import Sessions

# "with a default of 43,200 seconds (12 hours). Sessions for Amazon Web Services account owners are restricted to a
# maximum of 3,600 seconds (one hour). If the duration is longer than one hour, the session for Amazon Web Services
# account owners defaults to one hour" (GetSessionToken).
_USUAL_S = 43_200
_ROOT_S = 3600


@dataclass(frozen=True, slots=True)
class UserSessions:
    """The operations that need no role."""

    roles: Roles
    sessions: Sessions

    async def get_session_token(
        self, context: RequestContext, request: GetSessionTokenRequestTypeDef
    ) -> Document:
        principal = context.principal
        if principal.session is not None:
            raise AccessDenied("Cannot call GetSessionToken with session credentials")
        what = given(request, principal.account_id, self.roles)
        session = self._session(context, request, what, "")
        made = self.sessions.make(
            principal.kind, principal.account_id, principal.arn, principal.user_id, session
        )
        return {"Credentials": shown(made)}

    async def get_federation_token(
        self, context: RequestContext, request: GetFederationTokenRequestTypeDef
    ) -> Document:
        principal, name = context.principal, request["Name"]
        if principal.session is not None:
            raise AccessDenied("Cannot call GetFederationToken with session credentials")
        account_id = principal.account_id
        what = given(request, account_id, self.roles)
        session = self._session(context, request, what, name)
        arn = f"arn:aws:sts::{account_id}:federated-user/{name}"
        user_id = f"{account_id}:{name}"
        made: RoleCredentials = self.sessions.make(
            "federated-user", account_id, arn, user_id, session
        )
        answer: dict[str, Any] = {
            "Credentials": shown(made),
            "FederatedUser": {"FederatedUserId": user_id, "Arn": arn},
        }
        if what.packed is not None:
            answer["PackedPolicySize"] = what.packed
        return answer

    def _session(
        self,
        context: RequestContext,
        request: GetSessionTokenRequestTypeDef | GetFederationTokenRequestTypeDef,
        what: Given,
        name: str,
    ) -> Session:
        principal = context.principal
        duration_s = request.get("DurationSeconds", _USUAL_S)
        if principal.kind == "root":
            duration_s = min(duration_s, _ROOT_S)
        issued_s, expires_s = self.sessions.window(duration_s)
        return Session(
            name=name,
            issuer_arn=principal.arn,
            issuer_id=principal.user_id,
            issued_s=issued_s,
            expires_s=expires_s,
            policies=what.policies,
            policy_arns=what.policy_arns,
            tags=what.tags,
        )

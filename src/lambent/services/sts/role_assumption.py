"""AssumeRole: credentials of a role for whom its trust policy names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lambent.core.context import Session
from lambent.services.sts.errors import AccessDenied, ValidationError
from lambent.services.sts.role_sessions import session_arn
from lambent.services.sts.session_limits import given

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from types_boto3_sts.type_defs import AssumeRoleRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import Role, RoleCredentials, Roles
    from lambent.core.service import Document
    from lambent.services.sts.session_limits import Given
    from lambent.services.sts.sessions import Sessions

USUAL_DURATION_S = 3600
# "Role chaining limits your CLI or Amazon Web Services API role session to a maximum of one hour" (AssumeRole).
_CHAINED_S = 3600


@dataclass(frozen=True, slots=True)
class RoleAssumption:
    """The operation. Whether the caller may has been decided before: the role's trust policy is asked as every
    resource's policy is.

    `is_open`: nobody's permissions are looked at (`auth = "open"`), so root has roles, too.
    """

    roles: Roles
    sessions: Sessions
    is_open: bool = False

    async def assume_role(
        self, context: RequestContext, request: AssumeRoleRequestTypeDef
    ) -> Document:
        principal, arn = context.principal, request["RoleArn"]
        role = self.roles.role(arn)
        if role is None:
            raise AccessDenied(
                f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            )
        caller = principal.session if principal.kind == "assumed-role" else None
        what = given(request, role.account_id, self.roles, caller)
        if principal.kind == "root" and not self.is_open:
            raise AccessDenied("Roles may not be assumed by root accounts.")
        duration_s = request.get("DurationSeconds", USUAL_DURATION_S)
        if caller is not None and duration_s > _CHAINED_S:
            raise ValidationError(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        return self.answer(role, request["RoleSessionName"], duration_s, what)

    def answer(
        self, role: Role, name: str, duration_s: int, what: Given, provider: str = ""
    ) -> dict[str, Any]:
        """The credentials, as both operations that assume roles answer them."""
        if duration_s > role.max_session_s:
            raise ValidationError(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        issued_s, expires_s = self.sessions.window(duration_s)
        session = Session(
            name=name,
            issuer_arn=role.arn,
            issuer_id=role.id,
            issued_s=issued_s,
            expires_s=expires_s,
            policies=what.policies,
            policy_arns=what.policy_arns,
            tags=what.tags,
            transitive_tags=what.transitive_tags,
            source_identity=what.source_identity,
            federated_provider=provider,
        )
        arn, user_id = session_arn(role, name), f"{role.id}:{name}"
        made = self.sessions.make("assumed-role", role.account_id, arn, user_id, session)
        answer: dict[str, Any] = {
            "Credentials": shown(made),
            "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": arn},
        }
        if what.packed is not None:
            answer["PackedPolicySize"] = what.packed
        if what.source_identity:
            answer["SourceIdentity"] = what.source_identity
        return answer


def facts_of_request(
    request: Mapping[str, Any] | AssumeRoleRequestTypeDef, what: Given
) -> dict[str, str | Iterable[str]]:
    """The condition keys that a request to assume a role brings ("IAM and AWS STS condition context keys")."""
    facts: dict[str, str | Iterable[str]] = {"sts:RoleSessionName": request["RoleSessionName"]}
    if "ExternalId" in request:
        facts["sts:ExternalId"] = request["ExternalId"]
    if what.source_identity:
        facts["sts:SourceIdentity"] = what.source_identity
    if what.transitive_tags:
        facts["sts:TransitiveTagKeys"] = what.transitive_tags
    if what.tags:
        facts["aws:TagKeys"] = [key for key, _ in what.tags]
        facts |= {f"aws:RequestTag/{key}": value for key, value in what.tags}
    return facts


def shown(made: RoleCredentials) -> dict[str, Any]:
    return {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret_access_key,
        "SessionToken": made.session_token,
        "Expiration": datetime.fromtimestamp(made.expires_s, UTC),
    }

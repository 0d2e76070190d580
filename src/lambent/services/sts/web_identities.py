"""AssumeRoleWithWebIdentity: a token of an OpenID Connect provider for credentials of a role.

What verifies tokens is imported when the first one comes: it takes a tenth of the platform's start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.sts.errors import AccessDenied, InvalidIdentityToken, NotServed
from lambent.services.sts.role_assumption import facts_of_request
from lambent.services.sts.session_limits import given
from lambent.services.sts.trust import trusts_token

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_sts.type_defs import AssumeRoleWithWebIdentityRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import IdentityProviders, Roles
    from lambent.core.service import Document
    from lambent.services.sts.role_assumption import RoleAssumption

_ACTION = "sts:AssumeRoleWithWebIdentity"


@dataclass(frozen=True, slots=True)
class WebIdentities:
    """The operation, with what it needs.

    `providers` knows the client ids that an account takes tokens for, `jwks` is the file with the providers' keys.
    """

    roles: Roles
    providers: IdentityProviders
    assumption: RoleAssumption
    jwks: Path | None

    async def assume_role_with_web_identity(
        self, context: RequestContext, request: AssumeRoleWithWebIdentityRequestTypeDef
    ) -> Document:
        if "ProviderId" in request:
            raise NotServed("The parameter ProviderId is not implemented by Lambent")
        arn = request["RoleArn"]
        from lambent.services.sts import id_tokens  # noqa: PLC0415 - see the file's head

        claims = id_tokens.verified(request["WebIdentityToken"], self.jwks)
        role = self.roles.role(arn)
        if role is None:
            raise AccessDenied(f"Not authorized to perform {_ACTION}")
        name = claims["iss"].removeprefix("https://").rstrip("/")
        client_ids = self.providers.client_ids(role.account_id, name)
        if client_ids is None:
            raise InvalidIdentityToken(
                "No OpenIDConnect provider found in your account for " + claims["iss"]
            )
        audience = _audience(claims)
        if not set(audience) & set(client_ids):
            raise InvalidIdentityToken("Incorrect token audience")
        provider = f"arn:aws:iam::{role.account_id}:oidc-provider/{name}"
        what = given(request, role.account_id, self.roles)
        facts = facts_of_request(request, what)
        facts |= {f"{name}:aud": audience[0], f"{name}:sub": claims["sub"]}
        facts["aws:FederatedProvider"] = provider
        for claim in ("amr", "azp", "email"):
            if claim in claims:
                facts[f"{name}:{claim}"] = claims[claim]
        if not trusts_token(role, provider, _ACTION, facts, context):
            raise AccessDenied(f"Not authorized to perform {_ACTION}")
        answer = self.assumption.answer(
            role,
            request["RoleSessionName"],
            request.get("DurationSeconds", 3600),
            what,
            provider,
        )
        return answer | {
            "SubjectFromWebIdentityToken": claims["sub"],
            "Provider": provider,
            "Audience": audience[0],
        }


def _audience(claims: dict[str, Any]) -> list[str]:
    """Of a token with an authorized party that counts: "azp", where it is there, is what `aud` is compared with."""
    audience = claims["aud"]
    found = [audience] if isinstance(audience, str) else [str(each) for each in audience]
    azp = claims.get("azp")
    return [azp, *found] if isinstance(azp, str) and azp not in found else found or [""]

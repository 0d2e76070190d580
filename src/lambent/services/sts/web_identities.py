"""AssumeRoleWithWebIdentity: a token of an OpenID Connect provider for credentials of a role.

The provider's public keys are not fetched: they lie in the file that the setting `web_identity_jwks` names, a JSON
object that maps issuers (`https://token.actions.githubusercontent.com`) to their JWKS. Nothing here ever connects to a
provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
import orjson

from lambent.core.errors import InternalFailure
from lambent.services.sts.errors import (
    AccessDenied,
    ExpiredIdentityToken,
    InvalidIdentityToken,
    NotServed,
)
from lambent.services.sts.role_assumption import facts_of_request
from lambent.services.sts.session_limits import given

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_sts.type_defs import AssumeRoleWithWebIdentityRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import IdentityProviders, Roles
    from lambent.core.service import Document
    from lambent.services.sts.role_assumption import RoleAssumption
    from lambent.services.sts.trust import Trust

# Public keys only: an algorithm with a shared secret would make everybody who can verify a token able to make one.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_ACTION = "sts:AssumeRoleWithWebIdentity"


class IssuerKeys:
    """The keys of issuers, read from their file when they are asked for. Without a file nobody is trusted."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def find(self, issuer: str, key_id: str | None) -> jwt.PyJWK | None:
        """The issuer's key with that id; without an id its only key."""
        keys = self._read().get(issuer)
        if keys is None:
            return None
        found = [key for key in keys.keys if key_id is None or key.key_id == key_id]
        return found[0] if len(found) == 1 else None

    def _read(self) -> dict[str, jwt.PyJWKSet]:
        if self._path is None:
            return {}
        try:
            content: dict[str, Any] = orjson.loads(self._path.read_bytes())
            return {issuer: jwt.PyJWKSet.from_dict(keys) for issuer, keys in content.items()}
        except (OSError, ValueError, AttributeError, jwt.PyJWTError) as problem:
            raise InternalFailure(f"web_identity_jwks cannot be read: {problem}") from problem


@dataclass(frozen=True, slots=True)
class WebIdentities:
    """The operation, with what it needs. `providers` knows the client ids that an account takes tokens for."""

    roles: Roles
    providers: IdentityProviders
    trust: Trust
    assumption: RoleAssumption
    keys: IssuerKeys

    async def assume_role_with_web_identity(
        self, context: RequestContext, request: AssumeRoleWithWebIdentityRequestTypeDef
    ) -> Document:
        if "ProviderId" in request:
            raise NotServed("The parameter ProviderId is not implemented by Lambent")
        arn = request["RoleArn"]
        claims = self._verified(request["WebIdentityToken"])
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
        self.trust.refuse(context, role, _ACTION, facts, provider)
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

    def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature holds and which has not expired."""
        try:
            header = jwt.get_unverified_header(token)
            claimed = jwt.decode(token, options={"verify_signature": False})
            issuer = claimed.get("iss")
        except jwt.PyJWTError:
            raise InvalidIdentityToken(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
            ) from None
        key = self.keys.find(str(issuer), header.get("kid"))
        if key is None:
            raise InvalidIdentityToken(
                "Couldn't retrieve verification key from your identity provider,  please reference "
                "AssumeRoleWithWebIdentity documentation for requirements"
            )
        options: Any = {"verify_aud": False, "require": ["exp", "iat", "iss", "sub", "aud"]}
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=list(_ALGORITHMS), options=options
            )
        except jwt.ExpiredSignatureError:
            raise ExpiredIdentityToken(
                "Token expired: current date/time must be before the expiration date/time"
            ) from None
        except jwt.PyJWTError as problem:
            raise InvalidIdentityToken(f"The ID token cannot be verified: {problem}") from None
        return claims


def _audience(claims: dict[str, Any]) -> list[str]:
    """Of a token with an authorized party that counts: "azp", where it is there, is what `aud` is compared with."""
    audience = claims["aud"]
    found = [audience] if isinstance(audience, str) else [str(each) for each in audience]
    azp = claims.get("azp")
    return [azp, *found] if isinstance(azp, str) and azp not in found else found or [""]

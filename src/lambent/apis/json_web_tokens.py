"""JSON web tokens (RFC 7519), verified with the keys of their issuers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.keys_of_issuers import TokenFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.apis.keys_of_issuers import KeysOfIssuers

# "API Gateway supports RSA-based algorithms"; public keys only, so that who verifies cannot sign.
_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")


async def signed_claims(keys: KeysOfIssuers, token: str, issuer: str) -> dict[str, Any]:
    """What a token says that the issuer has signed. Raises TokenFault."""
    import jwt  # noqa: PLC0415 - takes its time to load, and few APIs have authorizers of tokens

    if token.count(".") != 2:
        raise TokenFault("token contains an invalid number of segments")
    try:
        header = jwt.get_unverified_header(token)
        key = await keys.find(issuer, header.get("kid"))
        # Times are held against the platform's calendar by `check_times`.
        options: Any = {
            "verify_aud": False,
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_iss": False,
        }
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=list(_ALGORITHMS), options=options
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenFault("the token is not valid") from None
    if claims.get("iss") != issuer:
        raise TokenFault("the token has an invalid issuer")
    return claims


def has_expired(claims: Mapping[str, Any], now: float) -> bool:
    """Is it over, or without an end?"""
    return not _is_number(claims.get("exp")) or claims["exp"] <= now


def is_early(claims: Mapping[str, Any], now: float) -> bool:
    """Is it not valid yet?"""
    return any(_is_number(claims.get(name)) and claims[name] > now + 1 for name in ("nbf", "iat"))


def scopes_of(claims: Mapping[str, Any]) -> list[str]:
    """`scope`, texts with spaces between, or `scp`."""
    given = claims.get("scope") or claims.get("scp") or ""
    return [str(each) for each in given] if isinstance(given, list) else str(given).split()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

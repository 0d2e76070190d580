"""Roles that stand in a document that is imported: whoever imports it passes them to API Gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.errors import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambent.core.context import RequestContext
    from lambent.core.ports import Authority


def check_passed_roles(
    authority: Authority | None, context: RequestContext, document: dict[str, Any]
) -> None:
    """Raises AccessDenied where the caller may not pass one of them. Without an authority nobody is asked."""
    principal = context.principal
    if authority is None or principal.kind == "root":
        return
    keys = {"iam:PassedToService": "apigateway.amazonaws.com"}
    for role in sorted(set(_roles_in(document))):
        denial = authority.denial(principal, "iam:PassRole", role, keys, context.http)
        if denial:
            raise AccessDenied(denial)


def _roles_in(part: Any) -> Iterator[str]:
    """The roles that integrations and authorizers of a document are to take on, wherever they stand."""
    if isinstance(part, list):
        for each in part:
            yield from _roles_in(each)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name in ("credentials", "authorizerCredentials") and isinstance(value, str):
                if ":role/" in value:
                    yield value
            else:
                yield from _roles_in(value)

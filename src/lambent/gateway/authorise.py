"""Step 4: may the caller do this?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lambent.core.errors import AccessDenied

if TYPE_CHECKING:
    from lambent.core.context import Principal
    from lambent.gateway.call import Call


class Authority(Protocol):
    """Decides; the policy engine implements it."""

    def allows(self, principal: Principal, action: str, call: Call) -> bool:
        """`action` is in IAM's form, `lambda:InvokeFunction`."""
        ...


class RootOnly:
    """The root of an account may do everything in it; nobody else may do anything."""

    def allows(self, principal: Principal, action: str, call: Call) -> bool:
        # STS decides itself: GetCallerIdentity asks for no permission, AssumeRole for the role's.
        return principal.kind == "root" or action.startswith("sts:")


class Authorise:
    """Asks the authority, and words its no as the protocol does."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def __call__(self, call: Call) -> None:
        """Raises `AccessDenied`."""
        action = f"{call.service.signing_name}:{call.match.operation.name}"
        if not self._authority.allows(call.principal, action, call):
            raise _denied(call, action)


def _denied(call: Call, action: str) -> AccessDenied:
    who = call.principal.arn or "anonymous"
    text = (
        f"User: {who} is not authorized to perform: {action} because no identity-based policy "
        f"allows the {action} action"
    )
    if call.service.name == "s3":
        return AccessDenied("Access Denied", code="AccessDenied")
    if call.protocol in ("query", "rest-xml"):
        return AccessDenied(text, code="AccessDenied")
    return AccessDenied(text, status=403 if call.protocol == "rest-json" else 400)

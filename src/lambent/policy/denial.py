"""How a no reads: "Troubleshoot access denied error messages" (IAM user guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.core.context import Principal
    from lambent.policy.engine import Decision

_NAMES = {
    "identity": ("an identity-based policy", "identity-based policy"),
    "boundary": ("a permissions boundary", "permissions boundary"),
    "session": ("a session policy", "session policy"),
    "organization": ("a service control policy", "service control policy"),
    "resource": ("a resource-based policy", "resource-based policy"),
}


def denial(principal: Principal, action: str, resource: str, decision: Decision) -> str:
    """The message of a denied request."""
    who = principal.arn or "anonymous"
    text = f"User: {who} is not authorized to perform: {action} on resource: {resource}"
    if action.startswith("sts:") and decision.decided_by == "resource" and not decision.is_explicit:
        # A stranger does not learn whether the role is there.
        return text
    return f"{text} {reason(action, decision)}"


def reason(action: str, decision: Decision) -> str:
    """Why, without who and what."""
    with_article, name = _NAMES[decision.decided_by or "identity"]
    if decision.is_explicit:
        return f"with an explicit deny in {with_article}"
    return f"because no {name} allows the {action} action"

"""How a no reads: "Troubleshoot access denied error messages" (IAM user guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Principal
    from lambent.policy.engine import Decision

_NAMES = {
    "identity": ("an identity-based policy", "identity-based policy"),
    "boundary": ("a permissions boundary", "permissions boundary"),
    "session": ("a session policy", "session policy"),
    "organization": ("a service control policy", "service control policy"),
    "resource": ("a resource-based policy", "resource-based policy"),
}
# IAM speaks of what is there by kind and name ("role R"): by kinds of ARNs the member of a request that names it, and
# the word. What is yet to be made, passed on or listed it calls by its ARN.
_IAM_WORDS = {
    "user": ("UserName", "user"),
    "role": ("RoleName", "role"),
    "group": ("GroupName", "group"),
    "instance-profile": ("InstanceProfileName", "instance profile"),
    "policy": ("PolicyArn", "policy"),
}
_IAM_BY_ARN = frozenset(
    {
        "iam:CreateGroup",
        "iam:CreateInstanceProfile",
        "iam:CreateRole",
        "iam:CreateUser",
        "iam:PassRole",
    }
)


def denial(principal: Principal, action: str, resource: str, decision: Decision) -> str:
    """The message of a denied request.

    Args:
        resource: as `resource_in_words` has it.
    """
    text = f"User: {principal.arn or 'anonymous'} is not authorized to perform: {action}"
    if resource:
        text += f" on resource: {resource}"
    if action.startswith("sts:") and decision.decided_by == "resource" and not decision.is_explicit:
        # A stranger does not learn whether the role is there.
        return text
    return f"{text} {reason(action, decision)}"


def resource_in_words(action: str, resource: str, document: Mapping[str, object]) -> str:
    """What the service calls the resource of a denied request; "" where it says nothing of it.

    Args:
        document: the request's members.
    """
    service = action.partition(":")[0]
    if service == "cloudwatch" and resource == "*":
        return ""
    if action == "iam:CreatePolicy":
        return f"policy {document.get('PolicyName')}"
    if service != "iam" or action in _IAM_BY_ARN:
        return resource
    kind = resource.rpartition(":")[2].partition("/")[0]
    member, word = _IAM_WORDS.get(kind, ("", ""))
    name = document.get(member)
    return f"{word} {name}" if name else resource


def reason(action: str, decision: Decision) -> str:
    """Why, without who and what."""
    with_article, name = _NAMES[decision.decided_by or "identity"]
    if decision.is_explicit:
        return f"with an explicit deny in {with_article}"
    return f"because no {name} allows the {action} action"

"""May this caller assume this role? The role's trust policy and the caller's own policies, weighed by the engine."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from lambent.core.context import Principal
from lambent.policy.callers import caller_of
from lambent.policy.compiled import compiled
from lambent.policy.denial import denial
from lambent.policy.engine import Applicable, Ask, decide
from lambent.policy.facts import facts_of
from lambent.services.sts.errors import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import NamedPolicy, PolicySource, Role
    from lambent.policy.compiled import CompiledPolicy
    from lambent.policy.rules import Kind

    Facts = Mapping[str, str | Iterable[str]]

# Compiled policies remembered: about 10 KB each.
_KEPT = 1000


class Trust:
    """Args: who knows the policies and tags of callers."""

    def __init__(self, policies: PolicySource) -> None:
        self._policies = policies

    def refuse(
        self,
        context: RequestContext,
        role: Role,
        action: str,
        facts: Facts,
        federated: str = "",
    ) -> None:
        """Raises AccessDenied where the caller may not.

        Args:
            action: `sts:AssumeRole` and its like.
            facts: condition keys that the request brings.
            federated: the provider that vouches for a caller without an account.
        """
        principal = context.principal
        ask = Ask(
            caller_of(principal, federated),
            action,
            role.arn,
            role.account_id,
            needs_resource_policy=True,
        )
        known = facts_of({**self._usual(context, role), **facts})
        decision = decide(ask, self._applicable(principal, role), known)
        if decision.is_allowed:
            return
        if federated:
            raise AccessDenied(f"Not authorized to perform {action}")
        if decision.decided_by == "resource" and not decision.is_explicit:
            raise not_trusted(principal, action, role.arn)
        raise AccessDenied(denial(principal, action, role.arn, decision))

    def names_service(self, role: Role, service: str, facts: Facts) -> bool:
        """Whether a service may assume a role in the name of one of its resources."""
        principal = Principal("service", arn=service)
        ask = Ask(
            caller_of(principal),
            "sts:AssumeRole",
            role.arn,
            role.account_id,
            needs_resource_policy=True,
        )
        policies = Applicable(resource=(_compiled(role.trust, "trust"),))
        return decide(ask, policies, facts_of(facts)).is_allowed

    def _applicable(self, principal: Principal, role: Role) -> Applicable:
        own = self._policies.policies(principal)
        return Applicable(
            identity=tuple(_compiled(each, "managed") for each in own.identity),
            boundary=None if own.boundary is None else _compiled(own.boundary, "managed"),
            session=None
            if own.session is None
            else tuple(_compiled(each, "session") for each in own.session),
            resource=(_compiled(role.trust, "trust"),),
        )

    def _usual(self, context: RequestContext, role: Role) -> dict[str, str | Iterable[str]]:
        """The keys that every request has, as far as trust policies ask for them."""
        principal = context.principal
        facts: dict[str, str | Iterable[str]] = {
            "aws:CurrentTime": f"{context.now:%Y-%m-%dT%H:%M:%SZ}",
            "aws:EpochTime": str(int(context.now.timestamp())),
            "aws:RequestedRegion": context.scope.region,
            "aws:SecureTransport": str(context.http.scheme == "https").lower(),
            "aws:ResourceAccount": role.account_id,
            **dict(principal.facts),
        }
        if context.http.peer:
            facts["aws:SourceIp"] = context.http.peer
        if principal.account_id:
            facts["aws:PrincipalAccount"] = principal.account_id
            facts["aws:PrincipalArn"] = principal.role_arn or principal.arn
            facts["aws:PrincipalType"] = _TYPES[principal.kind]
            facts["aws:userid"] = principal.user_id
        if principal.kind == "user":
            facts["aws:username"] = principal.arn.rpartition("/")[2]
        for key, value in self._policies.tags(principal).items():
            facts[f"aws:PrincipalTag/{key}"] = value
        return facts


def not_trusted(principal: Principal, action: str, role_arn: str) -> AccessDenied:
    """What a stranger hears: the same whether or not there is such a role."""
    return AccessDenied(
        f"User: {principal.arn} is not authorized to perform: {action} on resource: {role_arn}"
    )


_TYPES = {
    "root": "Account",
    "user": "User",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
    "service": "Service",
    "anonymous": "Anonymous",
}


@lru_cache(_KEPT)
def _compiled(policy: NamedPolicy, kind: Kind) -> CompiledPolicy:
    return compiled(policy, kind)

"""Whom a role's trust policy names, where no credentials sign the request: services, and holders of ID tokens.

Of users and sessions the gateway decides, as of all that they ask for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from lambent.core.context import ANONYMOUS, Principal
from lambent.policy.authority import RootOnly
from lambent.policy.callers import caller_of
from lambent.policy.compiled import compiled
from lambent.policy.engine import Applicable, Ask, decide
from lambent.policy.facts import facts_of
from lambent.policy.request_facts import RequestFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import NamedPolicy, Role
    from lambent.policy.callers import Caller
    from lambent.policy.compiled import CompiledPolicy
    from lambent.policy.facts import Facts

    Keys = Mapping[str, str | Iterable[str]]

# Compiled policies remembered: about 10 KB each.
_KEPT = 1000
_NO_POLICIES = RootOnly()


def trusts_service(role: Role, service: str, keys: Keys) -> bool:
    """Whether a service may assume a role in the name of one of its resources, which `keys` tell of."""
    caller = caller_of(Principal("service", arn=service))
    return _allows(role, caller, "sts:AssumeRole", facts_of(keys))


def trusts_token(role: Role, provider: str, action: str, keys: Keys, by: RequestContext) -> bool:
    """Whether somebody may assume a role for whom an identity provider vouches, with what `keys` tell of the token."""
    facts = RequestFacts(
        ANONYMOUS,
        _NO_POLICIES,
        lambda: by.now,
        request=by.http,
        region=by.scope.region,
        own=facts_of(keys),
        resource=role.arn,
    )
    return _allows(role, caller_of(ANONYMOUS, provider), action, facts)


def _allows(role: Role, caller: Caller, action: str, facts: Facts) -> bool:
    ask = Ask(caller, action, role.arn, role.account_id, needs_resource_policy=True)
    policies = Applicable(resource=(_compiled(role.trust),))
    return decide(ask, policies, facts).is_allowed


@lru_cache(_KEPT)
def _compiled(trust: NamedPolicy) -> CompiledPolicy:
    return compiled(trust, "trust")

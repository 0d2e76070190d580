"""May this caller do this? All policies that apply, weighed as AWS weighs them.

"How AWS enforcement code logic evaluates requests to allow or deny access" and "Cross-account policy evaluation logic"
(IAM user guide):

* An explicit deny anywhere decides.
* Within one account an allow of the resource's policy that names the user or the session itself suffices; one that
  names the role is limited by boundary and session policies; one that names the account leaves it to the account.
  Else an identity policy must allow, and boundary and session policies, where there are any, too.
* Between accounts the resource's policy and all of the caller's side must allow.
* Roles (AssumeRole) and KMS keys are closed unless their own policy opens them, within their account too.
* Service control policies bound what the principals of an account may do, its root included: every level of the
  organization must allow. They do not bound services.
* Root needs no policies in its own account. Services and callers without a name have none but the resource's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lambent.policy.callers import Grant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambent.policy.callers import Caller
    from lambent.policy.compiled import CompiledPolicy, Rule
    from lambent.policy.facts import Facts

PolicyType = Literal["identity", "boundary", "session", "resource", "organization"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One permission that a request needs.

    Attributes:
        action: `lambda:InvokeFunction`; case does not matter.
        resource: an ARN, or `*` for actions that are about no resource.
        account_id: whose the resource is.
        needs_resource_policy: the resource is closed unless its own policy opens it (roles and keys).
    """

    caller: Caller
    action: str
    resource: str
    account_id: str
    needs_resource_policy: bool = False


@dataclass(frozen=True, slots=True)
class Applicable:
    """Every policy that has a say. None as the boundary or the session policies: there are none, nothing is limited.

    `organization` holds the service control policies of each level, from the root of the organization to the account;
    without levels there is no organization.
    """

    identity: tuple[CompiledPolicy, ...] = ()
    boundary: CompiledPolicy | None = None
    session: tuple[CompiledPolicy, ...] | None = None
    resource: tuple[CompiledPolicy, ...] = ()
    organization: tuple[tuple[CompiledPolicy, ...], ...] = ()

    def of_type(self, type_: PolicyType) -> Sequence[CompiledPolicy]:
        if type_ == "identity":
            return self.identity
        if type_ == "resource":
            return self.resource
        if type_ == "organization":
            return tuple(policy for level in self.organization for policy in level)
        if type_ == "boundary":
            return () if self.boundary is None else (self.boundary,)
        return self.session or ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and what it rests on.

    Attributes:
        is_explicit: a Deny statement decided.
        decided_by: the type of policy that denied, explicitly or by not allowing; "" for an allow.
        rules: the statements that decided: those that denied, or those that allowed.
    """

    is_allowed: bool
    is_explicit: bool = False
    decided_by: PolicyType | Literal[""] = ""
    rules: tuple[Rule, ...] = ()


ALLOWED = Decision(is_allowed=True)
# The order in which the types are looked through for denials. A denial names one type only.
TYPES: tuple[PolicyType, ...] = (
    "organization",
    "identity",
    "resource",
    "boundary",
    "session",
)


def decide(ask: Ask, policies: Applicable, facts: Facts) -> Decision:
    """The decision on one permission."""
    action = ask.action.lower()
    caller = ask.caller
    has_boundary = policies.boundary is not None
    for type_ in TYPES:
        if type_ == "organization" and (not policies.organization or not caller.account_id):
            continue
        denials = _denials(policies.of_type(type_), ask, action, facts, has_boundary)
        if denials:
            return Decision(False, is_explicit=True, decided_by=type_, rules=tuple(denials))
    if caller.account_id and not all(
        _allows(level, ask, action, facts) for level in policies.organization
    ):
        return Decision(False, decided_by="organization")
    grant, granted_by = _resource_grant(policies.resource, ask, action, facts)
    if caller.account_id == ask.account_id and caller.account_id:
        return _in_account(ask, policies, action, facts, grant, granted_by)
    if grant is Grant.NONE:
        return Decision(False, decided_by="resource")
    if not caller.has_policies:
        return Decision(True, rules=granted_by)
    own = _own_side(ask, policies, action, facts)
    return Decision(True, rules=own.rules + granted_by) if own.is_allowed else own


def _in_account(
    ask: Ask,
    policies: Applicable,
    action: str,
    facts: Facts,
    grant: Grant,
    granted_by: tuple[Rule, ...],
) -> Decision:
    if ask.needs_resource_policy and grant is Grant.NONE:
        return Decision(False, decided_by="resource")
    if ask.caller.is_root or grant is Grant.DIRECT:
        return Decision(True, rules=granted_by)
    if grant is Grant.ROLE:
        limits = _limits(ask, policies, action, facts)
        return Decision(True, rules=granted_by) if limits.is_allowed else limits
    own = _own_side(ask, policies, action, facts)
    return Decision(True, rules=own.rules + granted_by) if own.is_allowed else own


def _own_side(ask: Ask, policies: Applicable, action: str, facts: Facts) -> Decision:
    """What the caller's own account says: identity policies within boundary and session policies."""
    allows = _allows(policies.identity, ask, action, facts)
    if not allows:
        return Decision(False, decided_by="identity")
    limits = _limits(ask, policies, action, facts)
    return Decision(True, rules=tuple(allows)) if limits.is_allowed else limits


def _limits(ask: Ask, policies: Applicable, action: str, facts: Facts) -> Decision:
    boundary, session = policies.boundary, policies.session
    if boundary is not None and not _allows((boundary,), ask, action, facts):
        return Decision(False, decided_by="boundary")
    if session is not None and not _allows(session, ask, action, facts):
        return Decision(False, decided_by="session")
    return ALLOWED


def _allows(policies: Sequence[CompiledPolicy], ask: Ask, action: str, facts: Facts) -> list[Rule]:
    resource = ask.resource
    return [
        rule
        for policy in policies
        for rule in policy.about(action).allows
        if rule.applies(resource, facts)
    ]


def _denials(
    policies: Sequence[CompiledPolicy], ask: Ask, action: str, facts: Facts, has_boundary: bool
) -> list[Rule]:
    resource, caller = ask.resource, ask.caller
    return [
        rule
        for policy in policies
        for rule in policy.about(action).denies
        if rule.applies(resource, facts)
        # Policies of identities name nobody: they are about whom they hang on.
        and (rule.statement.principals is None or rule.grants(caller, has_boundary=has_boundary))
    ]


def _resource_grant(
    policies: Sequence[CompiledPolicy], ask: Ask, action: str, facts: Facts
) -> tuple[Grant, tuple[Rule, ...]]:
    """How closely the resource's policies name the caller where they allow, and the statements that do it best."""
    best = Grant.NONE
    rules: list[Rule] = []
    for policy in policies:
        for rule in policy.about(action).allows:
            grant = rule.grants(ask.caller, has_boundary=False)
            if grant is Grant.NONE or grant < best or not rule.applies(ask.resource, facts):
                continue
            if grant > best:
                best, rules = grant, []
            rules.append(rule)
    return best, tuple(rules)

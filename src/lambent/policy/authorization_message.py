"""What a denial was decided by, as DecodeAuthorizationMessage tells it (API reference of AWS STS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.policy.decisions import mentioned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.context import Principal
    from lambent.policy.compiled import Rule
    from lambent.policy.decisions import Permission
    from lambent.policy.engine import Decision
    from lambent.policy.facts import Facts

# Told in any case, beside the keys that the policies look at.
_ALWAYS = frozenset({"aws:sourceip", "aws:requestedregion", "aws:useragent"})


def authorization_message(
    principal: Principal, permission: Permission, decision: Decision, facts: Facts
) -> dict[str, Any]:
    """The whole of it: the decision, the statements that denied, and what the request brought."""
    ask = permission.ask
    keys = sorted(_ALWAYS | mentioned(permission.policies, ask.action.lower()))
    found = {key: values for key in keys if (values := facts.get(key))}
    return {
        "allowed": decision.is_allowed,
        "explicitDeny": decision.is_explicit,
        "matchedStatements": _items(_statement(rule) for rule in decision.rules),
        "failures": _items(()),
        "context": {
            "principal": {
                "id": principal.user_id,
                "name": principal.arn.rpartition("/")[2],
                "arn": principal.arn,
            },
            "action": ask.action,
            "resource": ask.resource,
            "conditions": _items(
                {"key": key, "values": _values(values)} for key, values in found.items()
            ),
        },
    }


def _statement(rule: Rule) -> dict[str, Any]:
    statement = rule.statement
    principals = statement.principals
    names = () if principals is None else (n for each in principals.names.values() for n in each)
    return {
        "statementId": statement.sid,
        "effect": statement.effect.upper(),
        "principals": _values(names),
        "principalGroups": _items(()),
        "actions": _values(statement.actions),
        "resources": _values(statement.resources),
        "conditions": _items(
            {"key": each.key, "values": _values(each.values)} for each in statement.conditions
        ),
    }


def _items(items: Iterable[object]) -> dict[str, Any]:
    return {"items": list(items)}


def _values(values: Iterable[str]) -> dict[str, Any]:
    return _items({"value": value} for value in values)

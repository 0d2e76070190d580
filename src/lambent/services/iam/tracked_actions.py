"""Actions last accessed: which actions a user, group, role or policy may take, and when they were taken last.

Every action is tracked, those on data, too. Those that nobody has taken are listed without a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.ports import NamedPolicy
from lambent.policy.compiled import compiled
from lambent.policy.needs import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.services.iam.calls import Call

Tracked = dict[str, list[dict[str, Any]]]


def tracked_actions(
    documents: Iterable[str], calls: Iterable[Call], arns: Mapping[str, str]
) -> Tracked:
    """By namespace, in the order of their names: the actions that statements of the documents allow.

    Args:
        calls: of those whose uses count.
        arns: of users and roles by their ids.
    """
    policies = [compiled(NamedPolicy("", document), "identity") for document in documents]
    last: dict[str, Call] = {}
    for call in calls:
        known = last.get(call.action)
        if known is None or known.used_ms < call.used_ms:
            last[call.action] = call
    tracked: Tracked = {}
    for action in sorted(_known() | last.keys()):
        if any(policy.about(action.lower()).allows for policy in policies):
            namespace, _, name = action.partition(":")
            tracked.setdefault(namespace, []).append(_shape(name, last.get(action), arns))
    return tracked


def _known() -> set[str]:
    """Every action that an operation here needs."""
    return {need.action for rows in TABLES.values() for needs in rows.values() for need in needs}


def _shape(name: str, call: Call | None, arns: Mapping[str, str]) -> dict[str, Any]:
    if call is None:
        return {"ActionName": name}
    shape: dict[str, Any] = {
        "ActionName": name,
        "LastAccessedEntity": arns[call.subject],
        "LastAccessedTime": call.moment,
    }
    return shape | ({"LastAccessedRegion": call.region} if call.region else {})

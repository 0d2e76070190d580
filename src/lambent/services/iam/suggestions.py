"""The least policy that covers what was called."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.services.iam.calls import Call

# More resources than these, of one action, are told by what their ARNs have in common.
FEW = 20


def suggest(calls: Iterable[Call]) -> tuple[dict[str, Any], list[str]]:
    """A policy document, and what is to be known of its wildcards.

    Actions of one service that were called on the same resources share a statement.
    """
    resources: dict[str, set[str]] = {}
    for call in calls:
        resources.setdefault(call.action, set()).add(call.resource)
    notes: list[str] = []
    statements: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for action, found in sorted(resources.items()):
        named = _named(action, found, notes)
        statements.setdefault((action.partition(":")[0], named), []).append(action)
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": list(named)}
            for (_, named), actions in statements.items()
        ],
    }
    return document, notes


def _named(action: str, resources: set[str], notes: list[str]) -> tuple[str, ...]:
    if "*" in resources:
        if len(resources) > 1:
            notes.append(f"{action}: on anything, as so much was called that not all is known")
        return ("*",)
    if len(resources) <= FEW:
        return tuple(sorted(resources))
    first, *_, last = sorted(resources)  # what these share, all share
    common = "".join(a for a, b in itertools.takewhile(_are_alike, zip(first, last, strict=False)))
    # Not in the middle of a name, nor before the account: ARNs have that in common with everybody's.
    cut = max(common.rfind("/"), common.rfind(":")) + 1
    if common.count(":") < 5:
        notes.append(f"{action}: {len(resources)} resources, the first {FEW} are named")
        return tuple(sorted(resources)[:FEW])
    notes.append(f"{action}: {len(resources)} resources, told as {common[:cut]}*")
    return (f"{common[:cut]}*",)


def _are_alike(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]

"""Policies in a line each, and a question put to them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.core.context import ANONYMOUS, Principal
from lambent.core.ports import NamedPolicy
from lambent.policy.callers import caller_of
from lambent.policy.compiled import CompiledPolicy, compiled
from lambent.policy.engine import Applicable, Ask, Decision, decide
from lambent.policy.facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = Principal(
    "user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/dev/ann", "AIDAANNANNANNANN", "AKIAUSER"
)
ROOT = Principal("root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "AKIAROOT")
SESSION = Principal(
    "assumed-role",
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/builder/ci",
    "AROABUILDERBUILD:ci",
    "ASIASESSION",
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/teams/builder",
)
SERVICE = Principal("service", arn="s3.amazonaws.com")
NOBODY = ANONYMOUS
BUCKET = "arn:aws:s3:::bucket"
OBJECT = "arn:aws:s3:::bucket/a/b.txt"


def statement(effect: str, action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    found = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {name: value for name, value in found.items() if value is not None}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return statement("Allow", action, resource, **more)


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return statement("Deny", action, resource, **more)


def text(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def policy(
    *statements: dict[str, Any],
    kind: Any = "identity",
    name: str = "p",
    version: str = "2012-10-17",
) -> CompiledPolicy:
    return compiled(NamedPolicy(name, text(*statements, version=version)), kind)


@dataclass
class Case:
    """A request and the policies that apply to it."""

    identity: list[dict[str, Any]] = field(default_factory=list)
    boundary: list[dict[str, Any]] | None = None
    session: list[dict[str, Any]] | None = None
    resource: list[dict[str, Any]] = field(default_factory=list)
    caller: Principal = USER
    account: str = ACCOUNT
    closed: bool = False
    version: str = "2012-10-17"

    def ask(self, action: str = "s3:GetObject", resource: str = OBJECT, **context: Any) -> Decision:
        """Condition keys with `__` for the colon: aws__username="ann"."""
        facts = {key.replace("__", ":"): value for key, value in context.items()}
        return self.ask_with(facts, action, resource)

    def ask_with(
        self, facts: dict[str, Any], action: str = "s3:GetObject", resource: str = OBJECT
    ) -> Decision:
        applicable = Applicable(
            identity=(policy(*self.identity, version=self.version),) if self.identity else (),
            boundary=policy(*self.boundary, kind="boundary") if self.boundary else None,
            session=(policy(*self.session, kind="session"),) if self.session else None,
            resource=(policy(*self.resource, kind="resource"),) if self.resource else (),
        )
        ask = Ask(caller_of(self.caller), action, resource, self.account, self.closed)
        return decide(ask, applicable, facts_of(facts))


def outcome(decision: Decision) -> str:
    """`allow`, or `deny identity` (explicit), or `no identity` (nothing allows)."""
    if decision.is_allowed:
        return "allow"
    return f"{'deny' if decision.is_explicit else 'no'} {decision.decided_by}"


def steps_of(act: Callable[[], Any]) -> int:
    """How many lines of Python `act` runs: what a decision costs, on any machine."""
    steps = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        act()
    finally:
        sys.settrace(before)
    return steps

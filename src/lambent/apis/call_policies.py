"""What a policy says about a call of an API. The engine is IAM's (`lambent.policy`)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from lambent.core.ports import NamedPolicy
from lambent.policy.callers import caller_of
from lambent.policy.compiled import compiled
from lambent.policy.engine import Applicable, Ask, decide
from lambent.policy.facts import facts_of

if TYPE_CHECKING:
    from datetime import datetime

    from lambent.core.context import Principal
    from lambent.core.http import Request
    from lambent.policy.compiled import CompiledPolicy

Says = Literal["allow", "deny", "nothing"]
ACTION = "execute-api:Invoke"


def says(
    request: Request,
    now: datetime,
    arn: str,
    account_id: str,
    policies: Applicable,
    caller: Principal,
) -> Says:
    """May the caller call the method of this ARN?"""
    ask = Ask(caller_of(caller), ACTION, arn, account_id)
    decision = decide(ask, policies, facts_of(_keys(request, now)))
    if decision.is_allowed:
        return "allow"
    return "deny" if decision.is_explicit else "nothing"


def _keys(request: Request, now: datetime) -> dict[str, str]:
    keys = {
        "aws:SourceIp": request.peer,
        "aws:UserAgent": request.headers.get("user-agent"),
        "aws:Referer": request.headers.get("referer"),
        "aws:SecureTransport": "true" if request.scheme == "https" else "false",
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
    }
    return {name: value for name, value in keys.items() if value}


@lru_cache(1024)
def compiled_policy(text: str, kind: Literal["identity", "resource"]) -> CompiledPolicy:
    """Raises MalformedPolicy."""
    return compiled(NamedPolicy("api", text), kind)

"""What policies say about calls of an API: those of the API itself, and those that authorizers return.

"Access policy language overview" and "How API Gateway resource policies affect authorization workflow" (developer
guide). The engine is IAM's (`lambent.policy`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.call_policies import ACTION, Says, compiled_policy, says
from lambent.core.context import ANONYMOUS, Principal
from lambent.core.ports import NamedPolicy
from lambent.policy.engine import Applicable
from lambent.services.apigateway.data_plane.failures import ACCESS_DENIED, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.stages_in_memory import Live, Stages


def resource_policy(exchange: Exchange) -> Says | None:
    """What the API's own policy says about a caller without a name; None without a policy. Raises MalformedPolicy."""
    text = exchange.plan.snapshot.get("policy")
    if not text:
        return None
    policies = Applicable(resource=(compiled_policy(text, "resource"),))
    return _says(exchange, policies, ANONYMOUS)


def authorizer_policy(exchange: Exchange, text: str) -> Says:
    """What a policy says that an authorizer has returned. Raises MalformedPolicy."""
    account = exchange.plan.live.account_id
    # Whoever the authorizer vouches for: the policy has no principals, so the name does not matter.
    caller = Principal("user", account, f"arn:aws:iam::{account}:user/authorized")
    return _says(exchange, Applicable(identity=(compiled_policy(text, "identity"),)), caller)


def denied(exchange: Exchange, sentence: str) -> Failure:
    """IAM's sentence, with the account of what was called made unreadable."""
    parts = exchange.arn.split(":", 5)
    parts[4] = "*" * 8 + parts[4][-4:]
    return Failure(ACCESS_DENIED, sentence.replace(exchange.arn, ":".join(parts)))


def anonymous_denied(exchange: Exchange, *, is_explicit: bool) -> Failure:
    """A refusal by the API's own policy."""
    sentence = f"User: anonymous is not authorized to perform: {ACTION} on resource: {exchange.arn}"
    return denied(exchange, f"{sentence} {_why('a resource-based policy', is_explicit)}")


def not_authorized(*, is_explicit: bool) -> Failure:
    """A refusal by an authorizer's policy."""
    why = _why("an identity-based policy", is_explicit)
    return Failure(
        ACCESS_DENIED,
        f"User is not authorized to access this resource {why}",
        log="The client is not authorized to perform this operation.",
    )


def _why(policy: str, is_explicit: bool) -> str:
    if is_explicit:
        return f"with an explicit deny in {policy}"
    return f"because no {policy.partition(' ')[2]} allows the {ACTION} action"


def _says(exchange: Exchange, policies: Applicable, caller: Principal) -> Says:
    account = exchange.plan.live.account_id
    return says(exchange.request, exchange.now, exchange.arn, account, policies, caller)


class ApiPolicies:
    """Policies of deployed APIs for those who ask by ARN (`core.ports.ResourceFacts`): callers with a signature."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages

    def policies(self, arn: str) -> Sequence[NamedPolicy]:
        live = self._live(arn)
        text = None if live is None else live.snapshot.get("policy")
        return (NamedPolicy("api", text),) if text else ()

    def tags(self, arn: str) -> Mapping[str, str]:
        live = self._live(arn)
        return {} if live is None else live.stage.get("tags") or {}

    def keys(self, _arn: str) -> Mapping[str, tuple[str, ...]]:
        return {}

    def full_arn(self, arn: str) -> str:
        return arn

    def generation(self, _account_id: str) -> int:
        return self._stages.generation

    def _live(self, arn: str) -> Live | None:
        """Of `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/...`."""
        parts = arn.split(":", 5)
        names = parts[-1].split("/")
        if len(parts) < 6 or len(names) < 2:
            return None
        return self._stages.find(parts[4], parts[3], names[0], names[1])

"""Step 4: may the caller do this?

The tables in `policy.needs` say what an operation needs; every permission of its row must be allowed. A warm invoke
finds its decision remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.errors import AccessDenied
from lambent.policy.authorization_message import authorization_message
from lambent.policy.denial import denial, resource_in_words
from lambent.policy.needs import needs_of
from lambent.policy.needs.rows import Need, Where, any_resource, request_tags
from lambent.policy.request_facts import RequestFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.ports import AuthorizationMessages, Calls
    from lambent.gateway.call import Call
    from lambent.policy.decisions import Decisions, Permission
    from lambent.policy.engine import Decision
    from lambent.policy.needs.rows import Needs

# Services whose operations may be about a resource of another account, which its ARN in the request names.
_CROSSING = frozenset({"lambda"})
_MESSAGE_HEADER = "x-lambent-authorization-message"
# Node takes 16 KB of headers; statements that are longer than this when packed are told by nobody.
_LONGEST_MESSAGE = 8192
# Those that say why another account's function is closed; the others deny without a word.
_TALKATIVE = frozenset({"lambda:InvokeFunction", "lambda:InvokeAsync"})


class Authorise:
    """Asks for every permission that the operation needs, and words the no as the protocol does. Fills in
    `account_id` and `permissions`.
    """

    def __init__(
        self,
        decisions: Decisions,
        clock: Clock,
        calls: Calls | None = None,
        messages: AuthorizationMessages | None = None,
    ) -> None:
        self._decisions = decisions
        self._calls = calls
        self._messages = messages
        self._clock = clock

    def __call__(self, call: Call) -> None:
        """Raises `AccessDenied`."""
        principal = call.principal
        where = Where(call.document, principal.account_id, call.region, principal.arn)
        service = call.service.name
        needs = needs_of(service, call.match.operation.name)
        account_id = ""
        permissions = []
        now_ms = self._clock.calendar_ms()
        for need in _default(call) if needs is None else needs:
            # What an operation needs first, it needs in any case: of everything, where it names nothing.
            found = need.resource(where) or ("*" if not account_id else ())
            for resource in (found,) if isinstance(found, str) else found:
                permission = self._decisions.permission(
                    principal, need.action, resource, need.is_closed, need.is_own_side
                )
                if permission.only is None or not permission.only.is_allowed:
                    self._decide(call, need, where, permission)
                if permission.noted_until_ms <= now_ms:
                    permission.noted_until_ms = self._noted(call, permission, is_allowed=True)
                account_id = account_id or permission.ask.account_id
                permissions.append(permission)
        call.permissions = permissions
        if service in _CROSSING and account_id != principal.account_id:
            call.account_id = account_id

    def _decide(self, call: Call, need: Need, where: Where, permission: Permission) -> None:
        """Raises `AccessDenied`."""
        facts = self._facts(call, need, where, permission)
        decision = permission.decide(facts)
        if not decision.is_allowed:
            self._noted(call, permission, is_allowed=False)
            raise _denied(
                call, permission, decision, self._encoded(call, permission, decision, facts)
            )

    def _encoded(
        self, call: Call, permission: Permission, decision: Decision, facts: RequestFacts
    ) -> tuple[tuple[str, str], ...]:
        """The header whose value DecodeAuthorizationMessage takes apart."""
        account_id = call.principal.account_id
        if self._messages is None or not account_id:
            return ()
        message = authorization_message(call.principal, permission, decision, facts)
        text = self._messages.encoded(account_id, message)
        return ((_MESSAGE_HEADER, text),) if len(text) <= _LONGEST_MESSAGE else ()

    def _noted(self, call: Call, permission: Permission, *, is_allowed: bool) -> int:
        """Until when it is."""
        if self._calls is None:
            return 0
        ask = permission.ask
        return self._calls.called(
            call.principal, ask.action, ask.resource, call.region, is_allowed=is_allowed
        )

    def _facts(self, call: Call, need: Need, where: Where, permission: Permission) -> RequestFacts:
        return RequestFacts(
            call.principal,
            self._decisions.principals,
            self._clock.calendar,
            request=call.request,
            region=call.region,
            own=_own_keys(need, where),
            resource=permission.ask.resource,
            resources=permission.resources,
        )


def _default(call: Call) -> Needs:
    """Of a service without a table: the action of the operation's name, on everything."""
    return (Need(f"{call.service.signing_name}:{call.match.operation.name}", any_resource),)


def _own_keys(need: Need, where: Where) -> Mapping[str, tuple[str, ...]]:
    keys = {key: found for key, values in need.keys.items() if (found := values(where))}
    return {**keys, **request_tags(where.document, need.has_tags)} if need.has_tags else keys


def _denied(
    call: Call, permission: Permission, decision: Decision, headers: tuple[tuple[str, str], ...]
) -> AccessDenied:
    ask = permission.ask
    resource = resource_in_words(ask.action, ask.resource, call.document)
    text = denial(call.principal, ask.action, resource, decision)
    if call.service.name == "s3":
        return AccessDenied("Access Denied", code="AccessDenied", headers=headers)
    if call.protocol in ("query", "rest-xml"):
        return AccessDenied(text, code="AccessDenied", headers=headers)
    if _is_silent(call, permission, decision):
        return AccessDenied(None)
    status = 403 if call.protocol == "rest-json" else 400
    return AccessDenied(text, status=status, headers=headers)


def _is_silent(call: Call, permission: Permission, decision: Decision) -> bool:
    """Lambda's answer about a function of another account that has not opened it."""
    ask = permission.ask
    return (
        call.service.name == "lambda"
        and ask.account_id != call.principal.account_id
        and decision.decided_by == "resource"
        and ":function:" in ask.resource
        and ask.action not in _TALKATIVE
    )

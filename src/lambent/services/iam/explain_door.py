"""Why somebody may do something, or not: `POST /_lambent/iam/explain`, for `lambent iam explain`.

Signed by the root of the principal's account, or of the account whose root runs the platform: policies are told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.context import Principal, Session
from lambent.core.errors import ServiceError
from lambent.core.http import BodyTooLarge
from lambent.policy.explain import explain
from lambent.policy.request_facts import RequestFacts
from lambent.services.iam.model import Role
from lambent.services.iam.operator_requests import json_response, refuse_others

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.clock import Clock
    from lambent.core.http import Request, Response
    from lambent.core.ports import NamedPolicy, Signatures
    from lambent.policy.decisions import Decisions, Permission
    from lambent.policy.explain import Place
    from lambent.services.iam.directory import Directory

PATH = "/_lambent/iam/explain"
_LARGEST_BYTES = 65_536
# Of a document that is one long line.
_SNIPPET = 300
_SESSION = "explained"
_FOR_EVER_S = 1 << 40


class NobodyOfThatName(Exception):
    """There is no such user or role. Args: the ARN."""


class ExplainDoor:
    """Args: the account whose root may ask about everybody."""

    def __init__(
        self,
        directory: Directory,
        decisions: Decisions,
        signatures: Signatures,
        clock: Clock,
        operator_id: str,
    ) -> None:
        self._directory = directory
        self._decisions = decisions
        self._signatures = signatures
        self._clock = clock
        self._operator_id = operator_id

    def matches(self, request: Request) -> bool:
        return request.path == PATH

    async def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return json_response(405, {"message": f"{PATH} answers POST"})
        try:
            body = await request.body.read(_LARGEST_BYTES)
            asked = orjson.loads(body)
            principal = self._principal(asked["principal"])
            accounts = {self._operator_id, principal.account_id}
            text = "Policies are explained to the root of the account"
            await refuse_others(request, body, self._signatures, accounts, text)
            keys = {key.lower(): tuple(map(str, asked["context"][key])) for key in asked["context"]}
            return json_response(
                200, self._explained(principal, asked["action"], asked["resource"], keys)
            )
        except ServiceError as refused:
            return json_response(refused.status, {"message": refused.message, "code": refused.code})
        except NobodyOfThatName as absent:
            return json_response(404, {"message": f"There is no user or role {absent}"})
        except (ValueError, TypeError, LookupError, BodyTooLarge):
            return json_response(
                400, {"message": "expected principal, action, resource and context"}
            )

    def _principal(self, arn: str) -> Principal:
        """A user, the root, or a session of a role; their keys do not matter."""
        account_id, _, resource = arn.partition("::")[2].partition(":")
        if resource == "root":
            return Principal("root", account_id, arn, user_id=account_id)
        found = self._directory.identity_of(arn)
        if found is None:
            raise NobodyOfThatName(arn)
        if not isinstance(found, Role):
            return Principal("user", found.account_id, arn, user_id=found.id)
        session = Session(_SESSION, arn, found.id, 0, _FOR_EVER_S)
        return Principal(
            "assumed-role",
            found.account_id,
            f"arn:aws:sts::{found.account_id}:assumed-role/{found.name}/{_SESSION}",
            user_id=f"{found.id}:{_SESSION}",
            role_arn=arn,
            session=session,
        )

    def _explained(
        self,
        principal: Principal,
        action: str,
        resource: str,
        keys: Mapping[str, tuple[str, ...]],
    ) -> dict[str, Any]:
        permission = self._decisions.permission(principal, action, resource)
        facts = RequestFacts(
            principal,
            self._decisions.principals,
            self._clock.calendar,
            own=keys,
            resource=permission.ask.resource,
            resources=permission.resources,
        )
        found = explain(permission, facts)
        documents = self._documents(principal, permission)
        return {
            "allowed": found.is_allowed,
            "reason": found.reason,
            "deciding": [_shown(place, documents) for place in found.deciding],
            "passed_over": [_shown(place, documents) for place in found.passed_over],
        }

    def _documents(self, principal: Principal, permission: Permission) -> dict[str, str]:
        held = self._decisions.principals.policies(principal)
        ask, resources = permission.ask, permission.resources
        of_resource: Iterable[NamedPolicy] = (
            () if resources is None else resources.policies(ask.resource)
        )
        boundary = () if held.boundary is None else (held.boundary,)
        every = (*held.identity, *boundary, *(held.session or ()), *of_resource)
        return {policy.name: policy.document for policy in every}


def _shown(place: Place, documents: Mapping[str, str]) -> dict[str, Any]:
    """A statement, in words and as it is written: from where it begins to the end of its line."""
    lines = documents.get(place.policy, "").splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return {
        "text": str(place),
        "policy": place.policy,
        "line": place.line,
        "column": place.column,
        "statement": line[place.column - 1 :][:_SNIPPET],
    }

"""Why somebody may do something, or not: `POST /_lambent/iam/explain`, for `lambent iam explain`.

Signed by the root of the principal's account (of the resource's, where a service asks), or of the account whose root
runs the platform: policies are told.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.context import Principal, Session
from lambent.core.errors import ServiceError
from lambent.core.http import BodyTooLarge
from lambent.policy.authority import permission_of
from lambent.policy.decisions import owner_of, region_of
from lambent.policy.explain import explain
from lambent.policy.request_facts import RequestFacts
from lambent.services.iam.model import Role, User
from lambent.services.iam.operator_requests import json_response, refuse_others

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.clock import Clock
    from lambent.core.http import Request, Response
    from lambent.core.ports import NamedPolicy, Signatures
    from lambent.policy.decisions import Decisions, Permission
    from lambent.policy.explain import Place
    from lambent.services.iam.directory import Directory
    from lambent.services.iam.model import Identity

PATH = "/_lambent/iam/explain"
_LARGEST_BYTES = 65_536
# Of a document that is one long line, and of a statement that is many.
_SNIPPET = 300
_MOST_LINES = 40
_SESSION = "explained"
_FOR_EVER_S = 1 << 40


_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")


class NobodyOfThatName(Exception):
    """There is no such user or role. Args: the ARN."""


class NoAction(Exception):
    """Args: what was said to be one."""


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
            principal, resource = self._principal(asked["principal"]), str(asked["resource"])
            accounts = {self._operator_id, principal.account_id or owner_of(resource, principal)}
            text = "Policies are explained to the root of the account"
            await refuse_others(request, body, self._signatures, accounts, text)
            keys = {key.lower(): tuple(map(str, asked["context"][key])) for key in asked["context"]}
            action = _action(asked["action"])
            return json_response(200, self._explained(principal, action, resource, keys))
        except ServiceError as refused:
            return json_response(refused.status, {"message": refused.message, "code": refused.code})
        except NobodyOfThatName as absent:
            return json_response(404, {"message": f"There is no user or role {absent}"})
        except NoAction as wrong:
            text = f"{wrong} is no action; one is written as lambda:InvokeFunction"
            return json_response(400, {"message": text})
        except (ValueError, TypeError, LookupError, BodyTooLarge):
            return json_response(
                400, {"message": "expected principal, action, resource and context"}
            )

    def _principal(self, arn: str) -> Principal:
        """A user, the root, a session of a role, or a service; their keys do not matter."""
        if _SERVICE.fullmatch(arn):
            return Principal("service", arn=arn)
        account_id, _, resource = arn.partition("::")[2].partition(":")
        if resource == "root":
            return Principal("root", account_id, arn, user_id=account_id)
        kind, *names = resource.split("/")
        if kind == "assumed-role" and len(names) == 2:
            role = self._directory.find(account_id, Role, names[0])
            return _session(role, names[1], arn)
        found = self._directory.identity_of(arn)
        if isinstance(found, User):
            return Principal("user", found.account_id, arn, user_id=found.id)
        return _session(found, _SESSION, arn)

    def _explained(
        self,
        principal: Principal,
        action: str,
        resource: str,
        keys: Mapping[str, tuple[str, ...]],
    ) -> dict[str, Any]:
        permission = permission_of(self._decisions, principal, action, resource)
        facts = RequestFacts(
            principal,
            self._decisions.principals,
            self._clock.calendar,
            region=region_of(resource),
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
            "policies": list(found.policies),
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


def _action(text: str) -> str:
    """Raises NoAction."""
    if _ACTION.fullmatch(text) is None:
        raise NoAction(text)
    return text


def _session(role: Identity | None, name: str, arn: str) -> Principal:
    """Raises NobodyOfThatName, of `arn`, for what is no role."""
    if not isinstance(role, Role):
        raise NobodyOfThatName(arn)
    return Principal(
        "assumed-role",
        role.account_id,
        f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{name}",
        user_id=f"{role.id}:{name}",
        role_arn=role.arn,
        session=Session(name, role.arn, role.id, 0, _FOR_EVER_S),
    )


def _shown(place: Place, documents: Mapping[str, str]) -> dict[str, Any]:
    """A statement, in words and line by line as it is written."""
    start, end = place.start, place.end
    lines = documents.get(place.policy, "").splitlines()[start.line - 1 : end.line]
    if lines:
        lines[-1] = lines[-1][: end.column - 1]
        lines[0] = " " * (start.column - 1) + lines[0][start.column - 1 :]
    statement = textwrap.dedent("\n".join(lines)).splitlines()[:_MOST_LINES]
    return {
        "text": str(place),
        "policy": place.policy,
        "line": start.line,
        "column": start.column,
        "statement": [line[:_SNIPPET] for line in statement],
    }

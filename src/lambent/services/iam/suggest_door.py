"""What a role needs, going by what it has called: `POST /_lambent/iam/suggest`, for `lambent iam suggest`.

Signed by the root of the role's account, or of the account whose root runs the platform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from lambent.core.errors import ServiceError
from lambent.core.http import BodyTooLarge
from lambent.services.iam.model import Role
from lambent.services.iam.operator_requests import json_response, refuse_others
from lambent.services.iam.suggestions import suggest

if TYPE_CHECKING:
    from lambent.core.http import Request, Response
    from lambent.core.ports import Signatures
    from lambent.services.iam.calls import Calls
    from lambent.services.iam.directory import Directory

PATH = "/_lambent/iam/suggest"
_LARGEST_BYTES = 4096
_LAST_MS = 1 << 53
_LAMBDA = "lambda.amazonaws.com"
_LOGS = (
    "functions write their logs without a permission here; "
    "on AWS they need the policy AWSLambdaBasicExecutionRole, too"
)


class SuggestDoor:
    """Args: what was called, who signs, and the account whose root may ask about every role: a role without an ARN is
    of that account.
    """

    def __init__(
        self, directory: Directory, calls: Calls, signatures: Signatures, operator_id: str
    ) -> None:
        self._directory = directory
        self._calls = calls
        self._signatures = signatures
        self._operator_id = operator_id

    def matches(self, request: Request) -> bool:
        return request.path == PATH

    async def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return json_response(405, {"message": f"{PATH} answers POST"})
        try:
            body = await request.body.read(_LARGEST_BYTES)
            asked = orjson.loads(body)
            account_id, name = self._names(str(asked["role"]))
            text = "What roles call is told to the root of the account"
            accounts = {self._operator_id, account_id}
            await refuse_others(request, body, self._signatures, accounts, text)
            role = self._directory.find(account_id, Role, name)
            if role is None:
                return json_response(404, {"message": f"There is no role {asked['role']}"})
            found = await self._calls.of([role.id], since_ms=_moment(asked.get("since_ms", 0)))
        except ServiceError as refused:
            return json_response(refused.status, {"message": refused.message, "code": refused.code})
        except (ValueError, TypeError, LookupError, BodyTooLarge):
            return json_response(400, {"message": "expected role, a name or an ARN, and since_ms"})
        denied = [call for call in found if not call.is_allowed]
        covered = found if asked.get("include_denied") else [c for c in found if c.is_allowed]
        policy, notes = suggest(covered)
        if _LAMBDA in role.trust:
            notes.append(_LOGS)
        shown = [{"action": call.action, "resource": call.resource} for call in denied]
        return json_response(
            200, {"role": role.arn, "policy": policy, "notes": notes, "denied": shown}
        )

    def _names(self, role: str) -> tuple[str, str]:
        """Account and name. Raises LookupError for the ARN of something else."""
        if not role.startswith("arn:"):
            return self._operator_id, role
        _, _, _, _, account_id, resource = role.split(":", 5)
        kind, *_, name = resource.split("/")
        if kind != Role.resource:
            raise LookupError(role)
        return account_id, name


def _moment(since_ms: object) -> int:
    """Raises ValueError for what is no time."""
    if not isinstance(since_ms, int) or not 0 <= since_ms <= _LAST_MS:
        raise ValueError(since_ms)
    return since_ms

"""What a role needs, going by what it has called: `POST /_lambent/iam/suggest`, for `lambent iam suggest`.

Signed by the root of the role's account, or of the account whose root runs the platform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from lambent.core.errors import ServiceError
from lambent.core.http import BodyTooLarge
from lambent.services.iam.operator_requests import json_response, refuse_others
from lambent.services.iam.suggestions import suggest

if TYPE_CHECKING:
    from lambent.core.http import Request, Response
    from lambent.core.ports import Signatures
    from lambent.services.iam.calls import Calls

PATH = "/_lambent/iam/suggest"
_LARGEST_BYTES = 4096


class SuggestDoor:
    """Args: what was called, who signs, and the account whose root may ask about every role."""

    def __init__(self, calls: Calls, signatures: Signatures, operator_id: str) -> None:
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
            role = str(asked["role"])
            accounts = {self._operator_id, role.split(":")[4]}
            text = "What roles call is told to the root of the account"
            await refuse_others(request, body, self._signatures, accounts, text)
            found = await self._calls.of(role, since_ms=int(asked.get("since_ms", 0)))
        except ServiceError as refused:
            return json_response(refused.status, {"message": refused.message, "code": refused.code})
        except (ValueError, TypeError, LookupError, BodyTooLarge):
            return json_response(400, {"message": "expected role, the ARN of one"})
        denied = [call for call in found if not call.is_allowed]
        covered = found if asked.get("include_denied") else [c for c in found if c.is_allowed]
        policy, notes = suggest(covered)
        shown = [{"action": call.action, "resource": call.resource} for call in denied]
        return json_response(200, {"policy": policy, "notes": notes, "denied": shown})

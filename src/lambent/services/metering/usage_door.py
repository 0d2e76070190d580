"""What was used in a month: `POST /_lambent/usage`, for `lambent bill`.

Signed by the root of the account whose usage it is; the root of the account that runs the platform may ask about every
account (`"account": "*"`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.core.errors import AccessDenied, ServiceError
from lambent.core.http import BodyTooLarge, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.clock import Clock
    from lambent.core.http import Request
    from lambent.core.ports import Signatures
    from lambent.services.metering.service import Metering

PATH = "/_lambent/usage"
EVERYBODY = "*"
_LARGEST_BYTES = 4096
_SIGNING_NAME = "lambent"


class UsageDoor:
    """Args: the meter, who signs, the calendar, the account whose root may ask about all, and the tags of an ARN."""

    def __init__(
        self,
        metering: Metering,
        signatures: Signatures,
        clock: Clock,
        operator_id: str,
        tags_of: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._metering = metering
        self._signatures = signatures
        self._clock = clock
        self._operator_id = operator_id
        self._tags_of = tags_of

    def matches(self, request: Request) -> bool:
        return request.path == PATH

    async def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return _json(405, {"message": f"{PATH} answers POST"})
        try:
            body = await request.body.read(_LARGEST_BYTES)
            asked = orjson.loads(body)
            account = await self._account(request, body, str(asked.get("account") or ""))
            now_s = int(self._clock.calendar().timestamp())
            month, from_s, to_s = month_of(str(asked.get("month") or ""), now_s)
        except ServiceError as refused:
            return _json(refused.status, {"message": refused.message, "code": refused.code})
        except (ValueError, AttributeError, BodyTooLarge):
            return _json(400, {"message": "expected month, as YYYY-MM, and account"})
        rows = await self._metering.usage(None if account == EVERYBODY else account, from_s, to_s)
        return _json(
            200,
            {
                "month": month,
                "account": account,
                "from_s": from_s,
                "to_s": max(from_s, min(to_s, now_s)),
                "rows": rows,
                "tags": self._tags(rows),
            },
        )

    async def _account(self, request: Request, body: bytes, asked: str) -> str:
        if self._signatures.is_open:
            return asked or self._operator_id
        caller = await self._signatures.verify(request, _SIGNING_NAME, body)
        account = asked or caller.account_id
        if caller.kind != "root" or caller.account_id not in (account, self._operator_id):
            raise AccessDenied("Usage is told to the root of the account")
        return account

    def _tags(self, rows: list[dict[str, Any]]) -> dict[str, Mapping[str, str]]:
        """Those that functions have now, by `account/region/name`."""
        found: dict[str, Mapping[str, str]] = {}
        for account, region, service, name in {
            (row["account"], row["region"], row["service"], row["resource"]) for row in rows
        }:
            if service == "lambda":
                tags = self._tags_of(f"arn:aws:lambda:{region}:{account}:function:{name}")
                if tags:
                    found[f"{account}/{region}/{name}"] = dict(tags)
        return found


def month_of(text: str, now_s: int) -> tuple[str, int, int]:
    """A month's name, begin and end; "" is the present one. Raises ValueError."""
    text = text or datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m")
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        raise ValueError(text)
    first = datetime(int(text[:4]), int(text[5:]), 1, tzinfo=UTC)
    following = (
        first.replace(year=first.year + 1, month=1)
        if first.month == 12
        else first.replace(month=first.month + 1)
    )
    return text, int(first.timestamp()), int(following.timestamp())


def _json(status: int, document: dict[str, Any]) -> Response:
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", ids.request_id())]
    return Response(status, headers, orjson.dumps(document))

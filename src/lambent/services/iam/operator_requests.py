"""Requests of those who run an account, or the platform: who may send them, and how they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.core.errors import AccessDenied
from lambent.core.http import Response

if TYPE_CHECKING:
    from collections.abc import Collection

    from lambent.core.http import Request
    from lambent.core.ports import Signatures

SIGNING_NAME = "lambent"


async def refuse_others(
    request: Request, body: bytes, signatures: Signatures, account_ids: Collection[str], text: str
) -> None:
    """Raises AccessDenied with `text` unless the root of one of these accounts has signed."""
    if signatures.is_open:
        return
    caller = await signatures.verify(request, SIGNING_NAME, body)
    if caller.kind != "root" or caller.account_id not in account_ids:
        raise AccessDenied(text)


def json_response(status: int, document: dict[str, Any]) -> Response:
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", ids.request_id())]
    return Response(status, headers, orjson.dumps(document))

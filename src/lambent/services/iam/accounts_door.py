"""Where accounts are made: `POST /_lambent/accounts`, signed by the root of the default account, who runs the platform.

The request's JSON may hold `account_id`; the answer holds the root key, which is shown this once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from lambent.core.errors import ServiceError
from lambent.core.http import BodyTooLarge
from lambent.services.iam.accounts import AccountExists
from lambent.services.iam.operator_requests import json_response, refuse_others

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambent.core.http import Request, Response
    from lambent.core.ports import Credential, Signatures
    from lambent.services.iam.accounts import Accounts

    # Keeps a root key where the command line finds it.
    Keep = Callable[[Credential], Awaitable[None]]

PATH = "/_lambent/accounts"
_LARGEST_BYTES = 1024
_ID = re.compile(r"[0-9]{12}")


class AccountsDoor:
    """Args: the accounts, who signs requests, the account whose root may make others, and where new keys are kept."""

    def __init__(
        self, accounts: Accounts, signatures: Signatures, operator_id: str, keep: Keep
    ) -> None:
        self._accounts = accounts
        self._signatures = signatures
        self._operator_id = operator_id
        self._keep = keep

    def matches(self, request: Request) -> bool:
        return request.path == PATH

    async def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return json_response(405, {"message": f"{PATH} answers POST"})
        try:
            body = await request.body.read(_LARGEST_BYTES)
            text = "Accounts are made by the root of the default account"
            await refuse_others(request, body, self._signatures, {self._operator_id}, text)
            made = await self._accounts.create(_wanted(body))
        except ServiceError as refused:
            return json_response(refused.status, {"message": refused.message, "code": refused.code})
        except AccountExists as there:
            return json_response(409, {"message": f"There is an account {there.args[0]} already"})
        except (ValueError, TypeError, AttributeError, BodyTooLarge):
            return json_response(400, {"message": 'An account id ("account_id") has 12 digits'})
        await self._keep(made)
        return json_response(
            201,
            {
                "account_id": made.principal.account_id,
                "access_key_id": made.access_key_id,
                "secret_access_key": made.secret_access_key,
            },
        )


def _wanted(body: bytes) -> str | None:
    """The id that is asked for. Raises ValueError and its like for a bad one."""
    account_id: str | None = orjson.loads(body or b"{}").get("account_id")
    if account_id is not None and _ID.fullmatch(account_id) is None:
        raise ValueError(account_id)
    return account_id

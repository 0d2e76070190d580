"""Who somebody is: GetCallerIdentity, GetAccessKeyInfo, and what a denial meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.sts.errors import AccessDenied, NotServed

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import (
        DecodeAuthorizationMessageRequestTypeDef,
        GetAccessKeyInfoRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Credentials
    from lambent.core.service import Document
    from lambent.services.sts.messages import Messages


@dataclass(frozen=True, slots=True)
class Callers:
    """`keys` finds long-term keys."""

    keys: Credentials
    messages: Messages

    async def get_caller_identity(self, context: RequestContext, request: Document) -> Document:
        principal = context.principal
        return {
            "UserId": principal.user_id,
            "Account": principal.account_id,
            "Arn": principal.arn,
        }

    async def get_access_key_info(
        self, context: RequestContext, request: GetAccessKeyInfoRequestTypeDef
    ) -> Document:
        """The account of an active long-term key. AWS reads it out of the id itself, which ours does not hold."""
        key_id = request["AccessKeyId"]
        if key_id == context.principal.access_key_id:
            return {"Account": context.principal.account_id}
        if key_id.startswith("ASIA"):
            raise NotServed(
                "GetAccessKeyInfo of temporary credentials is not implemented by Lambent"
            )
        found = self.keys.find(key_id)
        if found is None:
            raise AccessDenied(f"Cannot find the account of access key {key_id}.")
        return {"Account": found.principal.account_id}

    async def decode_authorization_message(
        self, context: RequestContext, request: DecodeAuthorizationMessageRequestTypeDef
    ) -> Document:
        account_id = context.principal.account_id
        return {"DecodedMessage": self.messages.decoded(account_id, request["EncodedMessage"])}

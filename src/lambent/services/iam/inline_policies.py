"""Policies that are part of one user, group or role."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.services.iam.attachments import KINDS
from lambent.services.iam.documents import checked, encoded, size
from lambent.services.iam.errors import LimitExceeded, NoSuchEntity
from lambent.services.iam.naming import get
from lambent.services.iam.paging import page
from lambent.services.iam.protected import refuse_protected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.attachments import Noun
    from lambent.services.iam.model import Identity
    from lambent.services.iam.store import Store

# All inline policies together, white space not counted (IAM and AWS STS quotas).
_LARGEST = {"User": 2048, "Group": 5120, "Role": 10240}


@dataclass(frozen=True, slots=True)
class InlinePolicies:
    """The operations, for every kind of identity alike."""

    store: Store

    def put(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        refuse_protected(identity)
        document = checked(request["PolicyDocument"], "identity")
        inline = {**identity.inline, request["PolicyName"]: document}
        limit = _LARGEST[noun]
        if sum(map(size, inline.values())) > limit:
            raise LimitExceeded(
                f"Maximum policy size of {limit} bytes exceeded for {noun.lower()} {identity.name}"
            )
        self.store.put(tx, replace(identity, inline=inline))
        return {}

    def get(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        name = _known(noun, identity, request)
        return {
            f"{noun}Name": identity.name,
            "PolicyName": name,
            "PolicyDocument": encoded(identity.inline[name]),
        }

    def delete(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        refuse_protected(identity)
        gone = _known(noun, identity, request)
        kept = {name: text for name, text in identity.inline.items() if name != gone}
        self.store.put(tx, replace(identity, inline=kept))
        return {}

    def list(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        return page(request, "PolicyNames", sorted(identity.inline))

    def _identity(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Identity:
        return get(self.store, tx, context, KINDS[noun], request[f"{noun}Name"])


def _known(noun: Noun, identity: Identity, request: Mapping[str, Any]) -> str:
    name: str = request["PolicyName"]
    if name not in identity.inline:
        raise NoSuchEntity(f"The {noun.lower()} policy with name {name} cannot be found.")
    return name

"""Trust policies: what a role's document must be beside well-formed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.policy import documents
from lambent.services.iam.documents import checked, refuse_large
from lambent.services.iam.errors import MalformedPolicyDocument
from lambent.services.iam.model import Role, User

if TYPE_CHECKING:
    from lambent.core.ports import Tx
    from lambent.services.iam.model import Identity
    from lambent.services.iam.store import Store

# "Role trust policy length: 2,048 characters" (IAM and AWS STS quotas).
_LARGEST = 2048
_IDENTITY = re.compile(r"arn:aws:iam::(\d{12}):(user|role)(/.*)")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.*")
_KINDS: dict[str, type[Identity]] = {"user": User, "role": Role}


def checked_trust(store: Store, tx: Tx, text: str) -> str:
    """The document as given. Raises MalformedPolicyDocument, and LimitExceeded for one that is too long."""
    checked(text, "trust")
    refuse_large("ACLSizePerRole", text, _LARGEST)
    for statement in documents.parse(text, "trust").statements:
        if statement.principals is not None:
            for arn in statement.principals.names.get("AWS", ()):
                _refuse_unknown(store, tx, arn)
    return text


def _refuse_unknown(store: Store, tx: Tx, arn: str) -> None:
    """A user, role or role of a session that is trusted must be there: IAM keeps its id, not its name."""
    if session := _SESSION.fullmatch(arn):
        is_there = store.find(tx, session[1], Role, session[2]) is not None
    elif found := _IDENTITY.fullmatch(arn):
        account_id, resource, path = found.groups()
        entity = store.find(tx, account_id, _KINDS[resource], path.rpartition("/")[2])
        is_there = entity is not None and entity.arn == arn
    else:
        return
    if not is_there:
        raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{arn}"')

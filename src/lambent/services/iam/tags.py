"""Tags of users, roles, policies, instance profiles and identity providers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lambent.services.iam.errors import InvalidInput, LimitExceeded
from lambent.services.iam.paging import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from types_boto3_iam.type_defs import TagTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.model import Entity
    from lambent.services.iam.store import Store

    Find = Callable[[Tx, RequestContext, Mapping[str, Any]], Entity]

# "Tags that can be attached to ...: 50" (IAM and AWS STS quotas).
_MOST = 50


class Tagging:
    """The three operations on the tags of one kind of entity. `find` finds the one that a request names."""

    def __init__(self, store: Store, find: Find) -> None:
        self._store = store
        self._find = find

    def tag(self, tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
        entity = self._find(tx, context, request)
        tags = merged(entity.tags, request["Tags"])
        self._store.put(tx, replace(entity, tags=tags))
        return {}

    def untag(self, tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
        entity = self._find(tx, context, request)
        gone = {key.lower() for key in request["TagKeys"]}
        tags = {key: value for key, value in entity.tags.items() if key.lower() not in gone}
        self._store.put(tx, replace(entity, tags=tags))
        return {}

    def list(self, tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
        entity = self._find(tx, context, request)
        return page(request, "Tags", shown(entity.tags))


def merged(
    old: Mapping[str, str], given: Iterable[Mapping[str, Any] | TagTypeDef], most: int = _MOST
) -> dict[str, str]:
    """The tags after those of a request have been set. Keys are kept as written and not distinguished by case."""
    tags = dict(old)
    seen: set[str] = set()
    for tag in given:
        key, value = tag["Key"], tag["Value"]
        if key.lower() in seen:
            raise InvalidInput(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            )
        seen.add(key.lower())
        if key.lower().startswith("aws:"):
            raise InvalidInput("Tag keys that begin with aws: are reserved for system use.")
        for known in [each for each in tags if each.lower() == key.lower() and each != key]:
            del tags[known]
        tags[key] = value
    if len(tags) > most:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    return tags


def shown(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]

"""Tags of alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.services.cloudwatch.errors import TaggedResourceNotFound, ValidationError
from lambent.services.cloudwatch.resources import alarm_name, find_alarm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.cloudwatch.resources import Kind

MOST = 50


def check_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Key -> value. Raises ValidationError."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            raise ValidationError("aws: prefixed tag key names are not allowed for external use.")
        found[tag["Key"]] = tag["Value"]
    if len(found) > MOST:
        raise ValidationError(f"A resource can have at most {MOST} tags.")
    return found


def list_tags_for_resource(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
    _, document = _found(tx, context, request["ResourceARN"])
    tags = [{"Key": key, "Value": value} for key, value in document["Tags"].items()]
    return {"Tags": tags}


def tag_resource(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
    kind, document = _found(tx, context, request["ResourceARN"])
    tags = {**document["Tags"], **check_tags(request["Tags"])}
    if len(tags) > MOST:
        raise ValidationError(f"A resource can have at most {MOST} tags.")
    kind.put(tx, context.scope, "", document["AlarmName"], {**document, "Tags": tags})
    return {}


def untag_resource(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
    kind, document = _found(tx, context, request["ResourceARN"])
    gone = set(request["TagKeys"])
    tags = {key: value for key, value in document["Tags"].items() if key not in gone}
    kind.put(tx, context.scope, "", document["AlarmName"], {**document, "Tags": tags})
    return {}


def _found(tx: Tx, context: RequestContext, arn: str) -> tuple[Kind, dict[str, Any]]:
    name = alarm_name(arn)
    found = find_alarm(tx, context.scope, name) if name else None
    if found is None or found[1]["AlarmArn"] != arn:
        raise TaggedResourceNotFound("Unknown alarm.")
    return found

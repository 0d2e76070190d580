"""From $LATEST to a version: a copy of its row that nothing changes any more.

AWS "doesn't publish a version if the function's configuration and code haven't changed since the last version"
(Lambda developer guide): $LATEST remembers a digest of what was published last.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import orjson

from lambent.core import ids
from lambent.services.lambda_ import repository
from lambent.services.lambda_.model import PUBLISHED_VERSIONS

if TYPE_CHECKING:
    from lambent.core.ports import Tx
    from lambent.services.lambda_.model import Function


def publish(tx: Tx, latest: Function, modified_ms: int, description: str | None = None) -> Function:
    """The version that `latest`, which stands in the database like this, is published as: a new one or the last one.

    Args:
        description: the version's own; None takes over the function's.
    """
    digest = _digest(latest)
    if digest == latest.published_digest:
        newest = repository.newest_version(tx, latest.scope, latest.name)
        if newest is not None and newest.version == latest.last_version:
            return newest
    number = latest.last_version + 1
    repository.replace(tx, replace(latest, last_version=number, published_digest=digest))
    settings = latest.settings
    if description is not None:
        settings = replace(settings, description=description)
    state = "Pending" if settings.snap_start == PUBLISHED_VERSIONS else latest.state
    version = replace(
        latest,
        settings=settings,
        version=number,
        last_version=0,
        published_digest="",
        revision_id=ids.uuid(),
        deployment_id=ids.hex_id(),
        modified_ms=modified_ms,
        state=state,
        update=None if state == "Pending" else "Successful",
    )
    repository.add(tx, version)
    return version


def _digest(function: Function) -> str:
    settings = asdict(function.settings)
    # How a setting was left empty makes no other version of a function.
    del settings["has_environment"], settings["has_vpc_config"]
    if function.settings.snap_start != PUBLISHED_VERSIONS:
        del settings["snap_start"]  # unknown when older digests were made
    del settings["tenant_isolation"]  # never changes
    facts = {"settings": settings, "code": function.code.archive}
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()

"""The protocols by their names in botocore's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.protocol.rest_json import RestJson

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.operation import Format

FORMATS: dict[str, Callable[[ServiceFacts], Format]] = {
    RestJson.name: RestJson,
}

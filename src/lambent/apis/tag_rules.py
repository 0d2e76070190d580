"""What tags of APIs may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

# "Maximum number of tags per resource: 50"; keys of 1 to 128 characters, values of up to 256 (Tagging your API Gateway
# resources).
MAX_TAGS = 50


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises BadRequest."""
    if len(tags) > MAX_TAGS:
        raise BadRequest("Number of tags exceeds the limit of 50 tags per resource")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):
            raise BadRequest(f"Invalid tag key: {key}")
        if len(value) > 256:
            raise BadRequest(f"Invalid tag value: {value}")

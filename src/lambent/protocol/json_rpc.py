"""AWS json 1.0 and 1.1 (`json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.protocol.json_reader import JsonReader, decode
from lambent.protocol.json_writer import JsonWriter, encode
from lambent.protocol.rpc import DocumentRpc

if TYPE_CHECKING:
    from lambent.protocol.facts import ServiceFacts


class JsonRpc(DocumentRpc):
    """Compiles the operations of one service."""

    name = "json"

    def __init__(self, facts: ServiceFacts) -> None:
        version = facts.model.metadata.get("jsonVersion", "1.0")
        content_type = f"application/x-amz-json-{version}"
        super().__init__(facts, JsonReader(), JsonWriter(), decode, encode, content_type)

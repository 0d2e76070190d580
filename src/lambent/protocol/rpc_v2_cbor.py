"""Smithy's RPC v2 with CBOR (`smithy-rpc-v2-cbor`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.protocol.cbor_values import CborReader, CborWriter, decode, encode
from lambent.protocol.rpc import DocumentRpc

if TYPE_CHECKING:
    from lambent.protocol.facts import ServiceFacts


class RpcV2Cbor(DocumentRpc):
    """Compiles the operations of one service."""

    name = "smithy-rpc-v2-cbor"

    def __init__(self, facts: ServiceFacts) -> None:
        mark = (("smithy-protocol", "rpc-v2-cbor"),)
        super().__init__(
            facts, CborReader(), CborWriter(), decode, encode, "application/cbor", mark
        )

"""The protocols by their names in botocore's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.protocol.json_rpc import JsonRpc
from lambent.protocol.query import Query
from lambent.protocol.rest_json import RestJson
from lambent.protocol.rest_xml import RestXml
from lambent.protocol.rpc_v2_cbor import RpcV2Cbor

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.operation import Format

FORMATS: dict[str, Callable[[ServiceFacts], Format]] = {
    JsonRpc.name: JsonRpc,
    Query.name: Query,
    RestJson.name: RestJson,
    RestXml.name: RestXml,
    RpcV2Cbor.name: RpcV2Cbor,
}

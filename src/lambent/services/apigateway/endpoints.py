"""Endpoint configurations of APIs and domain names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, refuse
from lambent.services.apigateway.patches import custom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = dict[str, Any]

_TYPES = ("EDGE", "REGIONAL", "PRIVATE")


def endpoint_configuration(given: Mapping[str, Any] | None, default: str = "EDGE") -> Document:
    """As it is answered: exactly one type, IPv4 unless told otherwise. Raises BadRequest."""
    given = given or {}
    types = given.get("types") or [default]
    if len(types) != 1:
        raise BadRequest("Cannot create a RestApi with multiple Endpoint Types.")
    if given.get("vpcEndpointIds"):
        if types[0] != "PRIVATE":
            raise BadRequest("VPCEndpoints can only be specified with PRIVATE apis.")
        raise refuse("endpointConfiguration.vpcEndpointIds", "there are no VPCs.")
    default_address = "dualstack" if types[0] == "PRIVATE" else "ipv4"
    return {"types": list(types), "ipAddressType": given.get("ipAddressType") or default_address}


def _set_type(document: Document, op: str, value: str, names: Sequence[str]) -> None:
    if value not in _TYPES:
        raise BadRequest(
            f"Invalid EndpointTypes specified: {value}. Valid options are {', '.join(_TYPES)}"
        )
    if names and names[0] not in ("0", *document["endpointConfiguration"]["types"]):
        raise BadRequest(f"Invalid EndpointTypes specified: {names[0]}")
    document["endpointConfiguration"] = endpoint_configuration({"types": [value]})


def _set_address(document: Document, op: str, value: str, names: Sequence[str]) -> None:
    if value not in ("ipv4", "dualstack"):
        raise BadRequest(f"Invalid ipAddressType specified: {value}")
    document["endpointConfiguration"] |= {"ipAddressType": value}


def _add_vpc_endpoint(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    endpoint_configuration({**document["endpointConfiguration"], "vpcEndpointIds": [value]})


# Of APIs alone; who has no VPC endpoint can have none taken away.
VPC_ENDPOINT_RULE = custom("/endpointConfiguration/vpcEndpointIds", _add_vpc_endpoint, "add")
ENDPOINT_RULES = (
    custom("/endpointConfiguration/types/{type}", _set_type),
    custom("/endpointConfiguration/ipAddressType", _set_address),
)

"""Which names may be custom domain names, and which requests for them are not their API's.

A custom domain name takes every request that comes for it. So nobody may have one by which clients know AWS or the
platform itself: their requests, and the session tokens in them, would be his. What else a platform is called, only
its operator knows; a request that is signed for an AWS service is that service's, whatever it calls the platform.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from lambent.apis.errors import BadRequest

if TYPE_CHECKING:
    from lambent.core.http import Request

_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{1,63}")
# RFC 1035, section 2.3.4.
_MAX_LENGTH = 253
_OF_AWS = re.compile(r"(.*\.)?(amazonaws\.com(\.cn)?|api\.aws|on\.aws)")
_CERTIFICATE = re.compile(r"arn:aws[\w-]*:acm:([\w-]+):")
# Addresses of APIs and of function URLs on this machine.
_OF_THE_PLATFORM = re.compile(r"(.*\.)?(execute-api|lambda-url)\.(.*\.)?localhost")
_CREDENTIAL = re.compile(r"Credential=[^/,\s]+/[^/,\s]*/[^/,\s]*/([^/,\s]+)")
_CREDENTIAL_OF_QUERY = "X-Amz-Credential"
# What requests to APIs are signed for.
_SERVICE = "execute-api"


def domain_name(given: str) -> str:
    """The name as it is kept, in lower case. Raises BadRequest for one that nobody may have."""
    name = given.lower()
    if name.endswith("."):
        raise BadRequest("Trailing period should be omitted from domain name")
    if "_" in name:
        raise BadRequest("Domain names cannot contain an underscore character")
    is_address = name.rpartition(".")[2].isdecimal()
    if (
        not _NAME.fullmatch(name)
        or len(name) > _MAX_LENGTH
        or is_address
        or _OF_AWS.fullmatch(name)
        or _OF_THE_PLATFORM.fullmatch(name)
    ):
        raise BadRequest(f"Invalid domain name: {given}")
    return name


def check_certificate(arn: str, region: str) -> None:
    """Raises BadRequest for a certificate that an endpoint of this region could not serve."""
    found = _CERTIFICATE.match(arn)
    if found is not None and found[1] != region:
        raise BadRequest(f"Invalid certificate ARN: {arn}. Certificate must be in '{region}'.")


def is_for_a_service(request: Request) -> bool:
    """Is the request signed, for something else than an API?"""
    found = _CREDENTIAL.search(request.headers.get("authorization"))
    if found is not None:
        return found[1] != _SERVICE
    if _CREDENTIAL_OF_QUERY not in request.query:
        return False
    parts = dict(parse_qsl(request.query)).get(_CREDENTIAL_OF_QUERY, "").split("/")
    return len(parts) > 3 and parts[3] != _SERVICE

"""The canonical request of Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Everything is taken as it
came over the wire. The path is encoded once more than it was sent, and normalised; S3 alone takes it as it is. Of
the query, client and server only agree on the decoded pairs, so these are encoded afresh.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from lambent.core.http import Headers

_UNRESERVED = "-_.~"
# Nothing to encode; nothing to normalise.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._~-]*")
_UNNORMAL = re.compile(r"/[./]")
_SPACES = re.compile(r" {2,}")


def canonical_request(
    method: str,
    path: str,
    query: str,
    headers: Headers,
    signed_headers: str,
    payload_hash: str,
) -> str:
    """The text that is hashed and signed. `path` and `query` are canonical already."""
    names = signed_headers.split(";")
    if headers.has_repeats:
        lines = "".join([f"{name}:{_value(headers, name)}\n" for name in names])
    else:
        first = headers.first
        lines = "".join([f"{name}:{first.get(name, '')}\n" for name in names])
        if "  " in lines:
            lines = _SPACES.sub(" ", lines)
    return f"{method}\n{path}\n{query}\n{lines}\n{signed_headers}\n{payload_hash}"


def canonical_path(path: str, is_s3: bool) -> str:
    """Encoded twice and without dot segments and doubled slashes; for S3 encoded once and as it is."""
    if _PLAIN_PATH.fullmatch(path) and (is_s3 or not _UNNORMAL.search(path)):
        return path
    if is_s3:
        return quote(unquote_to_bytes(path.encode("latin-1")), safe="/" + _UNRESERVED)
    if _UNNORMAL.search(path):
        path = _without_dots(path)
    return quote(path.encode("latin-1"), safe="/" + _UNRESERVED)


def canonical_query(query: str, is_presigned: bool = False) -> str:
    """Encoded and sorted; of a presigned URL without the signature."""
    if not query:
        return ""
    pairs = []
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if item and not (is_presigned and name == "X-Amz-Signature"):
            pairs.append((_encode(name), _encode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encode(text: str) -> str:
    return quote(unquote_to_bytes(text.encode("latin-1")), safe=_UNRESERVED)


def _value(headers: Headers, name: str) -> str:
    """All values of a field, with runs of spaces folded into one."""
    return _SPACES.sub(" ", ",".join(headers.getall(name)))


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4, and empty segments dropped."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if segments[-1] in ("", ".", "..") and kept else ""
    return "/" + "/".join(kept) + end

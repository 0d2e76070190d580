"""Policy documents as IAM takes and gives them: checked when they come in, percent-encoded when they go out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from lambent.policy import documents
from lambent.services.iam.errors import LimitExceeded, MalformedPolicyDocument

if TYPE_CHECKING:
    from lambent.policy.rules import Kind

_BLANKS = re.compile(r"\s")


def checked(text: str, kind: Kind) -> str:
    """The document as given. Raises MalformedPolicyDocument."""
    try:
        documents.parse(text, kind)
    except documents.MalformedPolicy as fault:
        raise MalformedPolicyDocument(fault.message, headers=(fault.header,)) from None
    return text


def size(text: str) -> int:
    """Its characters without white space, which IAM does not count."""
    return len(_BLANKS.sub("", text))


def encoded(text: str) -> str:
    """As it stands in answers: percent-encoded (RFC 3986)."""
    return quote(text, safe="")


def refuse_large(name: str, text: str, limit: int) -> None:
    if size(text) > limit:
        raise LimitExceeded(f"Cannot exceed quota for {name}: {limit}")

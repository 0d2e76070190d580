"""AWS's published Signature Version 4 vectors, as botocore's source archive carries them.

`scripts/fetch_protocol_cases.py` fetches them. Each vector is a request as sent, the canonical request and the
signature; the vectors name a service called "service", for which the rules of all services but S3 hold.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from lambent.gateway.canonical import canonical_path, canonical_query, canonical_request
from lambent.gateway.claim import Flaw, SignatureRefused, read_claim

FOLDER = Path(__file__).parents[3] / ".cache" / "sigv4-vectors"
VECTORS = sorted(path.parent for path in FOLDER.rglob("*.req"))
KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def test_vectors_are_there() -> None:
    if not VECTORS and not os.environ.get("CI"):
        pytest.skip("run scripts/fetch_protocol_cases.py")
    assert len(VECTORS) >= 30


def read(folder: Path, suffix: str) -> str:
    # The lines of the vectors end in a line feed; a canonical request has no other.
    text = (folder / f"{folder.name}.{suffix}").read_bytes().decode("latin-1")
    return text.replace("\r\n", "\n")


def parse(text: str) -> Any:
    """Method, target, fields and body of a request in a file; lines that begin with a space go on with the last."""
    head, _, body = text.partition("\n\n")
    line, *rest = head.split("\n")
    method, _, target = line.removesuffix(" HTTP/1.1").partition(" ")
    fields: list[tuple[str, str]] = []
    for each in rest:
        if each.startswith(" "):
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {each.strip()}")
        else:
            name, _, value = each.partition(":")
            fields.append((name, value.strip()))
    return method, target, fields, body.encode("latin-1")


def signed_request(folder: Path) -> Any:
    """The request with its signature. One vector's signed request carries a signature that is not the vector's."""
    method, target, fields, body = parse(read(folder, "sreq"))
    fields = [(name, value) for name, value in fields if name != "Authorization"]
    return method, target, [*fields, ("Authorization", read(folder, "authz").strip())], body


@pytest.mark.parametrize("folder", VECTORS, ids=lambda folder: folder.name)
def test_vector_is_canonical_and_verifies(
    folder: Any, keys: Any, checker_at: Any, make_request: Any
) -> None:
    method, target, fields, body = signed_request(folder)
    token = dict(fields).get("X-Amz-Security-Token")
    keys.add(KEY_ID, SECRET, token)
    request = make_request(method, target, fields, body)
    claim = read_claim(request)
    assert claim is not None
    body_sha256 = hashlib.sha256(body).hexdigest()
    canonical = canonical_request(
        method,
        canonical_path(request.path, is_s3=False),
        canonical_query(request.query),
        request.headers,
        claim.signed_headers,
        body_sha256,
    )
    assert canonical == read(folder, "creq")
    checker = checker_at(2015, 8, 30, 12, 36)
    assert checker.check(claim, request, "service", body_sha256).credential.access_key_id == KEY_ID


@pytest.mark.parametrize("folder", VECTORS, ids=lambda folder: folder.name)
def test_vector_does_not_verify_once_anything_signed_is_changed(
    folder: Any, keys: Any, checker_at: Any, make_request: Any
) -> None:
    method, target, fields, body = signed_request(folder)
    keys.add(KEY_ID, SECRET, dict(fields).get("X-Amz-Security-Token"))
    checker = checker_at(2015, 8, 30, 12, 36)
    digest = hashlib.sha256(body).hexdigest()
    path, question, query = target.partition("?")
    host = [(name, "evil.example" if name == "Host" else value) for name, value in fields]
    changed = [
        (make_request("DELETE", target, fields), digest),
        (make_request(method, path + "/x" + question + query, fields), digest),
        (make_request(method, target + ("&" if "?" in target else "?") + "x=1", fields), digest),
        (make_request(method, target, host), digest),
        (make_request(method, target, fields), hashlib.sha256(body + b"x").hexdigest()),
    ]
    for request, body_sha256 in changed:
        claim = read_claim(request)
        assert claim is not None
        with pytest.raises(SignatureRefused) as raised:
            checker.check(claim, request, "service", body_sha256)
        assert raised.value.flaw is Flaw.MISMATCH

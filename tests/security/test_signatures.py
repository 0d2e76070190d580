"""Forged, damaged, stale and ambiguous signatures, sent over sockets to a platform that checks them.

Each is answered in the words of the protocol in use, and nothing is changed. The request that is damaged is first shown
to be good.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.security.conftest import Order, Sent, send, things

if TYPE_CHECKING:
    from collections.abc import Callable

PROTOCOLS = ["query", "json", "rest-json"]
# What AWS's services answer, by protocol: query as IAM, json as DynamoDB, rest-json as Lambda.
_ANSWERS: dict[str, dict[str, tuple[int, str]]] = {
    "mismatch": {
        "query": (403, "SignatureDoesNotMatch"),
        "json": (400, "InvalidSignatureException"),
        "rest-json": (403, "InvalidSignatureException"),
    },
    "unknown": {
        "query": (403, "InvalidClientTokenId"),
        "json": (400, "UnrecognizedClientException"),
        "rest-json": (403, "UnrecognizedClientException"),
    },
    # The action of a query request is in its body.
    "unreadable": {
        "query": (400, "MissingAction"),
        "json": (400, "InvalidSignatureException"),
        "rest-json": (403, "InvalidSignatureException"),
    },
    "incomplete": {
        "query": (400, "IncompleteSignature"),
        "json": (400, "IncompleteSignatureException"),
        "rest-json": (400, "IncompleteSignatureException"),
    },
    "missing": {
        "query": (403, "MissingAuthenticationToken"),
        "json": (400, "MissingAuthenticationTokenException"),
        "rest-json": (403, "MissingAuthenticationTokenException"),
    },
}


def _replayed(order: Order, **by: float) -> Sent:
    return order.later(**by).signed()


def _chunks(order: Order, form: str) -> Sent:
    """The body in one chunk, as S3 alone takes it."""
    size = f"{len(order.body):x}".encode()
    body = size + b"\r\n" + order.body + b"\r\n0\r\n\r\n"
    more = (*order.headers, ("X-Amz-Decoded-Content-Length", str(len(order.body))))
    return replace(order, body=body, headers=more, payload=form).signed()


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


_FORGED: dict[str, Callable[[Order], Sent]] = {
    "another secret": lambda o: replace(o, secret=o.secret[::-1]).signed(),
    "no secret": lambda o: replace(o, secret="").signed(),
    "signature altered": lambda o: o.signed().editing("Signature=.", "Signature=g"),
    "signature cut": lambda o: o.signed().editing("[0-9a-f]$", ""),
    "signature too long": lambda o: o.signed().editing("$", "0"),
    "signature in capitals": lambda o: o.signed().editing("[0-9a-f]{64}$", "A" * 64),
    "body altered": lambda o: replace(o.signed(), body=o.body.replace(b"intruder", b"Intruder")),
    "body cut": lambda o: replace(o.signed(), body=o.body[:-1]),
    "body longer": lambda o: replace(o.signed(), body=o.body + b" "),
    "body altered, hash too": lambda o: replace(
        replace(o, payload=_sha256(o.body)).signed(), body=o.body + b" "
    ).having("X-Amz-Content-SHA256", _sha256(o.body + b" ")),
    "hash of another body": lambda o: replace(o, payload=_sha256(b"other")).signed(),
    "hash that is none": lambda o: replace(o, payload="0").signed(),
    "hash outside ASCII": lambda o: replace(o, payload="\xe9").signed(),
    "payload not signed": lambda o: replace(o, payload="UNSIGNED-PAYLOAD").signed(),
    "payload said not to be signed": lambda o: o.signed().adding(
        "X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"
    ),
    "method altered": lambda o: replace(replace(o, method="PUT").signed(), method="POST"),
    "query added": lambda o: replace(o.signed(), query="x=y"),
    "query altered": lambda o: replace(replace(o, query="x=y").signed(), query="x=z"),
    "query taken away": lambda o: replace(replace(o, query="x=y").signed(), query=""),
    "date altered": lambda o: o.signed().having("X-Amz-Date", o.later(seconds=-1).stamp),
    "header altered": lambda o: o.signed().having("Content-Type", "text/plain"),
    "header taken away": lambda o: o.signed().without("Content-Type"),
    "header doubled": lambda o: o.signed().adding("content-type", "text/plain"),
    "date doubled": lambda o: o.signed().adding("x-amz-date", o.stamp),
    "another region": lambda o: o.signed().editing("us-east-1", "us-west-2"),
    "a region that is none": lambda o: replace(o, region="us_east_1").signed(),
    "a region of 10,000 letters": lambda o: replace(o, region="a" * 10_000).signed(),
    "another day": lambda o: replace(o, scope_date="20200101").signed(),
    "a day that is none": lambda o: replace(o, scope_date="1").signed(),
    "another end of scope": lambda o: replace(o, terminator="aws5_request").signed(),
    "replayed": lambda o: _replayed(o, minutes=-16),
    "replayed after a day": lambda o: _replayed(o, days=-1),
    "signed ahead": lambda o: _replayed(o, minutes=16),
    "signed a year ahead": lambda o: _replayed(o, days=365),
    "host not signed": lambda o: replace(o, unsigned=frozenset({"host"})).signed(),
    "host altered": lambda o: o.signed().having("Host", "lambda.eu-west-1.amazonaws.com"),
    "nothing signed": lambda o: o.signed().editing("SignedHeaders=[^,]*", "SignedHeaders=;"),
    "header of AWS added": lambda o: o.signed().adding("X-Amz-Meta", "1"),
    "signed headers not in order": lambda o: o.signed().editing(
        "SignedHeaders=([^;]*);([^;]*);", r"SignedHeaders=\2;\1;"
    ),
    "a signed header that is not there": lambda o: o.signed().editing(
        "SignedHeaders=", "SignedHeaders=a;"
    ),
    "presigned, signature altered": lambda o: _query(o.presigned(), "Signature=.", "Signature=g"),
    "presigned, body altered": lambda o: replace(o.presigned(), body=o.body + b" "),
    "presigned, header altered": lambda o: o.presigned().having("Content-Type", "text/plain"),
    "presigned, header of AWS added": lambda o: o.presigned().adding("X-Amz-Meta", "1"),
    "presigned, payload not signed": lambda o: o.presigned().adding(
        "X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"
    ),
    "presigned, longer": lambda o: _query(o.presigned(), "Expires=60", "Expires=61"),
    "presigned, over": lambda o: o.later(seconds=-61).presigned(),
    "presigned, over at once": lambda o: o.presigned("0"),
    "presigned, without an end, over": lambda o: o.later(minutes=-16).presigned(None),
    "presigned, ahead": lambda o: o.later(minutes=16).presigned(),
    "presigned, query added": lambda o: replace(
        o.presigned(), query=f"{o.presigned().query}&x=y"
    ),
    "presigned, another region": lambda o: _query(o.presigned(), "us-east-1", "us-west-2"),
    "presigned, host not signed": lambda o: replace(o, unsigned=frozenset({"host"})).presigned(),
    "presigned, header name outside ASCII": lambda o: _query(
        o.presigned(), "SignedHeaders=", "SignedHeaders=%E2%82%AC%3B"
    ),
}  # fmt: skip
_UNKNOWN: dict[str, Callable[[Order], Sent]] = {
    "no such key": lambda o: replace(o, key="AKIAAAAAAAAAAAAAAAAA").signed(),
    "a key of 10,000 letters": lambda o: replace(o, key="A" * 10_000).signed(),
    "a key outside ASCII": lambda o: replace(o, key="\xe9").signed(),
    "a token for a key without one": lambda o: replace(o, token="x").signed(),
    "a temporary key without its token": lambda o: replace(o, key="ASIAAAAAAAAAAAAAAAAA").signed(),
    "a temporary key with no token of ours": lambda o: replace(
        o, key="ASIAAAAAAAAAAAAAAAAA", token="FwoGZXIvYXdzE"
    ).signed(),
    "presigned, no such key": lambda o: replace(o, key="AKIAAAAAAAAAAAAAAAAA").presigned(),
    "presigned, a token outside ASCII": lambda o: replace(o, token="\u20ac").presigned(),
}
_INCOMPLETE: dict[str, Callable[[Order], Sent]] = {
    "two headers": lambda o: o.signed().adding("authorization", o.signed().get("Authorization")),
    "a good header behind a bad one": lambda o: Sent(
        "POST", o.path, "",
        [("Authorization", f"AWS4-HMAC-SHA256 Credential={o.key}/{o.scope}"), *o.signed().headers],
        o.body,
    ),
    "header and query": lambda o: replace(o.signed(), query=o.presigned().query),
    "header and bad query": lambda o: replace(o.signed(), query="X-Amz-Signature=0"),
    "version 2": lambda o: o.signed().having("Authorization", f"AWS {o.key}:c2lnbmF0dXJl"),
    "version 2 in the query": lambda o: replace(
        o.signed().without("Authorization"),
        query=f"AWSAccessKeyId={o.key}&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x",
    ),
    "another algorithm": lambda o: o.signed().editing("HMAC-SHA256", "HMAC-SHA512"),
    "asymmetric": lambda o: o.signed().editing("AWS4-HMAC", "AWS4-ECDSA-P256"),
    "basic": lambda o: o.signed().having("Authorization", "Basic dXNlcjpwYXNz"),
    "no signature": lambda o: o.signed().editing(", Signature=.*", ""),
    "empty signature": lambda o: o.signed().editing("Signature=.*", "Signature="),
    "no signed headers": lambda o: o.signed().editing("SignedHeaders=[^,]*, ", ""),
    "short scope": lambda o: o.signed().editing("/aws4_request", ""),
    "long scope": lambda o: o.signed().editing("/aws4_request", "/x" * 5000 + "/aws4_request"),
    "no date": lambda o: o.signed().without("X-Amz-Date"),
    "a date that is none": lambda o: o.signed().having("X-Amz-Date", "now"),
    "a date that is too much": lambda o: o.signed().without("X-Amz-Date").adding(
        "Date", "Thu, 01 Jan 2026 00:00:00 +99999999999"
    ),
    "presigned for over a week": lambda o: o.presigned("604801"),
    "presigned for ever": lambda o: o.presigned("9" * 5000),
    "presigned until yesterday": lambda o: o.presigned("-86400"),
    "presigned without a signature": lambda o: _query(o.presigned(), "&X-Amz-Signature=.*", ""),
    "presigned, another algorithm": lambda o: _query(o.presigned(), "SHA256", "SHA1"),
    "presigned, older date": lambda o: _query(o.presigned(), "Date=[^&]*", "Date=1"),
}  # fmt: skip
_UNREADABLE: dict[str, Callable[[Order], Sent]] = {
    "no body": lambda o: replace(o.signed(), body=b""),
    "chunks not signed": lambda o: _chunks(o, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
    "chunks": lambda o: _chunks(o, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    "chunks and trailer": lambda o: _chunks(o, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
}
_MISSING: dict[str, Callable[[Order], Sent]] = {
    "not signed": lambda o: o.signed().without("Authorization"),
}
_ATTACKS = [
    pytest.param(kind, attack, id=name)
    for kind, attacks in [
        ("mismatch", _FORGED),
        ("unknown", _UNKNOWN),
        ("incomplete", _INCOMPLETE),
        ("missing", _MISSING),
        ("unreadable", _UNREADABLE),
    ]
    for name, attack in attacks.items()
]


def _query(sent: Sent, pattern: str, put: str) -> Sent:
    return replace(sent, query=re.sub(pattern, put, sent.query))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_attacked_is_good_itself(
    aws: Callable[..., Any], order: Callable[..., Order], protocol: str
) -> None:
    good = order(protocol)
    endpoint = f"http://{good.host}"
    assert send(good.signed(), endpoint)[0] in {200, 201}
    assert len(things(aws, protocol)) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_attacked_is_good_presigned(
    aws: Callable[..., Any], order: Callable[..., Order], protocol: str
) -> None:
    good = order(protocol)
    assert send(good.presigned(), f"http://{good.host}")[0] in {200, 201}
    assert len(things(aws, protocol)) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("minutes", [-14, 14])
def test_clocks_may_differ_by_a_quarter_of_an_hour(
    aws: Callable[..., Any], order: Callable[..., Order], protocol: str, minutes: int
) -> None:
    skewed = order(protocol).later(minutes=minutes)
    assert send(skewed.signed(), f"http://{skewed.host}")[0] in {200, 201}
    assert len(things(aws, protocol)) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("kind", "attack"), _ATTACKS)
def test_attack_is_refused_in_the_words_of_the_protocol(
    aws: Callable[..., Any],
    order: Callable[..., Order],
    protocol: str,
    kind: str,
    attack: Callable[[Order], Sent],
) -> None:
    made = order(protocol)
    status, code, body = send(attack(made), f"http://{made.host}")
    assert (status, code) == _ANSWERS[kind][protocol], body
    assert made.secret not in body
    assert things(aws, protocol) == []


@pytest.mark.parametrize(("minutes", "status"), [(-4, 404), (4, 404), (-6, 403), (6, 403)])
def test_lambda_allows_five_minutes(order: Callable[..., Order], minutes: int, status: int) -> None:
    path = "/2015-03-31/functions/f"
    made = order("rest-json", service="lambda", method="GET", path=path, body=b"", headers=())
    assert send(made.later(minutes=minutes).signed(), f"http://{made.host}")[0] == status


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_path_altered_reaches_nothing(
    aws: Callable[..., Any], order: Callable[..., Order], protocol: str
) -> None:
    good = order(protocol)
    for path in ("/restapis/x", "//restapis", "/./restapis", "/%72estapis", "/restapis/"):
        sent = replace(replace(good, path="/elsewhere").signed(), path=path)
        assert 400 <= send(sent, f"http://{good.host}")[0] < 500
    assert things(aws, protocol) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("service", ["IAM", "lambda", "s3", "sts", "execute-api", "nothing"])
def test_what_is_signed_for_another_service_reaches_nothing(
    aws: Callable[..., Any], order: Callable[..., Order], protocol: str, service: str
) -> None:
    good = order(protocol)
    assert service != good.service
    altered = f"/{service}/aws4_request"
    for sent in (
        replace(good, service=service).signed(),
        replace(good, service=service).presigned(),
        good.signed().editing(f"/{good.service}/aws4_request", altered),
    ):
        status, _, body = send(sent, f"http://{good.host}")
        # A service that is not here is named, whoever asks for it.
        assert 400 <= status < 500 or (status, "does not have the service" in body) == (501, True)
        assert good.secret not in body
    assert things(aws, protocol) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_disabled_and_deleted_keys_are_unknown(
    aws: Callable[..., Any], order: Callable[..., Order], protocol: str
) -> None:
    iam = aws("iam")
    iam.create_user(UserName="u")
    may_all = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    )
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=may_all)
    key = iam.create_access_key(UserName="u")["AccessKey"]
    before = len(things(aws, protocol))
    made = order(protocol, key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    endpoint = f"http://{made.host}"
    named = {"UserName": "u", "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**named, Status="Inactive")
    assert send(made.signed(), endpoint)[:2] == _ANSWERS["unknown"][protocol]
    assert send(made.presigned(), endpoint)[:2] == _ANSWERS["unknown"][protocol]
    iam.update_access_key(**named, Status="Active")
    assert send(made.signed(), endpoint)[0] in {200, 201}
    iam.delete_access_key(**named)
    assert send(made.signed(), endpoint)[:2] == _ANSWERS["unknown"][protocol]
    assert len(things(aws, protocol)) == before + 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_session_is_known_by_its_own_token_only(
    aws: Callable[..., Any], order: Callable[..., Order], protocol: str
) -> None:
    mine, other = (aws("sts").get_session_token()["Credentials"] for _ in range(2))
    token = mine["SessionToken"]
    made = order(protocol, key=mine["AccessKeyId"], secret=mine["SecretAccessKey"], token=token)
    endpoint = f"http://{made.host}"
    middle = len(token) // 2
    changed = "A" if token[middle] != "A" else "B"
    wrong = [
        other["SessionToken"],
        "",
        token[:-1],
        token + "A",
        token[:middle] + changed + token[middle + 1 :],
        "\xe9",
        "x" * 20_000,
    ]
    for each in wrong:
        forged = replace(made, token=each)
        assert send(forged.signed(), endpoint)[:2] == _ANSWERS["unknown"][protocol]
        assert send(forged.presigned(), endpoint)[:2] == _ANSWERS["unknown"][protocol]
    stripped = made.signed().without("X-Amz-Security-Token")
    assert send(stripped, endpoint)[:2] == _ANSWERS["unknown"][protocol]
    assert (
        send(replace(made, secret=other["SecretAccessKey"]).signed(), endpoint)[:2]
        == (_ANSWERS["mismatch"][protocol])
    )
    assert things(aws, protocol) == []
    # IAM may not be asked with such credentials, by GetSessionToken's documentation: that is for what follows.
    status, code, _ = send(made.signed(), endpoint)
    if protocol == "query":
        assert (status, code) == _ANSWERS["unknown"][protocol]
    else:
        assert status in {200, 201}

"""Rules around the signature itself: S3's forms, time, scope, tokens, body hashes, keys."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from lambent.core.http import Headers
from lambent.core.ports import Credential
from lambent.gateway.canonical import canonical_path, canonical_query, canonical_request
from lambent.gateway.claim import Claim, Flaw, SignatureRefused, read_claim
from lambent.gateway.signing_keys import SigningKeys, derive_key
from lambent.gateway.sigv4 import EMPTY_SHA256, SignatureChecker, needs_body_hash, sign

# The examples of "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference.
S3_KEY, S3_SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
S3_HOST = ("Host", "examplebucket.s3.amazonaws.com")


def authorization(signed_headers: Any, signature: Any) -> Any:
    return (
        "Authorization",
        (
            f"AWS4-HMAC-SHA256 Credential={S3_KEY}/20130524/us-east-1/s3/aws4_request,"
            f"SignedHeaders={signed_headers},Signature={signature}"
        ),
    )


def test_s3_example_of_a_get_with_a_range(keys: Any, checker_at: Any, make_request: Any) -> None:
    keys.add(S3_KEY, S3_SECRET)
    request = make_request(
        "GET",
        "/test.txt",
        [
            S3_HOST,
            ("Range", "bytes=0-9"),
            ("x-amz-content-sha256", EMPTY_SHA256),
            ("x-amz-date", "20130524T000000Z"),
            authorization(
                "host;range;x-amz-content-sha256;x-amz-date",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ],
    )
    checker_at(2013, 5, 24).check(read_claim(request), request, "s3", EMPTY_SHA256)


PRESIGNED = (
    "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
    "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)


@pytest.mark.parametrize(
    ("hours", "flaw"), [(0, None), (23.99, None), (24, Flaw.URL_EXPIRED), (-1, Flaw.NOT_YET)]
)
def test_s3_example_of_a_presigned_url_is_good_until_it_expires(
    keys: Any, clock_at: Any, make_request: Any, hours: Any, flaw: Any
) -> None:
    keys.add(S3_KEY, S3_SECRET)
    clock = clock_at(2013, 5, 23)
    clock.advance(timedelta(days=1, hours=hours))
    request = make_request("GET", PRESIGNED, [S3_HOST])
    claim = read_claim(request)
    assert claim is not None
    assert not needs_body_hash(claim, request, "s3")
    checker = SignatureChecker(keys, clock)
    if flaw is None:
        checker.check(claim, request, "s3", "")
    else:
        assert refused(checker, claim, request, "s3", "").flaw is flaw


def refused(checker: Any, *args: Any) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as raised:
        checker.check(*args)
    return raised.value


@pytest.fixture
def signed(keys: Any, make_request: Any) -> Any:
    """A request signed by the very functions that check it: for the rules that stand before the signature."""
    keys.add("AKID", "secret")

    def make(
        body: Any = b"",
        headers: Any = (),
        names: Any = "host;x-amz-date",
        service: Any = "lambda",
        date: Any = "20260101",
        token: Any = "",
        timestamp: Any = "20260101T000000Z",
        declared: Any = "",
    ) -> Any:
        fields = [("Host", "h"), ("X-Amz-Date", timestamp), *headers]
        claim = Claim("AKID", date, "eu-west-1", service, names, "", timestamp, token)
        payload = declared or hashlib.sha256(body).hexdigest()
        text = canonical_request("POST", "/p", "", Headers(fields), names, payload)
        key = derive_key("secret", date, "eu-west-1", service)
        claim = claim._replace(signature=sign(key, claim, text).decode())
        return claim, make_request("POST", "/p", fields, body)

    return make


@pytest.mark.parametrize(
    ("service", "seconds", "flaw"),
    [
        ("lambda", 300, None),
        ("lambda", 301, Flaw.EXPIRED),
        ("lambda", -300, None),
        ("lambda", -301, Flaw.NOT_YET),
        ("iam", 900, None),
        ("iam", 901, Flaw.EXPIRED),
        ("iam", -901, Flaw.NOT_YET),
    ],
)
def test_clock_skew_has_a_limit_per_service(
    signed: Any, keys: Any, clock_at: Any, service: Any, seconds: Any, flaw: Any
) -> None:
    claim, request = signed(service=service)
    clock = clock_at(2025, 12, 31)
    clock.advance(timedelta(days=1, seconds=seconds))
    checker = SignatureChecker(keys, clock)
    if flaw is None:
        checker.check(claim, request, service, EMPTY_SHA256)
    else:
        assert refused(checker, claim, request, service, EMPTY_SHA256).flaw is flaw


def test_skew_is_told_in_awss_words(signed: Any, keys: Any, clock_at: Any) -> None:
    claim, request = signed()
    late = refused(SignatureChecker(keys, clock_at(2026, 1, 1, 1)), claim, request, "lambda", "")
    assert late.message == (
        "Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z "
        "(20260101T010000Z - 5 min.)"
    )
    early = refused(
        SignatureChecker(keys, clock_at(2025, 12, 31, 23)), claim, request, "lambda", ""
    )
    assert early.message == (
        "Signature not yet current: 20260101T000000Z is still later than 20251231T230500Z "
        "(20251231T230000Z + 5 min.)"
    )


def test_window_moves_with_the_clock(signed: Any, keys: Any, clock_at: Any) -> None:
    claim, request = signed()
    clock = clock_at(2026, 1, 1)
    checker = SignatureChecker(keys, clock)
    checker.check(claim, request, "lambda", EMPTY_SHA256)
    clock.advance(timedelta(minutes=6))
    assert refused(checker, claim, request, "lambda", EMPTY_SHA256).flaw is Flaw.EXPIRED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"service": "sqs"}, "Credential should be scoped to correct service: 'lambda'."),
        (
            {"date": "20251231"},
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                "HTTP: '20251231' != '20260101', from '20260101T000000Z'."
            ),
        ),
        (
            {"names": "x-amz-date"},
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
    ],
)
def test_scope_and_signed_headers_have_rules(
    signed: Any, checker_at: Any, changes: Any, words: Any
) -> None:
    claim, request = signed(**changes)
    refusal = refused(checker_at(2026, 1, 1), claim, request, "lambda", EMPTY_SHA256)
    assert (refusal.flaw, refusal.message) == (Flaw.WRONG_SCOPE, words)


def test_unknown_key_is_refused(signed: Any, keys: Any, checker_at: Any) -> None:
    claim, request = signed()
    keys.keys.clear()
    assert refused(checker_at(2026, 1, 1), claim, request, "lambda", "").flaw is Flaw.UNKNOWN_KEY


@pytest.mark.parametrize(("kept", "sent"), [("token", ""), ("token", "other"), (None, "bogus")])
def test_session_token_must_be_the_keys_own(
    signed: Any, keys: Any, checker_at: Any, kept: Any, sent: Any
) -> None:
    claim, request = signed(token=sent)
    keys.add("AKID", "secret", kept)
    assert refused(checker_at(2026, 1, 1), claim, request, "lambda", "").flaw is Flaw.BAD_TOKEN


@pytest.mark.parametrize("service", ["s3", "lambda"])
def test_declared_body_hash_must_be_the_bodys(signed: Any, checker_at: Any, service: Any) -> None:
    declared = hashlib.sha256(b"another").hexdigest()
    header = ("x-amz-content-sha256", declared)
    claim, request = signed(b"this", [header], declared=declared, service=service)
    actual = hashlib.sha256(b"this").hexdigest()
    refusal = refused(checker_at(2026, 1, 1), claim, request, service, actual)
    assert refusal.flaw is Flaw.BODY_MISMATCH


@pytest.mark.parametrize("form", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_s3_alone_takes_payloads_that_are_not_hashed(
    signed: Any, checker_at: Any, form: Any
) -> None:
    def of(service: str) -> Any:
        names = "host;x-amz-content-sha256;x-amz-date"
        header = ("x-amz-content-sha256", form)
        return signed(b"any", [header], names, declared=form, service=service)

    claim, request = of("s3")
    assert not needs_body_hash(claim, request, "s3")
    checker_at(2026, 1, 1).check(claim, request, "s3", "")
    claim, request = of("lambda")
    assert needs_body_hash(claim, request, "lambda")
    actual = hashlib.sha256(b"any").hexdigest()
    refusal = refused(checker_at(2026, 1, 1), claim, request, "lambda", actual)
    assert refusal.flaw is Flaw.BODY_MISMATCH


def test_headers_of_aws_must_be_signed(signed: Any, checker_at: Any) -> None:
    header = ("X-Amz-Invocation-Type", "Event")
    claim, request = signed(b"", [header])
    empty = hashlib.sha256(b"").hexdigest()
    refusal = refused(checker_at(2026, 1, 1), claim, request, "lambda", empty)
    assert (refusal.flaw, refusal.message) == (
        Flaw.NOT_SIGNED,
        "'x-amz-invocation-type' must be a 'SignedHeader' in the AWS Authorization.",
    )
    claim, request = signed(b"", [header], "host;x-amz-date;x-amz-invocation-type")
    checker_at(2026, 1, 1).check(claim, request, "lambda", empty)


def test_body_of_another_request_does_not_verify(signed: Any, checker_at: Any) -> None:
    claim, request = signed(b"one")
    other = hashlib.sha256(b"two").hexdigest()
    assert refused(checker_at(2026, 1, 1), claim, request, "lambda", other).flaw is Flaw.MISMATCH


def test_replaced_secret_takes_effect_at_once(signed: Any, keys: Any, checker_at: Any) -> None:
    claim, request = signed()
    checker = checker_at(2026, 1, 1)
    checker.check(claim, request, "lambda", EMPTY_SHA256)
    keys.add("AKID", "another secret")
    assert refused(checker, claim, request, "lambda", EMPTY_SHA256).flaw is Flaw.MISMATCH


def test_signing_keys_are_derived_once_until_dropped(signed: Any, keys: Any) -> None:
    claim, _ = signed()
    credential = keys.find("AKID")
    signing = SigningKeys()
    first = signing.find(credential, claim)
    assert signing.find(credential, claim) is first
    signing.drop("AKID")
    again = signing.find(credential, claim)
    assert (again, again is first) == (first, False)
    signing.drop()
    assert signing._keys == {}


def test_signing_keys_do_not_grow_without_end(signed: Any, keys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("lambent.gateway.signing_keys._KEPT", 3)
    claim, _ = signed()
    signing = SigningKeys()
    credential = Credential("AKID", "secret", keys.find("AKID").principal)
    for day in range(10):
        signing.find(credential, claim._replace(date=f"2026010{day}"))
        assert len(signing._keys) <= 3


@pytest.mark.parametrize(
    ("path", "twice", "once"),
    [
        ("/", "/", "/"),
        ("/a b", "/a%20b", "/a%20b"),
        ("/a%20b", "/a%2520b", "/a%20b"),
        ("/arn%3Aaws", "/arn%253Aaws", "/arn%3Aaws"),
        ("/arn:aws", "/arn%3Aaws", "/arn%3Aaws"),
        ("/a//b/./c/../d/", "/a/b/d/", "/a//b/./c/../d/"),
        ("/.", "/", "/."),
        ("/../..", "/", "/../.."),
        ("/~x", "/~x", "/~x"),
    ],
)
def test_paths_are_encoded_twice_but_for_s3(path: Any, twice: Any, once: Any) -> None:
    assert canonical_path(path, is_s3=False) == twice
    assert canonical_path(path, is_s3=True) == once


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", ""),
        ("acl", "acl="),
        ("b=2&a=1&a=0", "a=0&a=1&b=2"),
        ("a=%7e&a=%2f", "a=%2F&a=~"),
        ("a=b=c", "a=b%3Dc"),
        ("&a=1&", "a=1"),
        ("a-b=1&a=2", "a=2&a-b=1"),
    ],
)
def test_query_is_encoded_afresh_and_sorted_by_name(query: Any, canonical: Any) -> None:
    assert canonical_query(query) == canonical


def test_repeated_and_spaced_headers_are_folded() -> None:
    headers = Headers([("A", "x   y"), ("a", "z"), ("B", "1")])
    text = canonical_request("GET", "/", "", headers, "a;b", "HASH")
    assert text == "GET\n/\n\na:x y,z\nb:1\n\na;b\nHASH"

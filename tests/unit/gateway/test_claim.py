"""Claims that cannot be read, in AWS's words; and the forms that can."""

from __future__ import annotations

from typing import Any

import pytest

from lambent.gateway.claim import ClaimReader, Flaw, SignatureRefused, read_claim

GOOD = (
    "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/lambda/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)
DATE = ("X-Amz-Date", "20260101T000000Z")


def refusal(request: Any) -> Any:
    with pytest.raises(SignatureRefused) as raised:
        read_claim(request)
    return raised.value.flaw, raised.value.message


def test_request_without_signature_is_anonymous(make_request: Any) -> None:
    assert read_claim(make_request("GET", "/", [])) is None
    assert read_claim(make_request("GET", "/?X-Amz-Meta=1", [])) is None


@pytest.mark.parametrize("separator", [", ", ","])
def test_usual_header_is_read(make_request: Any, separator: Any) -> None:
    header = GOOD.replace(", ", separator)
    claim = read_claim(make_request("GET", "/", [("Authorization", header), DATE]))
    assert claim is not None
    assert (claim.access_key_id, claim.scope) == ("AKID", "20260101/eu-west-1/lambda/aws4_request")
    assert (claim.signed_headers, claim.signature) == ("host;x-amz-date", "0" * 64)
    assert (claim.timestamp, claim.is_presigned) == ("20260101T000000Z", False)


def test_parts_may_come_in_any_order_and_spacing(make_request: Any) -> None:
    header = (
        "AWS4-HMAC-SHA256 Signature=0f,  SignedHeaders=host , "
        "Credential=AKID/20260101/eu-west-1/lambda/aws4_request"
    )
    claim = read_claim(make_request("GET", "/", [("Authorization", header), DATE]))
    assert claim is not None
    assert (claim.access_key_id, claim.signature, claim.signed_headers) == ("AKID", "0f", "host")


@pytest.mark.parametrize("date", ["Thu, 01 Jan 2026 00:00:00 GMT", "20260101T000000Z"])
def test_date_header_stands_in_for_x_amz_date(make_request: Any, date: Any) -> None:
    claim = read_claim(make_request("GET", "/", [("Authorization", GOOD), ("Date", date)]))
    assert claim is not None
    assert claim.timestamp == "20260101T000000Z"


def test_everything_that_is_missing_is_listed(make_request: Any) -> None:
    header = "AWS4-HMAC-SHA256 Foo=bar"
    assert refusal(make_request("GET", "/", [("Authorization", header)])) == (
        Flaw.INCOMPLETE,
        (
            "Authorization header requires 'Credential' parameter. "
            "Authorization header requires 'Signature' parameter. "
            "Authorization header requires 'SignedHeaders' parameter. "
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            "Authorization=AWS4-HMAC-SHA256 Foo=bar"
        ),
    )


@pytest.mark.parametrize(
    ("header", "flaw", "words"),
    [
        ("Basic dTpw", Flaw.INCOMPLETE, "Unsupported AWS 'algorithm': 'Basic'."),
        (
            "AWS4-HMAC-SHA256 nonsense",
            Flaw.INCOMPLETE,
            (
                "'nonsense' not a valid key=value pair (missing equal-sign) in Authorization header: "
                "'AWS4-HMAC-SHA256 nonsense'."
            ),
        ),
        (
            GOOD.replace("/eu-west-1", ""),
            Flaw.INCOMPLETE,
            (
                "Credential must have exactly 5 slash-delimited elements, e.g. "
                "keyid/date/region/service/term, got 'AKID/20260101/lambda/aws4_request'"
            ),
        ),
        (
            GOOD.replace("aws4_request", "aws5_request"),
            Flaw.WRONG_SCOPE,
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
        ),
    ],
)
def test_malformed_header_is_refused_in_awss_words(
    make_request: Any, header: Any, flaw: Any, words: Any
) -> None:
    request = make_request("GET", "/", [("Authorization", header), DATE])
    assert refusal(request) == (flaw, words)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", [("Authorization", GOOD), ("authorization", GOOD)]),
        ("/?X-Amz-Signature=0", [("Authorization", GOOD)]),
        ("/?a=b&X-Amz-Algorithm=AWS4-HMAC-SHA256", [("Authorization", GOOD)]),
    ],
)
def test_two_signatures_are_one_too_many(make_request: Any, target: Any, headers: Any) -> None:
    assert refusal(make_request("GET", target, [*headers, DATE]))[0] is Flaw.TWO_MECHANISMS


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", [("Authorization", "AWS AKID:c2ln")]),
        ("/?AWSAccessKeyId=AKID&SignatureVersion=2&Signature=c2ln", []),
    ],
)
def test_older_signatures_are_refused(make_request: Any, target: Any, headers: Any) -> None:
    assert refusal(make_request("GET", target, headers))[0] is Flaw.OLD_MECHANISM


@pytest.mark.parametrize("region", ["eu_west_1", "a" * 33, "EU-WEST-1", "\xe9"])
def test_a_region_is_letters_digits_and_hyphens(make_request: Any, region: Any) -> None:
    header = GOOD.replace("eu-west-1", region)
    request = make_request("GET", "/", [("Authorization", header), DATE])
    assert refusal(request) == (
        Flaw.WRONG_SCOPE,
        "Credential should be scoped to a valid region.",
    )


def test_an_empty_authorization_header_is_not_anonymous(make_request: Any) -> None:
    assert refusal(make_request("GET", "/", [("Authorization", "")]))[0] is Flaw.INCOMPLETE


def test_date_header_is_taken_in_its_own_time_zone(make_request: Any) -> None:
    date = "Thu, 01 Jan 2026 00:00:00 +0100"
    claim = read_claim(make_request("GET", "/", [("Authorization", GOOD), ("Date", date)]))
    assert claim is not None
    assert claim.timestamp == "20251231T230000Z"


def test_malformed_date_is_refused(make_request: Any) -> None:
    request = make_request("GET", "/", [("Authorization", GOOD), ("X-Amz-Date", "yesterday")])
    flaw, words = refusal(request)
    assert flaw is Flaw.INCOMPLETE
    assert words.startswith("Date must be in ISO-8601 'basic format'. Got 'yesterday'.")


PRESIGNED = (
    "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fsts%2F"
    "aws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
    "&X-Amz-Security-Token=a%2Bb&X-Amz-Signature=00"
)


def test_presigned_query_is_read(make_request: Any) -> None:
    claim = read_claim(make_request("GET", PRESIGNED, []))
    assert claim is not None
    assert (claim.access_key_id, claim.service, claim.expires_s) == ("AKID", "sts", 60)
    assert (claim.session_token, claim.is_presigned) == ("a+b", True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "&X-Amz-SignedHeaders=host",
            "",
            (
                "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
                "Re-examine the query-string parameters."
            ),
        ),
        ("HMAC-SHA256&", "HMAC-SHA1&", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."),
        ("Expires=60", "Expires=soon", "X-Amz-Expires should be a number"),
        ("Expires=60", "Expires=-1", "X-Amz-Expires must be non-negative"),
        ("Expires=60", f"Expires={'9' * 5000}", "X-Amz-Expires must be less than a week"),
        ("Expires=60", "Expires=604801", "X-Amz-Expires must be less than a week (in seconds)"),
    ],
)
def test_malformed_presigned_query_is_refused(
    make_request: Any, old: Any, new: Any, words: Any
) -> None:
    flaw, message = refusal(make_request("GET", PRESIGNED.replace(old, new), []))
    assert flaw is Flaw.BAD_PRESIGNED
    assert message.startswith(words)


def test_repeated_header_is_read_the_same_way_each_time(make_request: Any) -> None:
    reader = ClaimReader()
    first = reader.read(make_request("GET", "/", [("Authorization", GOOD), DATE]))
    other = GOOD[:-64] + "1" * 64
    token = ("X-Amz-Security-Token", "t")
    second = reader.read(make_request("GET", "/", [("Authorization", other), DATE, token]))
    assert first is not None
    assert second == first._replace(signature="1" * 64, session_token="t")


@pytest.mark.parametrize("date", ["", "20260101", "20260101T00000\u00b9Z", "x0260101T000000Z"])
def test_repeated_header_with_a_bad_date_is_refused(make_request: Any, date: Any) -> None:
    reader = ClaimReader()
    reader.read(make_request("GET", "/", [("Authorization", GOOD), DATE]))
    with pytest.raises(SignatureRefused) as raised:
        reader.read(make_request("GET", "/", [("Authorization", GOOD), ("X-Amz-Date", date)]))
    assert raised.value.flaw is Flaw.INCOMPLETE


def test_long_headers_are_not_remembered(make_request: Any) -> None:
    reader = ClaimReader()
    header = GOOD.replace("AKID", "A" * 2000)
    assert reader.read(make_request("GET", "/", [("Authorization", header), DATE]))
    assert not reader._known


def test_remembered_headers_do_not_grow_without_end(make_request: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("lambent.gateway.claim._KNOWN_KEPT", 3)
    reader = ClaimReader()
    for n in range(10):
        header = GOOD.replace("AKID", f"AKID{n}")
        reader.read(make_request("GET", "/", [("Authorization", header), DATE]))
        assert len(reader._known) <= 3

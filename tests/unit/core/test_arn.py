from __future__ import annotations

import pytest

from lambent.core.arn import Arn, InvalidArn


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:lambda:eu-central-1:123456789012:function:hello:PROD",
        "arn:aws:iam::123456789012:role/path/name",
        "arn:aws-cn:s3:::bucket/key:with:colons",
    ],
)
def test_an_arn_is_written_as_it_was_read(text: str) -> None:
    assert str(Arn.parse(text)) == text


def test_the_parts_of_an_arn_are_named() -> None:
    arn = Arn.parse("arn:aws:lambda:eu-central-1:123456789012:function:hello:PROD")
    assert arn == Arn("lambda", "eu-central-1", "123456789012", "function:hello:PROD", "aws")


@pytest.mark.parametrize(
    "text",
    ["", "hello", "arn:aws:lambda:eu-central-1:123456789012:", "urn:a:b:c:d:e", "arn::b:c:d:e"],
)
def test_what_is_no_arn_is_refused(text: str) -> None:
    with pytest.raises(InvalidArn):
        Arn.parse(text)

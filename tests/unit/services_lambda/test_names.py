"""Names, partial ARNs and full ARNs: items 6-9 of what clients rely on."""

from __future__ import annotations

import pytest

from lambent.core.context import Scope
from lambent.core.errors import AccessDenied
from lambent.policy.needs.lambda_ import function, qualified
from lambent.policy.needs.rows import Where
from lambent.services.lambda_.errors import InvalidParameterValue, ResourceNotFound
from lambent.services.lambda_.names import FunctionRef, not_found, parse_function_name

SCOPE = Scope("123456789012", "eu-west-1")
ARN = "arn:aws:lambda:eu-west-1:123456789012:function"


FORMS = pytest.mark.parametrize(
    ("text", "name", "qualifier"),
    [
        ("hello", "hello", ""),
        ("hello:$LATEST", "hello", "$LATEST"),
        ("hello:prod", "hello", "prod"),
        ("my-function:GREEN", "my-function", "GREEN"),
        ("my-function-2:7", "my-function-2", "7"),
        ("function:hello", "hello", ""),
        ("function:hello:7", "hello", "7"),
        ("123456789012:function:hello", "hello", ""),
        ("123456789012:hello", "hello", ""),
        ("eu-west-1:123456789012:function:hello:prod", "hello", "prod"),
        (f"{ARN}:hello", "hello", ""),
        (f"{ARN}:hello:$LATEST", "hello", "$LATEST"),
        (f"{ARN}:function", "function", ""),
        (f"{ARN}:function:function", "function", "function"),
        (f"{ARN}:hello".replace(":aws:", "::"), "hello", ""),
        (f"{ARN}:hello".replace(":aws:", ":aws-cn:"), "hello", ""),
        ("a.b", "a.b", ""),
    ],
)


@FORMS
def test_every_form_of_a_name_is_understood(text: str, name: str, qualifier: str) -> None:
    assert parse_function_name(text, SCOPE) == FunctionRef(SCOPE, name, qualifier)


@FORMS
def test_policies_are_asked_about_the_function_that_is_meant(
    text: str, name: str, qualifier: str
) -> None:
    where = Where({"FunctionName": text}, SCOPE.account_id, SCOPE.region)
    assert qualified(where) == FunctionRef(SCOPE, name, qualifier).arn
    assert function(where) == FunctionRef(SCOPE, name).arn


def test_the_qualifier_parameter_stands_beside_the_name() -> None:
    assert parse_function_name("hello", SCOPE, "prod").arn == f"{ARN}:hello:prod"
    assert parse_function_name("hello:prod", SCOPE, "prod").qualifier == "prod"


def test_two_qualifiers_that_differ_are_refused() -> None:
    with pytest.raises(InvalidParameterValue) as refused:
        parse_function_name("hello:prod", SCOPE, "test")
    assert refused.value.message == (
        "The derived qualifier from the function name does not match the specified qualifier."
    )
    assert (refused.value.status, refused.value.members) == (400, {"Type": "User"})


def test_another_region_is_not_reachable() -> None:
    with pytest.raises(ResourceNotFound) as missing:
        parse_function_name("arn:aws:lambda:us-east-1:123456789012:function:hello", SCOPE)
    assert missing.value.message == (
        "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')"
    )
    assert missing.value.status == 404


def test_another_account_is_denied_without_a_word() -> None:
    with pytest.raises(AccessDenied) as denied:
        parse_function_name("999999999999:function:hello", SCOPE)
    assert (denied.value.status, denied.value.message) == (403, None)


def test_a_name_over_64_characters_is_refused_in_every_form() -> None:
    for text in ("f" * 65, f"{ARN}:{'f' * 65}"):
        with pytest.raises(InvalidParameterValue) as refused:
            parse_function_name(text, SCOPE)
        assert refused.value.message == (
            f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy "
            "constraint: Member must have length less than or equal to 64"
        )
    assert parse_function_name(f"{ARN}:{'f' * 64}", SCOPE).name == "f" * 64


def test_what_is_missing_is_named_by_its_arn() -> None:
    assert not_found(FunctionRef(SCOPE, "hello")).message == f"Function not found: {ARN}:hello"
    assert (
        not_found(FunctionRef(SCOPE, "hello", "7")).message == f"Function not found: {ARN}:hello:7"
    )
    invoked = FunctionRef(SCOPE, "hello").invoked()
    assert not_found(invoked).message == f"Function not found: {ARN}:hello:$LATEST"

"""A thousand documents that are no policies, through the APIs that take policies: refused, and nobody may do more."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Aws

SEED = 20261126
DOCUMENTS = 200  # of each kind, for each of five operations
# Characters that the model of an operation does not take are refused before the document is looked at.
REFUSALS = {"MalformedPolicyDocument", "ValidationError", "InvalidParameterValueException"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}  # fmt: skip


def _in_statement(name: str, *values: Any) -> Callable[[dict[str, Any], random.Random], Any]:
    """A document whose statement has one of these values for an element."""

    def damaged(document: dict[str, Any], chance: random.Random) -> Any:
        document["Statement"][0][name] = chance.choice(values)
        return document

    return damaged


def _without(name: str) -> Callable[[dict[str, Any], random.Random], Any]:
    def damaged(document: dict[str, Any], chance: random.Random) -> Any:
        del document["Statement"][0][name]
        return document

    return damaged


def _with(name: str, *values: Any) -> Callable[[dict[str, Any], random.Random], Any]:
    def damaged(document: dict[str, Any], chance: random.Random) -> Any:
        document[name] = chance.choice(values)
        return document

    return damaged


def _text(*edits: Callable[[str, random.Random], str]) -> Callable[[Any, random.Random], Any]:
    return lambda document, chance: chance.choice(edits)(json.dumps(document), chance)


_NO_TEXT: tuple[Any, ...] = (None, 1, True, {}, [], [[]], [None], {"a": "b"}, "")
_DAMAGES: list[Callable[[Any, random.Random], Any]] = [
    _in_statement("Effect", "allow", "ALLOW", " Allow", "Permit", *_NO_TEXT),
    _without("Effect"),
    _in_statement("Action", "s3", "s3 :Get", "s3:Get:Object", ["s3:*", 1], *_NO_TEXT),
    _without("Action"),
    _in_statement("NotAction", "s3:*", []),
    _in_statement("Actions", "s3:*"),
    _in_statement("action", "s3:*"),
    _in_statement("Principle", "*"),
    _in_statement("Condition", "x", 1, [], {"StringEquals": "x"}, {"StringIs": {"aws:x": "y"}},
                  {"StringEquals": {"aws:x": {"y": "z"}}}, {"Bool": []},
                  {"ForSomeValue:StringEquals": {"aws:x": "y"}}, {"NullIfExists": {"aws:x": "true"}}),
    _in_statement("Sid", 1, None, {}, []),
    _with("Version", "2012-10-18", "2012-10-17 ", 2012, None, [], {}),
    _with("Statement", None, "x", 1, [], [[]], [None], ["x"], {}),
    _with("Statements", []),
    _with("Comment", "none"),
    _with("Id", 1, {}, []),
    lambda document, chance: [document],
    lambda document, chance: chance.choice([None, 0, "x", True, [], {}]),
    _text(
        lambda text, chance: text[: chance.randrange(1, len(text))],
        lambda text, chance: text[chance.randrange(1, len(text)) :],
        lambda text, chance: text + chance.choice(["}", "]", "x", ",", "{}", '"']),
        lambda text, chance: text.replace('"', "'"),
        lambda text, chance: text.replace(":", "=", 1),
        lambda text, chance: text.replace("{", "{,", 1),
        lambda text, chance: text.replace("}", ",}", 1),
        lambda text, chance: "\ufeff" + text,
        lambda text, chance: "// a policy\n" + text,
        lambda text, chance: text.replace('"Statement"', '"Version": "2012-10-17", "Statement"'),
        lambda text, chance: text.replace('"Effect"', '"Effect": "Deny", "Effect"'),
        lambda text, chance: text.replace("Allow", chance.choice(["All\\ud800ow", "A\\x", "\\u00"])),
        lambda text, chance: text.replace('"Allow"', chance.choice(["NaN", "1e999", "Infinity", "-"])),
        lambda text, chance: "[" * 20_000,
        lambda text, chance: '{"Statement":' * 5_000,
        lambda text, chance: "9" * 10_000,
    ),
]  # fmt: skip


def _malformed(good: dict[str, Any], chance: random.Random) -> str:
    document = chance.choice(_DAMAGES)(json.loads(json.dumps(good)), chance)
    return document if isinstance(document, str) and document else json.dumps(document)


def _mutilated(good: dict[str, Any], chance: random.Random) -> str:
    """Some characters lost, doubled or replaced; perhaps still a policy."""
    letters = list(json.dumps(good))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(letters))
        change = chance.randrange(3)
        if change == 0:
            del letters[at : at + chance.randint(1, 12)]
        elif change == 1:
            letters[at:at] = chance.choice(['"', "{", "}", "[", "]", ",", ":", "\\", "${", "*"])
        else:
            letters[at] = chr(chance.randrange(0x20, 0x100))
        letters = letters or ["{"]
    return "".join(letters)


def _allowing(**more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", **more}]}


@pytest.fixture
def takers(aws: Aws, make_zip: Any) -> dict[str, tuple[dict[str, Any], Any, Any]]:
    """By operation: a good document, what sends one, and what shows which are kept."""
    iam, functions = aws("iam"), aws("lambda")
    iam.create_user(UserName="ann")
    iam.create_role(RoleName="r1", AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = functions.create_function(
        FunctionName="f",
        Role=execution_role(functions),
        Runtime="python3.11",
        Handler="f.f",
        Code={"ZipFile": make_zip({"f.py": "f = print"})},
    )["FunctionArn"]
    names = iter(range(10**6))

    def create_policy(text: str) -> None:
        iam.create_policy(PolicyName=f"p{next(names)}", PolicyDocument=text)

    def policy_of_function() -> Any:
        try:
            return functions.get_policy(FunctionName="f")["Policy"]
        except functions.exceptions.ResourceNotFoundException:
            return []

    to_all = _allowing(Resource="*")
    return {
        "PutUserPolicy": (
            to_all,
            lambda text: iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=text),
            lambda: iam.list_user_policies(UserName="ann")["PolicyNames"],
        ),
        "PutRolePolicy": (
            to_all,
            lambda text: iam.put_role_policy(RoleName="r1", PolicyName="p", PolicyDocument=text),
            lambda: iam.list_role_policies(RoleName="r1")["PolicyNames"],
        ),
        "CreatePolicy": (
            to_all,
            create_policy,
            lambda: iam.list_policies(Scope="Local")["Policies"],
        ),
        "UpdateAssumeRolePolicy": (
            _allowing(Principal={"AWS": "*"}) | {"Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]},
            lambda text: iam.update_assume_role_policy(RoleName="r1", PolicyDocument=text),
            lambda: [
                each
                for each in [iam.get_role(RoleName="r1")["Role"]["AssumeRolePolicyDocument"]]
                if each != TRUST
            ],
        ),
        "PutResourcePolicy": (
            {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": arn,
                 "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}]},
            lambda text: functions.put_resource_policy(ResourceArn=arn, Policy=text),
            policy_of_function,
        ),
    }  # fmt: skip


OPERATIONS = [
    "PutUserPolicy",
    "PutRolePolicy",
    "CreatePolicy",
    "UpdateAssumeRolePolicy",
    "PutResourcePolicy",
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_documents_that_are_no_policies_are_refused(takers: Any, operation: str) -> None:
    good, put, kept = takers[operation]
    chance = random.Random(f"{SEED}{operation}")
    for _ in range(DOCUMENTS):
        text = _malformed(good, chance)
        with pytest.raises(ClientError) as refused:
            put(text)
        answer = refused.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400, text
        assert answer["Error"]["Code"] in REFUSALS, text
        assert answer["Error"]["Message"]
    assert kept() == []
    put(json.dumps(good))
    assert kept() != []


def _status_of(put: Callable[[str], Any], text: str) -> int:
    try:
        put(text)
    except ClientError as refused:
        return int(refused.response["ResponseMetadata"]["HTTPStatusCode"])
    return 200


@pytest.mark.parametrize("operation", OPERATIONS)
def test_mutilated_documents_are_refused_or_kept_as_they_are(takers: Any, operation: str) -> None:
    good, put, _ = takers[operation]
    good["Statement"][0]["Effect"] = "Deny"
    chance = random.Random(f"{SEED}{operation}")
    statuses = []
    for _ in range(DOCUMENTS):
        text = _mutilated(good, chance)
        status = _status_of(put, text)
        assert status in {200, 400, 409}, text
        assert status != 200 or json.loads(text)["Statement"]
        statuses.append(status)
    refusals = len(statuses) - statuses.count(200)
    assert refusals > DOCUMENTS / 2


def test_who_was_given_no_policy_may_nothing(aws: Aws, takers: Any) -> None:
    good, put, _ = takers["PutUserPolicy"]
    key = aws("iam").create_access_key(UserName="ann")["AccessKey"]
    ann = aws(
        "iam",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    chance = random.Random(SEED)
    for _ in range(DOCUMENTS // 4):
        with pytest.raises(ClientError):
            put(_malformed(good, chance))
        with pytest.raises(ClientError, match="AccessDenied"):
            ann.list_users()
    put(json.dumps(good))
    assert ann.list_users()["Users"]

"""What policies do to requests, asked by boto3: the engine behind a real server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lambent.core.clock import SystemClock
from lambent.core.context import Principal
from lambent.core.ports import Credential, NamedPolicy, PolicySet
from lambent.core.service import read, waits, write
from lambent.gateway.pipeline import Gateway
from lambent.policy.decisions import Decisions
from lambent.protocol.routing import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT, OTHER = "111122223333", "444455556666"
ARN = f"arn:aws:iam::{ACCOUNT}:user/ci"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:"
FAR = f"arn:aws:lambda:eu-west-1:{OTHER}:function:f"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
USER = Principal("user", ACCOUNT, ARN, "AIDACI", "AKIDUSER")
Statement = dict[str, Any]


def allow(action: Any, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


class Keyring:
    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        return Credential(access_key_id, "secret", USER)


class Policies:
    """The user's policies, which may change."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.moves = 0

    def policies(self, principal: Principal) -> PolicySet:
        text = json.dumps({"Version": "2012-10-17", "Statement": self.statements})
        return PolicySet((NamedPolicy("user/ci/p", text),) if self.statements else ())

    def tags(self, principal: Principal) -> Mapping[str, str]:
        return {"team": "red"}

    def generation(self, account_id: str) -> int:
        return self.moves

    def change(self, *statements: Statement) -> None:
        self.statements, self.moves = list(statements), self.moves + 1


class Functions:
    """Tags and policies of functions."""

    held: tuple[NamedPolicy, ...] = ()

    def policies(self, arn: str) -> tuple[NamedPolicy, ...]:
        return self.held if arn == FAR else ()

    def tags(self, arn: str) -> Mapping[str, str]:
        return {"team": "red"} if arn.endswith(":red") else {}

    def keys(self, arn: str) -> Mapping[str, tuple[str, ...]]:
        return {}

    def full_arn(self, arn: str) -> str:
        return arn

    def generation(self, account_id: str) -> int:
        return 0


class Service:
    """Answers everything, and says for which account."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.accounts: list[str] = []
        self.operations = {
            "CreateFunction": write(self.answer),
            "GetFunction": read(self.answer),
            "Invoke": waits(self.wait),
            "ListFunctions": read(self.answer),
            "TagResource": write(self.answer),
            "ListUsers": read(self.answer),
            "GetCallerIdentity": read(self.answer),
        }

    def answer(self, tx: Any, context: Any, request: Any) -> Any:
        self.accounts.append(context.scope.account_id)
        return {}

    async def wait(self, context: Any, request: Any) -> Any:
        return self.answer(None, context, request)


class Database:
    async def read(self, fn: Any) -> Any:
        return fn(None)

    async def write(self, fn: Any) -> Any:
        return fn(None)


class Bench:
    """A gateway, and who may do what behind it."""

    def __init__(self, serving: Any, run: Any) -> None:
        self.policies, self.functions = Policies(), Functions()
        self.services = {name: Service(name) for name in ("lambda", "iam", "sts")}
        self._serving, self._run = serving, run
        decisions = Decisions(self.policies)
        decisions.add_resources("lambda", self.functions)
        self._gateway = Gateway(
            router=Router(["lambda", "iam", "sts"]),
            services=list(self.services.values()),
            doors=[],
            credentials=Keyring(),
            database=Database(),
            clock=SystemClock(),
            default_region="eu-west-1",
            account_id=ACCOUNT,
            decisions=decisions,
        )

    def refusal(self, operation: str, service: str = "lambda", **request: Any) -> Any:
        """Status, code and message; None where the request was let through."""

        async def main() -> Any:
            async with self._serving(self._gateway.handle) as it:
                make: Any = boto3.client
                client = make(
                    service,
                    endpoint_url=f"http://{it.host}:{it.port}",
                    region_name="eu-west-1",
                    aws_access_key_id="AKIDUSER",
                    aws_secret_access_key="secret",
                    config=Config(retries={"total_max_attempts": 1}),
                )
                return await asyncio.to_thread(_error, getattr(client, operation), request)

        return self._run(main())


def _error(call: Any, request: Any) -> Any:
    try:
        call(**request)
    except ClientError as error:
        answer: Any = error.response
        return (
            answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Error"]["Code"],
            answer["Error"].get("Message"),
        )
    return None


@pytest.fixture
def bench(serving: Any, run: Any) -> Bench:
    return Bench(serving, run)


def denied(action: str, resource: str, why: str = "") -> str:
    why = why or f"because no identity-based policy allows the {action} action"
    return f"User: {ARN} is not authorized to perform: {action} on resource: {resource} {why}"


def test_a_user_may_do_what_its_policy_says_and_nothing_else(bench: Bench) -> None:
    bench.policies.change(allow("lambda:GetFunction", f"{FUNCTION}f"))
    assert bench.refusal("get_function", FunctionName="f") is None
    for operation, request, action, resource in (
        ("get_function", {"FunctionName": "g"}, "lambda:GetFunction", f"{FUNCTION}g"),
        ("get_function", {"FunctionName": "f:1"}, "lambda:GetFunction", f"{FUNCTION}f:1"),
        ("invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", f"{FUNCTION}f"),
        ("list_functions", {}, "lambda:ListFunctions", "*"),
    ):
        found = bench.refusal(operation, **request)
        assert found == (403, "AccessDeniedException", denied(action, resource))
    users = bench.refusal("list_users", "iam")
    assert users == (403, "AccessDenied", denied("iam:ListUsers", f"arn:aws:iam::{ACCOUNT}:user/"))
    assert bench.refusal("get_caller_identity", "sts") is None


def test_a_change_of_policy_counts_at_once(bench: Bench) -> None:
    bench.policies.change(allow("lambda:*"))
    assert bench.refusal("invoke", FunctionName="f") is None
    bench.policies.change(allow("lambda:*"), {**allow("lambda:Invoke*"), "Effect": "Deny"})
    found = bench.refusal("invoke", FunctionName="f")
    why = "with an explicit deny in an identity-based policy"
    assert found[2] == denied("lambda:InvokeFunction", f"{FUNCTION}f", why)


def test_creating_a_function_needs_its_role_passed(bench: Bench) -> None:
    request: dict[str, Any] = {
        "FunctionName": "f",
        "Role": ROLE,
        "Code": {"ZipFile": b"x"},
        "Runtime": "python3.12",
        "Handler": "h",
    }
    bench.policies.change(allow("lambda:CreateFunction"))
    found = bench.refusal("create_function", **request)
    assert found[2] == denied("iam:PassRole", ROLE)
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    bench.policies.change(
        allow("lambda:CreateFunction"), allow("iam:PassRole", ROLE, Condition=to_lambda)
    )
    assert bench.refusal("create_function", **request) is None
    tagged = bench.refusal("create_function", **request, Tags={"a": "b"})
    assert tagged[2] == denied("lambda:TagResource", f"{FUNCTION}f")


@pytest.mark.parametrize(
    ("condition", "request_", "passes"),
    [
        ({"StringEquals": {"aws:RequestTag/env": "dev"}}, {"env": "dev"}, True),
        ({"StringEquals": {"aws:RequestTag/env": "dev"}}, {"env": "prod"}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["env"]}}, {"env": "x"}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["env"]}}, {"env": "x", "y": "z"}, False),
        ({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}, {"a": "b"}, True),
        ({"StringEquals": {"aws:ResourceTag/team": "blue"}}, {"a": "b"}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {"a": "b"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"a": "b"}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"a": "b"}, False),
        ({"StringLike": {"aws:UserAgent": "Boto3/*"}}, {"a": "b"}, True),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, {"a": "b"}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2024-01-01"}}, {"a": "b"}, True),
        ({"NumericLessThan": {"aws:EpochTime": "1700000000"}}, {"a": "b"}, False),
        ({"StringEquals": {"aws:username": "ci", "aws:userid": "AIDACI"}}, {"a": "b"}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/c*"}}, {"a": "b"}, True),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, {"a": "b"}, True),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, {"a": "b"}, True),
        ({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, {"a": "b"}, True),
        ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, {"a": "b"}, True),
    ],
)  # fmt: skip
def test_condition_keys_of_a_request(
    bench: Bench, condition: Any, request_: dict[str, str], passes: bool
) -> None:
    bench.policies.change(allow("lambda:TagResource", Condition=condition))
    found = bench.refusal("tag_resource", Resource=f"{FUNCTION}red", Tags=request_)
    assert (found is None) is passes


def test_a_function_of_another_account_opens_by_its_own_policy(bench: Bench) -> None:
    bench.policies.change(allow("lambda:*"))
    found = bench.refusal("invoke", FunctionName=FAR)
    why = "because no resource-based policy allows the lambda:InvokeFunction action"
    assert found == (403, "AccessDeniedException", denied("lambda:InvokeFunction", FAR, why))
    opened = allow("lambda:InvokeFunction", FAR, Principal={"AWS": ACCOUNT})
    bench.functions.held = (NamedPolicy(FAR, json.dumps({"Statement": opened})),)
    bench.policies.moves += 1
    assert bench.refusal("invoke", FunctionName=FAR) is None
    assert bench.services["lambda"].accounts == [OTHER]
    silent = bench.refusal("get_function", FunctionName=FAR)
    assert silent[:2] == (403, "AccessDeniedException")
    assert "not authorized" not in str(silent[2])

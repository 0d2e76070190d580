"""What IAM holds in memory for whoever decides: whose policies and tags, after a change and after a restart."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lambent.core.clock import VirtualClock
from lambent.core.context import Principal, RequestContext, Scope, Session
from lambent.core.http import BytesBody, Headers, Request
from lambent.services.iam.service import IamService
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ACCOUNT = "123456789012"
ALLOW = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
TRUST = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":'
    '"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}'
)
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


class Bench:
    """IAM on a real database, called without a gateway by the account's root."""

    def __init__(self, service: IamService, database: SqliteDatabase, clock: VirtualClock) -> None:
        self.service, self._database, self._clock = service, database, clock
        self.directory = service.directory

    async def call(self, operation: str, **request: Any) -> Any:
        root = Principal("root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
        http = Request("POST", "/", "", Headers([]), BytesBody(b""))
        now = self._clock.calendar()
        scope = Scope(ACCOUNT, "eu-west-1")
        context = RequestContext("id", "iam", operation, scope, root, now, http)
        found = self.service.operations[operation]
        run = self._database.write if found.kind == "write" else self._database.read
        return await run(lambda tx: found.run(tx, context, request))


@asynccontextmanager
async def bench(data_dir: Path) -> AsyncIterator[Bench]:
    database, clock = SqliteDatabase(data_dir / "lambent.db"), VirtualClock()
    await database.open()
    try:
        service = IamService(database, clock)
        await service.start()
        await service.accounts.ensure(ACCOUNT)
        yield Bench(service, database, clock)
    finally:
        await database.close()


def test_a_users_policies_are_its_own_and_its_groups(tmp_path: Path) -> None:
    async def run() -> None:
        async with bench(tmp_path) as it:
            user = (await it.call("CreateUser", UserName="U", Path="/p/"))["User"]
            principal = Principal("user", ACCOUNT, user["Arn"], user["UserId"])
            assert it.directory.policies(principal).identity == ()
            before = it.directory.generation(ACCOUNT)
            await it.call("PutUserPolicy", UserName="u", PolicyName="own", PolicyDocument=ALLOW)
            assert it.directory.generation(ACCOUNT) > before
            await it.call("CreateGroup", GroupName="G")
            await it.call("AddUserToGroup", GroupName="g", UserName="u")
            await it.call("AttachGroupPolicy", GroupName="G", PolicyArn=BASIC)
            made = await it.call("CreatePolicy", PolicyName="b", PolicyDocument=ALLOW)
            arn = made["Policy"]["Arn"]
            await it.call("PutUserPermissionsBoundary", UserName="U", PermissionsBoundary=arn)
        async with bench(tmp_path) as it:
            found = it.directory.policies(principal)
            assert [each.name for each in found.identity] == ["user/U/own", BASIC]
            assert found.identity[0].document == ALLOW
            assert found.boundary is not None
            assert (found.boundary.name, found.session) == (arn, None)
            await it.call("UpdateGroup", GroupName="G", NewGroupName="H")
            assert it.directory.policies(principal) == found
            await it.call("RemoveUserFromGroup", GroupName="H", UserName="U")
            assert [each.name for each in it.directory.policies(principal).identity] == [
                "user/U/own"
            ]

    asyncio.run(run())


def test_the_default_version_of_a_policy_is_in_force(tmp_path: Path) -> None:
    async def run() -> None:
        async with bench(tmp_path) as it:
            made = await it.call("CreatePolicy", PolicyName="p", PolicyDocument=ALLOW)
            arn = made["Policy"]["Arn"]
            denies = ALLOW.replace("Allow", "Deny")
            await it.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=denies)
            first = it.directory.managed_policy(ACCOUNT, arn)
            await it.call("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v2")
            second = it.directory.managed_policy(ACCOUNT, arn)
            assert first is not None
            assert second is not None
            assert (first.document, second.document) == (ALLOW, denies)
            assert it.directory.managed_policy("999999999999", arn) is None

    asyncio.run(run())


def test_a_session_has_the_policies_of_its_role_while_it_is_the_same_role(tmp_path: Path) -> None:
    async def run() -> None:
        async with bench(tmp_path) as it:
            request = {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}
            role = (await it.call("CreateRole", **request, Tags=[{"Key": "K", "Value": "1"}]))[
                "Role"
            ]
            await it.call("PutRolePolicy", RoleName="r", PolicyName="i", PolicyDocument=ALLOW)
            session = Session("s", role["Arn"], role["RoleId"], 0, 1, tags=(("k", "2"),))
            principal = Principal("assumed-role", ACCOUNT, "arn", "id", session=session)
            assert [each.name for each in it.directory.policies(principal).identity] == ["role/r/i"]
            assert it.directory.tags(principal) == {"k": "2"}
            assert it.directory.is_there(session)
            await it.call("DeleteRolePolicy", RoleName="r", PolicyName="i")
            await it.call("DeleteRole", RoleName="r")
            await it.call("CreateRole", **request)
            assert not it.directory.is_there(session)
            assert it.directory.policies(principal).identity == ()

    asyncio.run(run())


def test_what_a_request_names_without_its_path_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with bench(tmp_path) as it:
            await it.call("CreateUser", UserName="u", Path="/p/")
            resources = it.service.resources
            short = f"arn:aws:iam::{ACCOUNT}:user/U"
            assert resources.full_arn(short) == f"arn:aws:iam::{ACCOUNT}:user/p/u"
            assert resources.full_arn(f"{short}-none") == f"{short}-none"
            url = "https://oidc.example.com/id/X"
            tags = [{"Key": "k", "Value": "v"}]
            made = await it.call("CreateOpenIDConnectProvider", Url=url, Tags=tags)
            assert resources.tags(made["OpenIDConnectProviderArn"]) == {"k": "v"}
            await it.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
            (trust,) = resources.policies(f"arn:aws:iam::{ACCOUNT}:role/r")
            assert trust.document == TRUST

    asyncio.run(run())

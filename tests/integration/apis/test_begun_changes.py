"""What an address leads to is in memory, and its function is warm: changes hold for the next request all the same."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.apis.conftest import answer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.apis.conftest import Answer, Api, Tenant

    # Sends a request for a path on a connection that is kept: the short way, while the function is warm.
    Ask = Callable[..., Answer]

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(60)]

SAYS = "def run(event, context): return {{'statusCode': 200, 'body': '{}'}}"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/c"
ASSUMED = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "apigateway.amazonaws.com"},
    },
}
INVOKES = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"},
}


@contextmanager
def asking(api: Api) -> Iterator[Ask]:
    with api.tenant.connected() as connection:

        def ask(host: str = "", target: bytes = b"/a") -> Answer:
            head = api.head(target)
            connection.sendall(head.replace(api.host.encode(), host.encode()) if host else head)
            got = b""
            while b"\r\n\r\n" not in got or len(answer_of(got).body) < int(
                answer_of(got).headers["content-length"]
            ):
                got += connection.recv(65_536)
            return answer_of(got)

        yield ask


def integrate(api: Api, arn: str, role: str = "") -> None:
    """Have all paths lead to another function, or have it called in another name, and deploy that."""
    tenant = api.tenant
    if api.kind == "http":
        for each in tenant.http.get_integrations(ApiId=api.id)["Items"]:
            tenant.http.update_integration(
                ApiId=api.id,
                IntegrationId=each["IntegrationId"],
                IntegrationUri=arn,
                CredentialsArn=role,
            )
        return
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    for each in tenant.rest.get_resources(restApiId=api.id)["items"]:
        credentials = {"credentials": role} if role else {}
        tenant.rest.put_integration(
            restApiId=api.id,
            resourceId=each["id"],
            httpMethod="ANY",
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=uri,
            **credentials,
        )
    tenant.rest.create_deployment(restApiId=api.id, stageName="prod")


def permit(tenant: Tenant, name: str = "f", **qualifier: str) -> None:
    tenant.lambda_.add_permission(
        FunctionName=name,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        **qualifier,
    )


def variable(api: Api, name: str, value: str) -> None:
    if api.kind == "http":
        api.tenant.http.update_stage(ApiId=api.id, StageName="prod", StageVariables={name: value})
        return
    change = {"op": "replace", "path": f"/variables/{name}", "value": value}
    api.tenant.rest.update_stage(restApiId=api.id, stageName="prod", patchOperations=[change])


def test_permissions(tenant: Tenant, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", SAYS.format("f")))
    with asking(api) as ask:
        for _ in range(2):
            assert [ask().status for _ in range(3)] == [200] * 3
            tenant.lambda_.remove_permission(FunctionName="f", StatementId="s")
            assert ask().status == 500
            permit(tenant)
        assert ask().status == 200


def test_limits(tenant: Tenant, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", SAYS.format("f")))
    with asking(api) as ask:
        assert [ask().status for _ in range(2)] == [200] * 2
        tenant.lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
        assert ask().status == (500 if kind == "rest" else 503)
        tenant.lambda_.delete_function_concurrency(FunctionName="f")
        assert ask().status == 200


def test_deployments(tenant: Tenant, kind: str) -> None:
    f, g = (tenant.function(name, SAYS.format(name)) for name in "fg")
    api = tenant.api(kind, f)
    with asking(api) as ask:
        for arn, said in ((f, b"f"), (g, b"g"), (f, b"f")):
            integrate(api, arn)
            assert [ask().body for _ in range(2)] == [said] * 2


def test_stage_variables(tenant: Tenant, kind: str) -> None:
    arn = tenant.function("f", SAYS.format("f"))
    tenant.function("g", SAYS.format("g"))
    api = tenant.api(kind, arn)
    variable(api, "name", "f")
    integrate(api, arn.removesuffix("f") + "${stageVariables.name}")
    with asking(api) as ask:
        for name in "fgf":
            variable(api, "name", name)
            assert [ask().body for _ in range(2)] == [name.encode()] * 2


def test_aliases(tenant: Tenant, kind: str) -> None:
    arn = tenant.function("f", SAYS.format("1"))
    versions = [tenant.lambda_.publish_version(FunctionName="f")["Version"]]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("handler.py", SAYS.format("2"))
    tenant.lambda_.update_function_code(FunctionName="f", ZipFile=archive.getvalue())
    tenant.lambda_.get_waiter("function_updated_v2").wait(FunctionName="f")
    versions.append(tenant.lambda_.publish_version(FunctionName="f")["Version"])
    tenant.lambda_.create_alias(FunctionName="f", Name="live", FunctionVersion=versions[0])
    permit(tenant, Qualifier="live")
    api = tenant.api(kind, f"{arn}:live")
    with asking(api) as ask:
        for version in (*versions, versions[0]):
            tenant.lambda_.update_alias(FunctionName="f", Name="live", FunctionVersion=version)
            assert [ask().body for _ in range(2)] == [version.encode()] * 2
        tenant.lambda_.delete_alias(FunctionName="f", Name="live")
        assert ask().status == 500


def test_functions_that_come_again(tenant: Tenant, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", SAYS.format("old")))
    with asking(api) as ask:
        assert [ask().body for _ in range(2)] == [b"old"] * 2
        tenant.lambda_.delete_function(FunctionName="f")
        assert ask().status == 500
        tenant.function("f", SAYS.format("new"))
        assert [ask().body for _ in range(2)] == [b"new"] * 2


def test_roles_that_a_function_is_called_with(tenant: Tenant, kind: str) -> None:
    f = tenant.function("f", SAYS.format("f"))
    api = tenant.api(kind, f)
    made = {"RoleName": "caller", "AssumeRolePolicyDocument": json.dumps(ASSUMED)}
    role = tenant.iam.create_role(**made)["Role"]["Arn"]
    grant = {"RoleName": "caller", "PolicyName": "p", "PolicyDocument": json.dumps(INVOKES)}
    integrate(api, f, role)
    with asking(api) as ask:
        assert ask().status == 500
        tenant.iam.put_role_policy(**grant)
        assert [ask().status for _ in range(2)] == [200] * 2
        tenant.iam.delete_role_policy(RoleName="caller", PolicyName="p")
        assert ask().status == 500
        tenant.iam.delete_role(RoleName="caller")
        assert ask().status == 500
        tenant.iam.create_role(**made)
        assert ask().status == 500
        tenant.iam.put_role_policy(**grant)
        assert [ask().status for _ in range(2)] == [200] * 2


def test_domain_names_and_their_mappings(tenant: Tenant, kind: str) -> None:
    apis = [tenant.api(kind, tenant.function(name, SAYS.format(name))) for name in "fg"]
    name = f"moved-{tenant.id}.example.com"
    configurations = [{"CertificateArn": CERTIFICATE}]
    tenant.http.create_domain_name(DomainName=name, DomainNameConfigurations=configurations)
    mapping = tenant.http.create_api_mapping(DomainName=name, ApiId=apis[0].id, Stage="prod")
    place = {"DomainName": name, "ApiMappingId": mapping["ApiMappingId"]}
    with asking(apis[0]) as ask:
        for number in (0, 1, 0):
            tenant.http.update_api_mapping(**place, ApiId=apis[number].id, Stage="prod")
            assert [ask(name).body for _ in range(2)] == [b"fg"[number : number + 1]] * 2
        tenant.http.delete_api_mapping(**place)
        assert ask(name).status in (403, 404)
        tenant.http.create_api_mapping(DomainName=name, ApiId=apis[1].id, Stage="prod")
        assert ask(name).body == b"g"
        tenant.http.delete_domain_name(DomainName=name)
        assert ask(name).body != b"g"


def test_endpoints_that_are_closed(tenant: Tenant, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", SAYS.format("f")))

    def close(is_closed: bool) -> None:
        if kind == "http":
            tenant.http.update_api(ApiId=api.id, DisableExecuteApiEndpoint=is_closed)
            return
        path, value = "/disableExecuteApiEndpoint", str(is_closed).lower()
        change = {"op": "replace", "path": path, "value": value}
        tenant.rest.update_rest_api(restApiId=api.id, patchOperations=[change])
        tenant.rest.create_deployment(restApiId=api.id, stageName="prod")

    with asking(api) as ask:
        assert [ask().status for _ in range(2)] == [200] * 2
        close(True)
        assert ask().status in (403, 404)
        close(False)
        assert ask().status == 200


def test_stages_that_come_again(tenant: Tenant, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", SAYS.format("f")))
    with asking(api) as ask:
        for _ in range(2):
            assert [ask().status for _ in range(2)] == [200] * 2
            api.delete_stage()
            assert ask().status in (403, 404)
            if kind == "http":
                tenant.http.create_stage(ApiId=api.id, StageName="prod", AutoDeploy=True)
            else:
                tenant.rest.create_deployment(restApiId=api.id, stageName="prod")
        assert ask().status == 200
        api.delete()
        assert ask().status == 403


def test_guards_that_come_and_go(tenant: Tenant, kind: str) -> None:
    """Which guards have a say is found out once for each deployment."""
    api = tenant.api(kind, tenant.function("f", SAYS.format("f")))

    def guard(kind_of_guard: str) -> None:
        if kind == "http":
            for each in tenant.http.get_routes(ApiId=api.id)["Items"]:
                tenant.http.update_route(
                    ApiId=api.id, RouteId=each["RouteId"], AuthorizationType=kind_of_guard
                )
            return
        change = {"op": "replace", "path": "/authorizationType", "value": kind_of_guard}
        for each in tenant.rest.get_resources(restApiId=api.id)["items"]:
            tenant.rest.update_method(
                restApiId=api.id,
                resourceId=each["id"],
                httpMethod="ANY",
                patchOperations=[change],
            )
        tenant.rest.create_deployment(restApiId=api.id, stageName="prod")

    with asking(api) as ask:
        for _ in range(2):
            assert [ask().status for _ in range(2)] == [200] * 2
            guard("AWS_IAM")
            assert [ask().status for _ in range(2)] == [403] * 2
            guard("NONE")
        assert ask().status == 200


def test_throttles_that_come_and_go(tenant: Tenant, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", SAYS.format("f")))

    def throttle(rate: float) -> None:
        if kind == "http":
            settings = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": 1}
            tenant.http.update_stage(ApiId=api.id, StageName="prod", DefaultRouteSettings=settings)
            return
        changes: list[Any] = [
            {"op": "replace", "path": f"/*/*/throttling/{name}", "value": value}
            for name, value in (("rateLimit", str(rate)), ("burstLimit", "1"))
        ]
        tenant.rest.update_stage(restApiId=api.id, stageName="prod", patchOperations=changes)

    with asking(api) as ask:
        assert [ask().status for _ in range(2)] == [200] * 2
        throttle(0.001)
        assert [ask().status for _ in range(3)] == [200, 429, 429]
        throttle(10_000)
        assert ask().status == 200

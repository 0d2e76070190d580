"""Custom domain names lead to APIs, and to nothing that is the platform's or another account's."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

ECHO = "def run(event, context): return {'statusCode': 200, 'headers': {'X-Echo': '1'}, 'body': ''}"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/c"


def _create(tenant: Any, kind: str, name: str) -> None:
    if kind == "http":
        tenant.http.create_domain_name(
            DomainName=name, DomainNameConfigurations=[{"CertificateArn": CERTIFICATE}]
        )
    else:
        tenant.rest.create_domain_name(
            domainName=name,
            regionalCertificateArn=CERTIFICATE,
            endpointConfiguration={"types": ["REGIONAL"]},
        )


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "10.1.2.3",
        "example.123",
        "amazonaws.com",
        "lambda.us-east-1.amazonaws.com",
        "*.amazonaws.com",
        "STS.Amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn",
        "abc.lambda-url.us-east-1.on.aws",
        "sqs.us-east-1.api.aws",
        "localhost",
        "execute-api.localhost",
        "*.execute-api.localhost",
        "x.lambda-url.us-east-1.localhost",
        "a..example.com",
        "-a.example.com",
        "a.example.com.",
        "a/b.example.com",
        "a.example.com:80",
        "*",
        "*.*.example.com",
        "a" * 64 + ".example.com",
        ".".join(["a" * 60] * 5),
    ],
)
def test_names_that_are_the_platforms_are_nobodys(tenant: Any, kind: str, name: str) -> None:
    client = tenant.http if kind == "http" else tenant.rest
    with pytest.raises(
        client.exceptions.BadRequestException, match=r"Invalid domain name|Trailing period"
    ):
        _create(tenant, kind, name)


def test_names_are_taken_by_one_account_whatever_their_case(tenant: Any, kind: str) -> None:
    name = f"taken-{tenant.id}.example.com"
    _create(tenant, kind, name)
    client = tenant.http if kind == "http" else tenant.rest
    with pytest.raises(client.exceptions.BadRequestException, match="already exists"):
        _create(tenant, kind, name.upper())


def test_requests_that_are_signed_for_a_service_are_that_services(tenant: Any, kind: str) -> None:
    """A name that the platform is known by to its clients may be taken without anybody's doing: none of their signed
    requests must reach the API.
    """
    api = tenant.api(kind, tenant.function("f", ECHO))
    name = f"lambent-{tenant.id}.example.com"
    _create(tenant, kind, name)
    if kind == "http":
        tenant.http.create_api_mapping(DomainName=name, ApiId=api.id, Stage="prod")
    else:
        tenant.rest.create_base_path_mapping(domainName=name, restApiId=api.id, stage="prod")
    api.host = name
    for service, is_the_apis in ((b"execute-api", True), (b"sts", False), (b"s3", False)):
        scope = b"AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/" + service + b"/aws4_request"
        signed = b"Authorization: AWS4-HMAC-SHA256 Credential=" + scope
        presigned = b"/a?X-Amz-Credential=" + scope.replace(b"/", b"%2F")
        for answer in (api.call(b"/a", signed), api.call(presigned)):
            assert ("x-echo" in answer.headers) is is_the_apis, service
    assert "x-echo" in api.call(b"/a?X-Amz-Credential=strange").headers
    assert "x-echo" in api.call(b"/a").headers

    keys = tenant.lambda_._request_signer._credentials
    session = boto3.Session(keys.access_key, keys.secret_key, region_name="us-east-1")
    sts: Any = session.client("sts", endpoint_url=tenant.lambda_.meta.endpoint_url)

    def under_that_name(request: Any, **_: Any) -> None:
        request.headers["Host"] = name

    sts.meta.events.register("before-sign.sts.*", under_that_name)
    assert sts.get_caller_identity()["Account"] == tenant.id

"""The request pipeline behind a real server, asked by boto3 and by hand."""

from __future__ import annotations

import asyncio
import io
import urllib.request
from typing import Any, Literal

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Keys
from botocore.exceptions import ClientError

from lambent.core.clock import SystemClock
from lambent.core.context import Principal
from lambent.core.errors import ServiceError
from lambent.core.http import Response
from lambent.core.ports import Credential
from lambent.core.service import read, waits, write
from lambent.gateway.pipeline import Gateway
from lambent.protocol.routing import Router

ACCOUNT, REGION = "111122223333", "eu-central-1"
SECRETS = {"AKIDROOT": "root secret", "AKIDUSER": "user secret"}
MISMATCH = "The request signature we calculated does not match the signature you provided."


class Keyring:
    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        kind: Literal["root", "user"] = "root" if access_key_id == "AKIDROOT" else "user"
        arn = f"arn:aws:iam::{ACCOUNT}:{kind}"
        secret = SECRETS.get(access_key_id)
        if secret is None:
            return None
        principal = Principal(kind, ACCOUNT, arn, access_key_id=access_key_id)
        return Credential(access_key_id, secret, principal)


class Database:
    """Says which way an operation came."""

    async def read(self, fn: Any) -> Any:
        return fn("reading")

    async def write(self, fn: Any) -> Any:
        return fn("writing")


class Lambda:
    """Operations that show what reached them."""

    name = "lambda"

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.operations = {
            "GetFunction": read(self.get_function),
            "DeleteFunction": write(self.delete_function),
            "Invoke": waits(self.invoke),
            "GetAccountSettings": read(self.break_down),
            "GetAlias": read(self.refuse),
        }

    def get_function(self, tx: Any, context: Any, request: Any) -> Any:
        self.seen.append((tx, context, request))
        return {"Configuration": {"FunctionName": request["FunctionName"]}}

    def delete_function(self, tx: Any, context: Any, request: Any) -> None:
        self.seen.append((tx, context, request))

    async def invoke(self, context: Any, request: Any) -> Any:
        await asyncio.sleep(0)
        self.seen.append(("waiting", context, request))
        return {"StatusCode": 200, "Payload": request["Payload"]}

    def break_down(self, tx: Any, context: Any, request: Any) -> None:
        raise KeyError("the secret of the house")

    def refuse(self, tx: Any, context: Any, request: Any) -> None:
        raise ServiceError(
            "Cannot find alias",
            code="ResourceNotFoundException",
            status=404,
            members={"Type": "User"},
        )


class Bucket:
    """Keeps what is put into it."""

    name = "s3"

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.operations = {"PutObject": waits(self.put_object)}

    async def put_object(self, context: Any, request: Any) -> Any:
        await asyncio.sleep(0)
        self.seen.append(request["Body"])
        return {}


class Door:
    def matches(self, request: Any) -> Any:
        return request.path.startswith("/_door")

    async def handle(self, request: Any) -> Any:
        if request.path == "/_door/broken":
            raise KeyError("hinge")
        return Response(203, [], b"door")


ROUTER = Router(["lambda", "iam", "sts"])


@pytest.fixture
def service() -> Lambda:
    return Lambda()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def gateway(serving: Any, service: Any, bucket: Any) -> Any:
    """Serve a gateway; `auth` as in the settings."""

    def make(auth: Any = "iam", router: Any = ROUTER) -> Any:
        gateway = Gateway(
            router=router,
            services=[service, bucket],
            doors=[Door()],
            credentials=Keyring(),
            database=Database(),
            clock=SystemClock(),
            default_region=REGION,
            account_id="000000000000",
            auth=auth,
        )
        return serving(gateway.handle)

    return make


def client(
    it: Any,
    name: Any = "lambda",
    key: Any = "AKIDROOT",
    secret: Any = None,
    region: Any = "us-west-2",
) -> Any:
    return boto3.client(
        name,
        endpoint_url=f"http://{it.host}:{it.port}",
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret or SECRETS.get(key, "?"),
        config=Config(retries={"max_attempts": 0}, read_timeout=10),
    )


async def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        await asyncio.to_thread(call, **parameters)
    return raised.value.response


def sign(
    method: Any, url: Any, body: Any = b"", service: Any = "lambda", key: Any = "AKIDROOT"
) -> Any:
    request = AWSRequest(method, url, data=body)
    SigV4Auth(Keys(key, SECRETS[key]), service, "us-west-2").add_auth(request)
    return dict(request.headers)


@pytest.mark.parametrize(
    ("method", "tx"), [("get_function", "reading"), ("delete_function", "writing")]
)
def test_operation_gets_context_and_input(
    run: Any, gateway: Any, service: Any, method: Any, tx: Any
) -> None:
    async def main() -> None:
        async with gateway() as it:
            call = getattr(client(it), method)
            answer = await asyncio.to_thread(call, FunctionName="hello", Qualifier="3")
            (seen, context, document) = service.seen[0]
            assert (seen, document) == (tx, {"FunctionName": "hello", "Qualifier": "3"})
            assert context.scope.account_id == ACCOUNT
            assert context.scope.region == "us-west-2"
            assert context.principal.access_key_id == "AKIDROOT"
            assert context.endpoint == f"http://{it.host}:{it.port}"
            assert context.service == "lambda"
            assert answer["ResponseMetadata"]["RequestId"] == context.request_id
            assert context.http.headers.get("x-amz-date")

    run(main())


@pytest.mark.parametrize("size", [2, 200_000, 300_000, 6_291_456])
def test_payload_passes_unparsed_in_every_size(run: Any, gateway: Any, size: Any) -> None:
    payload = b'"' + b"x" * (size - 2) + b'"'

    async def main() -> None:
        async with gateway() as it:
            call = client(it).invoke
            answer = await asyncio.to_thread(call, FunctionName="f", Payload=payload)
            assert await asyncio.to_thread(answer["Payload"].read) == payload

    run(main())


def test_unimplemented_operation_names_itself(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            answer = await refusal(client(it).list_layers)
            assert answer["Error"]["Code"] == "NotImplementedException"
            assert "ListLayers" in answer["Error"]["Message"]
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
            answer = await refusal(client(it, "iam").list_users)
            assert "ListUsers" in answer["Error"]["Message"]
            assert answer["ResponseMetadata"]["RequestId"]

    run(main())


@pytest.mark.parametrize(
    ("name", "method", "codes"),
    [
        ("lambda", "list_functions", ("InvalidSignatureException", "UnrecognizedClientException")),
        ("iam", "list_users", ("SignatureDoesNotMatch", "InvalidClientTokenId")),
        ("sts", "get_caller_identity", ("SignatureDoesNotMatch", "InvalidClientTokenId")),
    ],
)
def test_wrong_secret_and_unknown_key_are_refused(
    run: Any, gateway: Any, name: Any, method: Any, codes: Any
) -> None:
    async def main() -> None:
        async with gateway() as it:
            wrong = await refusal(getattr(client(it, name, secret="wrong"), method))
            unknown = await refusal(getattr(client(it, name, key="AKIDNOBODY"), method))
            assert (wrong["Error"]["Code"], unknown["Error"]["Code"]) == codes
            assert wrong["Error"]["Message"].startswith(MISMATCH)
            for answer in (wrong, unknown):
                assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
                assert answer["ResponseMetadata"]["RequestId"]

    run(main())


def test_tampered_large_body_is_refused(run: Any, gateway: Any, service: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            wire = await it.connect()
            url = f"http://{it.host}:{it.port}/2015-03-31/functions/f/invocations"
            body = b"x" * 400_000
            for sent, status in ((body, 200), (body[:-1] + b"y", 403)):
                headers = {"Host": f"{it.host}:{it.port}", **sign("POST", url, body)}
                head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                wire.send(
                    f"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\n{head}"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + sent
                )
                assert (await wire.answer()).status == status
            assert len(service.seen) == 1

    run(main())


def test_presigned_url_is_served(run: Any, gateway: Any, service: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            url = client(it).generate_presigned_url("get_function", {"FunctionName": "signed"})

            def fetch(address: Any) -> Any:
                with urllib.request.urlopen(address) as answer:
                    return answer.status

            assert await asyncio.to_thread(fetch, url) == 200
            assert service.seen[0][2] == {"FunctionName": "signed"}
            with pytest.raises(urllib.error.HTTPError) as raised:
                await asyncio.to_thread(fetch, url.replace("/signed?", "/other?"))
            assert raised.value.code == 403
            raised.value.close()

    run(main())


@pytest.mark.parametrize(
    ("head", "status", "words"),
    [
        ("GET /2015-03-31/functions/f", 403, b"Missing Authentication Token"),
        (
            "GET /?Action=ListUsers&Version=2010-05-08",
            403,
            b"<Code>MissingAuthenticationToken</Code>",
        ),
        ("GET /no/such/thing", 404, b""),
    ],
)
def test_unsigned_request_is_refused_in_the_services_protocol(
    run: Any, gateway: Any, head: Any, status: Any, words: Any
) -> None:
    async def main() -> None:
        async with gateway() as it:
            wire = await it.connect()
            wire.send(f"{head} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            answer = await wire.answer()
            assert answer.status == status
            assert words in answer.body
            assert answer.get("x-amzn-requestid")

    run(main())


def test_unsigned_form_is_routed_by_its_body(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            wire = await it.connect()
            body = b"Action=GetCallerIdentity&Version=2011-06-15"
            wire.send(
                b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            answer = await wire.answer()
            assert answer.status == 403
            assert b"<Code>MissingAuthenticationToken</Code>" in answer.body

    run(main())


def test_malformed_signature_is_refused_in_the_protocol_it_hints_at(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            wire = await it.connect()
            wire.send(
                b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 16\r\nAuthorization: AWS4-HMAC-SHA256 "
                b"Credential=A/20260101/us-east-1/iam/aws4_request\r\n\r\nAction=ListUsers"
            )
            answer = await wire.answer()
            assert answer.status == 400
            assert b"<Code>IncompleteSignature</Code>" in answer.body
            assert b"&apos;Signature&apos;" in answer.body or b"'Signature'" in answer.body

    run(main())


def test_who_is_not_root_is_denied(run: Any, gateway: Any, service: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            answer = await refusal(client(it, key="AKIDUSER").get_function, FunctionName="f")
            assert answer["Error"]["Code"] == "AccessDeniedException"
            who = f"User: arn:aws:iam::{ACCOUNT}:user"
            words = f"{who} is not authorized to perform: lambda:GetFunction"
            assert words in answer["Error"]["Message"]
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
            assert service.seen == []

    run(main())


def test_error_of_an_operation_has_its_shape(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            answer = await refusal(client(it).get_alias, FunctionName="f", Name="a")
            assert answer["Error"] == {
                "Code": "ResourceNotFoundException",
                "Message": "Cannot find alias",
            }
            assert answer["Type"] == "User"

    run(main())


def test_input_that_breaks_the_model_is_refused(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            answer = await refusal(client(it).list_functions, MaxItems=20_000)
            assert answer["Error"]["Code"] == "ValidationException"
            assert answer["Error"]["Message"].startswith("1 validation error detected")

    run(main())


@pytest.mark.parametrize("path", ["/2016-08-19/account-settings", "/_door/broken"])
def test_unexpected_error_is_a_500_with_one_log_record(
    run: Any, gateway: Any, caplog: Any, path: Any
) -> None:
    async def main() -> None:
        async with gateway("open") as it:
            wire = await it.connect()
            wire.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            answer = await wire.answer()
            assert (answer.status, answer.get("x-amzn-errortype")) == (500, "InternalFailure")
            assert b"secret" not in answer.body
            (record,) = caplog.records
            assert record.request_id == answer.get("x-amzn-requestid")
            assert record.exc_info is not None

    run(main())


def test_door_comes_first_and_its_answer_gets_a_request_id(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            wire = await it.connect()
            wire.send(b"GET /_door HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = await wire.answer()
            assert (answer.status, answer.body) == (203, b"door")
            assert answer.get("x-amzn-requestid")

    run(main())


@pytest.mark.parametrize(
    ("path", "size", "name"),
    [
        ("/2015-03-31/functions", 70_167_211, "CreateFunction"),
        ("/2015-03-31/functions/f/invocations", 6_291_456, "InvokeFunction"),
    ],
)
def test_body_over_its_operations_limit_is_refused_before_it_is_sent(
    run: Any, gateway: Any, path: Any, size: Any, name: Any
) -> None:
    async def main() -> None:
        async with gateway() as it:
            wire = await it.connect()
            headers = sign("POST", f"http://h{path}")
            head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
            wire.send(
                f"POST {path} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n{head}"
                f"Content-Length: {size + 1}\r\n\r\n".encode()
            )
            answer = await wire.answer()
            assert answer.status == 413
            assert answer.get("x-amzn-errortype") == "RequestEntityTooLargeException"
            words = f"Request must be smaller than {size} bytes for the {name} operation"
            assert words.encode() in answer.body

    run(main())


def test_boto3_sees_the_413_of_a_body_that_it_sends_anyway(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            payload = io.BytesIO(bytes(9_000_000))
            answer = await refusal(client(it).invoke, FunctionName="f", Payload=payload)
            assert answer["Error"]["Code"] == "RequestEntityTooLargeException"

    run(main())


def test_malformed_chunk_is_the_servers_to_refuse(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            wire = await it.connect()
            wire.send(
                b"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: h\r\n"
                b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
            )
            answer = await wire.answer()
            assert answer.status == 400
            assert answer.get("x-amzn-requestid")

    run(main())


@pytest.mark.parametrize(
    ("host", "credential", "account", "region"),
    [
        ("h", "", "000000000000", REGION),
        ("lambda.ap-southeast-2.amazonaws.com:4566", "", "000000000000", "ap-southeast-2"),
        ("h", "AKIDROOT/20200101/us-east-2/lambda", ACCOUNT, "us-east-2"),
        ("h", "test/20200101/us-east-2/lambda", "000000000000", "us-east-2"),
    ],
)
def test_open_gateway_believes_what_it_is_told(
    run: Any, gateway: Any, service: Any, host: Any, credential: Any, account: Any, region: Any
) -> None:
    async def main() -> None:
        async with gateway("open") as it:
            wire = await it.connect()
            authorization = (
                f"Authorization: AWS4-HMAC-SHA256 Credential={credential}/aws4_request, "
                f"SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20200101T000000Z\r\n"
            )
            wire.send(
                f"GET /2015-03-31/functions/f HTTP/1.1\r\nHost: {host}\r\n"
                f"{authorization if credential else ''}\r\n".encode()
            )
            assert (await wire.answer()).status == 200
            scope = service.seen[0][1].scope
            assert (scope.account_id, scope.region) == (account, region)

    run(main())


@pytest.mark.parametrize(
    ("auth", "cut", "status"),
    [("iam", 0, 200), ("open", 0, 200), ("iam", 6, 400), ("open", 6, 400)],
)
def test_body_in_signed_chunks_is_unwrapped(
    run: Any, gateway: Any, bucket: Any, auth: Any, cut: Any, status: Any
) -> None:
    path = "/bucket/key"
    body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    body = body[:cut] if cut else body

    async def main() -> None:
        async with gateway(auth, Router(["s3"])) as it:
            request = AWSRequest("PUT", f"http://h{path}", data=body)
            request.headers["x-amz-decoded-content-length"] = "5"
            request.headers["X-Amz-Content-SHA256"] = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
            request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
            S3SigV4Auth(Keys("AKIDROOT", SECRETS["AKIDROOT"]), "s3", "us-west-2").add_auth(request)
            head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
            wire = await it.connect()
            wire.send(
                f"PUT {path} HTTP/1.1\r\nHost: h\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            answer = await wire.answer()
            assert answer.status == status
            assert bucket.seen == ([b"hello"] if status == 200 else [])

    run(main())


def test_anonymous_request_to_s3_is_denied_as_s3_does_it(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway(router=Router(["s3"])) as it:
            wire = await it.connect()
            wire.send(b"GET /bucket HTTP/1.1\r\nHost: s3.amazonaws.com\r\n\r\n")
            answer = await wire.answer()
            assert answer.status == 403
            assert b"<Code>AccessDenied</Code><Message>Access Denied</Message>" in answer.body
            assert answer.get("x-amz-request-id")

    run(main())


def test_query_service_denies_in_its_own_words(run: Any, gateway: Any) -> None:
    async def main() -> None:
        async with gateway() as it:
            answer = await refusal(client(it, "iam", key="AKIDUSER").list_users)
            assert answer["Error"]["Code"] == "AccessDenied"
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403

    run(main())

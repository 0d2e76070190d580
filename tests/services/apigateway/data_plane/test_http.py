"""HTTP and HTTP_PROXY integrations against a backend that speaks bytes."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import Principal
from lambent.services.apigateway.data_plane.trials import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "application/json"


class Backend:
    """Answers each connection with the same bytes, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.received: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.hangs = threading.Event()
        self.hangs.set()  # cleared: an answer is waited for in vain
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        got = b""
        connection.settimeout(10)
        while b"\r\n\r\n" not in got:
            piece = connection.recv(65_536)
            if not piece:
                return
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += connection.recv(65_536)
        self.received.append(head + b"\r\n\r\n" + body)
        self.hangs.wait(10)
        connection.sendall(self.answer)

    def close(self) -> None:
        self.hangs.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def backend() -> Iterator[Backend]:
    serving = Backend()
    yield serving
    serving.close()


@pytest.fixture
def http_proxy(backend: Backend) -> Any:
    """Makes methods with an HTTP_PROXY integration of the backend."""

    def method(path: str = "/", **members: Any) -> Any:
        uri = f"http://127.0.0.1:{backend.port}{path}"
        integration = {"type": "HTTP_PROXY", "httpMethod": "ANY", "uri": uri, **members}
        return {"methodIntegration": integration}

    return method


def test_proxy_hands_request_and_answer_on(account: Any, backend: Backend, http_proxy: Any) -> None:
    parameters = {
        "integration.request.path.proxy": "method.request.path.proxy",
        "integration.request.header.X-Static": "'s'",
        "integration.request.querystring.more": "context.stage",
    }
    method = http_proxy("/base/{proxy}", requestParameters=parameters)
    api = account.deploy({"ANY /{proxy+}": method})
    backend.answer = (
        b"HTTP/1.1 201 Made\r\nX-Own: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nServer: own\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes"
    )

    answer = account.call(api, "PUT", "/a/b%20c?q=1&q=2", b"body", {"X-Mine": "m"})

    assert (answer.status, answer.text) == (201, "yes")
    assert [value for name, value in answer.fields if name == "Set-Cookie"] == ["a", "b"]
    assert answer.headers["x-amzn-remapped-server"] == "own"
    assert answer.headers["content-type"] == "text/plain"
    head, _, body = backend.received[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "PUT /base/a/b%20c?q=1&q=2&more=prod HTTP/1.1"
    assert body == b"body"
    assert {"X-Mine: m", "X-Static: s", f"Host: 127.0.0.1:{backend.port}"} <= set(lines)
    assert f"x-amzn-apigateway-api-id: {api}" in lines


def test_redirects_are_handed_on(account: Any, backend: Backend, http_proxy: Any) -> None:
    backend.answer = (
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    )
    api = account.deploy({"GET /": http_proxy()})

    answer = account.call(api, "GET", "/")

    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")


def test_log_has_the_headers_of_both_ways(account: Any, backend: Backend, http_proxy: Any) -> None:
    """As in github.com/elastic/integrations/pull/4266."""
    backend.answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
    api = account.deploy({"GET /": http_proxy("/")})
    live = account.running.platform.stages.find_api(api).stages["prod"]
    caller = Principal("user", live.account_id, "arn:aws:iam::1:user/me", "AIDAME", "AKIAME")
    trial = Trial(
        live.account_id, live.region, api, live.snapshot, caller, headers=[("X-Mine", "m")]
    )

    answer = account.running.run(
        account.running.platform.rest_apis.trials.method(trial, "r0", "GET")
    )

    texts = [line.partition(" : ")[2] for line in answer["log"].splitlines()]
    sent = next(each for each in texts if each.startswith("Endpoint request headers: {"))
    assert "X-Mine=m" in sent
    assert f"User-Agent=AmazonAPIGateway_{api}" in sent
    assert "Endpoint response headers: {Content-Type=text/plain, Content-Length=2}" in texts


def test_mapped_answers_are_chosen_by_status(account: Any, backend: Backend, mapped: Any) -> None:
    backend.answer = b'HTTP/1.1 404 No\r\nX-Why: gone\r\nContent-Length: 8\r\n\r\n{"a": 1}'
    responses = {
        "200": {"statusCode": "200"},
        "410": {
            "statusCode": "410",
            "selectionPattern": "4\\d{2}",
            "responseParameters": {
                "method.response.header.X-W": "integration.response.header.X-Why"
            },
            "responseTemplates": {JSON: "$input.json('$.a')"},
        },
    }
    uri = f"http://127.0.0.1:{backend.port}/${{stageVariables.path}}"
    template = {JSON: "{\"got\": $input.json('$.x')}"}
    method = mapped("HTTP", responses, uri=uri, httpMethod="POST", requestTemplates=template)
    api = account.deploy({"POST /": method}, stage={"variables": {"path": "p"}})

    answer = account.call(api, "POST", "/", '{"x": [1]}')

    assert (answer.status, answer.text, answer.headers["x-w"]) == (410, "1", "gone")
    assert backend.received[0].startswith(b"POST /p HTTP/1.1\r\n")
    assert json.loads(backend.received[0].partition(b"\r\n\r\n")[2]) == {"got": [1]}


@pytest.mark.parametrize(
    ("kind", "accept", "handling", "body"),
    [
        ("text/plain", "text/plain", "", b"iVBORw=="),
        ("text/plain", "text/plain", "CONVERT_TO_BINARY", b"\x89PNG"),
        ("text/plain", "text/plain", "CONVERT_TO_TEXT", b"iVBORw=="),
        ("text/plain", "image/png", "", b"\x89PNG"),
        ("text/plain", "image/png", "CONVERT_TO_BINARY", b"\x89PNG"),
        ("text/plain", "image/png", "CONVERT_TO_TEXT", b"iVBORw=="),
        ("image/png", "text/plain", "", b"aVZCT1J3PT0="),
        ("image/png", "text/plain", "CONVERT_TO_BINARY", b"iVBORw=="),
        ("image/png", "text/plain", "CONVERT_TO_TEXT", b"aVZCT1J3PT0="),
        ("image/png", "image/png", "", b"iVBORw=="),
        ("image/png", "image/png", "CONVERT_TO_BINARY", b"iVBORw=="),
        ("image/png", "image/png", "CONVERT_TO_TEXT", b"aVZCT1J3PT0="),
    ],
)
def test_answers_are_converted(
    account: Any, backend: Backend, mapped: Any, kind: str, accept: str, handling: str, body: bytes
) -> None:
    """ "API Gateway response content type conversions" (developer guide)."""
    backend.answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 8\r\n\r\niVBORw==".encode()
    )
    response = {"statusCode": "200", **({"contentHandling": handling} if handling else {})}
    uri = f"http://127.0.0.1:{backend.port}/"
    method = mapped("HTTP", {"200": response}, uri=uri, httpMethod="GET")
    api = account.deploy({"GET /": method}, api={"binaryMediaTypes": ["image/png"]})

    answer = account.call(api, "GET", "/", headers={"Accept": accept})

    assert (answer.status, answer.body) == (200, body)


def test_text_that_is_no_base64_is_500_where_the_client_wants_bytes(
    account: Any, backend: Backend, mapped: Any
) -> None:
    uri = f"http://127.0.0.1:{backend.port}/"
    method = mapped("HTTP", {"200": {"statusCode": "200"}}, uri=uri, httpMethod="GET")
    responses = {"API_CONFIGURATION_ERROR": {"statusCode": "599", "responseTemplates": {}}}
    api = account.deploy(
        {"GET /": method}, api={"binaryMediaTypes": ["image/png"]}, gatewayResponses=responses
    )
    backend.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{no}"

    assert account.call(api, "GET", "/", headers={"Accept": "image/png"}).status == 599


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 502),
        (b"HTTP/1.1 999999 X\r\n\r\n", 502),
        (b"", 504),
    ],
)
def test_backends_that_answer_nonsense(
    account: Any, backend: Backend, http_proxy: Any, sent: bytes, status: int
) -> None:
    backend.answer = sent
    api = account.deploy({"GET /": http_proxy()})

    answer = account.call(api, "GET", "/")

    assert answer.status == status
    if status == 502:
        assert answer.text == '{"message": "Internal server error"}'


def test_backend_that_hangs_is_504(account: Any, backend: Backend, http_proxy: Any) -> None:
    backend.hangs.clear()
    api = account.deploy({"GET /": http_proxy(timeoutInMillis=50)})

    answer = account.call(api, "GET", "/")

    assert (answer.status, answer.text) == (504, '{"message": "Endpoint request timed out"}')


def test_answer_over_ten_megabytes_is_502(account: Any, backend: Backend, http_proxy: Any) -> None:
    size = 10_485_761
    backend.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    api = account.deploy({"GET /": http_proxy()})

    assert account.call(api, "GET", "/").status == 502


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("http://127.0.0.1:1/", 504),
        ("http://nowhere.invalid/", 504),
        ("http://169.254.169.254/latest/meta-data", 500),
        ("http://[::ffff:169.254.169.254]/", 500),
        ("http://0.0.0.0:1/", 500),
        ("file:///etc/passwd", 500),
        ("http://", 500),
        ("http://a b/", 504),
        ("nonsense", 500),
    ],
)
def test_endpoints_that_cannot_be_called(account: Any, uri: str, status: int) -> None:
    integration = {"type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri}
    api = account.deploy({"GET /": {"methodIntegration": integration}})

    assert account.call(api, "GET", "/").status == status


def test_path_parameters_cannot_leave_their_place(
    account: Any, backend: Backend, http_proxy: Any
) -> None:
    parameters = {"integration.request.path.id": "method.request.path.id"}
    api = account.deploy({"GET /{id}": http_proxy("/x/{id}/y", requestParameters=parameters)})

    account.call(api, "GET", "/a%3Fq=1%23f%0d%0aX:%20y")

    assert backend.received[0].startswith(b"GET /x/a%3Fq%3D1%23f%0D%0AX%3A%20y/y HTTP/1.1\r\n")


def test_certificates_are_verified_unless_told_otherwise(account: Any, tmp_path: Any) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=x",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            accepted, _ = listener.accept()
            try:
                with context.wrap_socket(accepted, server_side=True) as connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    uri = f"https://127.0.0.1:{listener.getsockname()[1]}/"
    integration = {"type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri}
    lax = {**integration, "tlsConfig": {"insecureSkipVerification": True}}
    api = account.deploy(
        {"GET /": {"methodIntegration": integration}, "GET /lax": {"methodIntegration": lax}}
    )

    statuses = [account.call(api, "GET", path).status for path in ("/", "/lax")]
    thread.join(10)
    listener.close()

    assert statuses == [500, 200]

"""Client certificates: what backends see of them, and the operations on them."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TlsBackend:
    """Speaks TLS with whom it trusts alone, and keeps whom it saw."""

    def __init__(self, directory: Path) -> None:
        key, certificate = directory / "key.pem", directory / "certificate.pem"
        subject = ["-subj", "/CN=backend", "-keyout", str(key), "-out", str(certificate)]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
        subprocess.run([*command, *subject], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.seen: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"https://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(accepted, server_side=True) as connection:
                    self.seen.append(connection.getpeercert(binary_form=True) or b"")
                    connection.recv(65_536)
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )
            except OSError:
                accepted.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[TlsBackend]:
    backend = TlsBackend(tmp_path)
    yield backend
    backend.close()


def _status(client: Any, api_id: str) -> int:
    address = urlsplit(client.meta.endpoint_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=15)
    connection.request("GET", f"/restapis/{api_id}/prod/_user_request_/")
    status = connection.getresponse().status
    connection.close()
    return status


def _use(client: Any, api_id: str, certificate_id: str) -> Any:
    patch = [{"op": "replace", "path": "/clientCertificateId", "value": certificate_id}]
    return client.update_stage(restApiId=api_id, stageName="prod", patchOperations=patch)


@pytest.mark.parametrize("kind", ["HTTP_PROXY", "HTTP"])
def test_an_endpoint_sees_the_certificate_of_the_stage(
    client: Any, api: Any, backend: TlsBackend, kind: str
) -> None:
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    client.put_integration(
        **place,
        type=kind,
        integrationHttpMethod="GET",
        uri=backend.uri,
        tlsConfig={"insecureSkipVerification": True},
    )
    client.put_method_response(**place, statusCode="200")
    client.put_integration_response(**place, statusCode="200")
    client.create_deployment(restApiId=api["id"], stageName="prod")
    made = client.generate_client_certificate()
    pem = made["pemEncodedCertificate"]
    backend.context.load_verify_locations(cadata=pem)

    without = _status(client, api["id"])
    _use(client, api["id"], made["clientCertificateId"])
    with_it = _status(client, api["id"])
    tried = client.test_invoke_method(**place, clientCertificateId=made["clientCertificateId"])
    untried = client.test_invoke_method(**place)
    assert "clientCertificateId" not in _use(client, api["id"], "")
    taken_away = _status(client, api["id"])

    assert (without, with_it, taken_away) == (504, 200, 504)
    assert (tried["status"], untried["status"]) == (200, 504)
    assert backend.seen == [ssl.PEM_cert_to_DER_cert(pem)] * 2


def test_certificates_look_as_those_of_aws(client: Any) -> None:
    """As the one printed in github.com/dotnet/corefx/issues/33883."""
    made = client.generate_client_certificate(description="mine", tags={"a": "1"})
    found = x509.load_pem_x509_certificate(made["pemEncodedCertificate"].encode())

    assert found.subject.rfc4514_string() == found.issuer.rfc4514_string()
    assert found.subject.rfc4514_string() == "CN=ApiGateway,L=Seattle,C=US"
    assert found.not_valid_after_utc - found.not_valid_before_utc == timedelta(days=365)
    assert (found.signature_hash_algorithm or found).name == "sha256"  # type: ignore[union-attr]
    assert found.public_key().key_size == 2048  # type: ignore[union-attr]
    assert not list(found.extensions)
    assert made["createdDate"] == found.not_valid_before_utc
    assert made["expirationDate"] == found.not_valid_after_utc


def test_certificates_are_made_listed_changed_and_deleted(
    client: Any, body: Any, error_of: Any
) -> None:
    made = [body(client.generate_client_certificate()) for _ in range(2)]
    made.sort(key=lambda each: each["clientCertificateId"])
    id_ = made[0]["clientCertificateId"]
    assert set(made[0]) == {
        "clientCertificateId",
        "pemEncodedCertificate",
        "createdDate",
        "expirationDate",
    }
    assert body(client.get_client_certificate(clientCertificateId=id_)) == made[0]
    first = client.get_client_certificates(limit=1)
    second = client.get_client_certificates(limit=1, position=first["position"])
    assert [*first["items"], *second["items"]] == made
    patch = [{"op": "replace", "path": "/description", "value": "d"}]
    changed = client.update_client_certificate(clientCertificateId=id_, patchOperations=patch)
    assert body(changed) == made[0] | {"description": "d"}
    arn = f"arn:aws:apigateway:us-east-1::/clientcertificates/{id_}"
    client.tag_resource(resourceArn=arn, tags={"k": "v"})
    assert client.get_client_certificate(clientCertificateId=id_)["tags"] == {"k": "v"}
    gone = client.delete_client_certificate(clientCertificateId=id_)
    assert gone["ResponseMetadata"]["HTTPStatusCode"] == 202
    missing = error_of(client.get_client_certificate, clientCertificateId=id_)
    assert missing[:2] == (404, "NotFoundException")


def test_a_certificate_in_use_stays(client: Any, deployed: Any, error_of: Any) -> None:
    id_ = client.generate_client_certificate()["clientCertificateId"]
    stage = _use(client, deployed["restApiId"], id_)
    assert stage["clientCertificateId"] == id_
    refused = error_of(client.delete_client_certificate, clientCertificateId=id_)
    assert refused[:2] == (400, "BadRequestException")
    with pytest.raises(client.exceptions.NotFoundException):
        _use(client, deployed["restApiId"], "nowhere")
    client.delete_stage(restApiId=deployed["restApiId"], stageName="prod")
    client.delete_client_certificate(clientCertificateId=id_)

"""A signer of our own, which signs what it is told to, and sockets that send what it made: for those who mean harm."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes

    def having(self, name: str, value: str) -> Sent:
        """With one header replaced."""
        rest = [each for each in self.headers if each[0].lower() != name.lower()]
        return replace(self, headers=[*rest, (name, value)])

    def adding(self, name: str, value: str) -> Sent:
        return replace(self, headers=[*self.headers, (name, value)])

    def without(self, name: str) -> Sent:
        return replace(
            self, headers=[each for each in self.headers if each[0].lower() != name.lower()]
        )

    def get(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name.lower())

    def editing(self, pattern: str, put: str) -> Sent:
        """With the Authorization header changed."""
        return self.having("Authorization", re.sub(pattern, put, self.get("Authorization")))


@dataclass(frozen=True)
class Order:
    """A request to be signed, and by whom; every part of the signature can be chosen."""

    method: str
    path: str
    service: str
    body: bytes
    headers: tuple[tuple[str, str], ...]
    key: str
    secret: str
    host: str
    token: str = ""
    query: str = ""
    region: str = "us-east-1"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    terminator: str = "aws4_request"
    scope_date: str = ""
    payload: str = ""  # "": the hash of the body
    unsigned: frozenset[str] = frozenset()

    def later(self, **by: float) -> Order:
        return replace(self, at=self.at + timedelta(**by))

    @property
    def stamp(self) -> str:
        return f"{self.at:%Y%m%dT%H%M%SZ}"

    @property
    def scope(self) -> str:
        date = self.scope_date or self.stamp[:8]
        return f"{date}/{self.region}/{self.service}/{self.terminator}"

    def signed(self) -> Sent:
        """With an Authorization header."""
        headers = [("Host", self.host), *self.headers, ("X-Amz-Date", self.stamp)]
        if self.token:
            headers.append(("X-Amz-Security-Token", self.token))
        if self.payload:
            headers.append(("X-Amz-Content-SHA256", self.payload))
        names, signature = self._sign(headers, self.query)
        value = (
            f"AWS4-HMAC-SHA256 Credential={self.key}/{self.scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        sent = Sent(self.method, self.path, self.query, headers, self.body)
        return sent.adding("Authorization", value)

    def presigned(self, expires: str | None = "60") -> Sent:
        """With the signature in the query."""
        headers = [("Host", self.host), *self.headers]
        parts = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.key}/{self.scope}",
            "X-Amz-Date": self.stamp,
            "X-Amz-SignedHeaders": self._names(headers),
        }
        if expires is not None:
            parts["X-Amz-Expires"] = expires
        if self.token:
            parts["X-Amz-Security-Token"] = self.token
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(parts.items()))
        _, signature = self._sign(headers, query)
        query = f"{query}&X-Amz-Signature={signature}"
        return Sent(self.method, self.path, query, headers, self.body)

    def _names(self, headers: list[tuple[str, str]]) -> str:
        return ";".join(sorted({name.lower() for name, _ in headers} - self.unsigned))

    def _sign(self, headers: list[tuple[str, str]], query: str) -> tuple[str, str]:
        names = self._names(headers)
        values = {name.lower(): value for name, value in headers}
        lines = "".join(f"{name}:{values[name]}\n" for name in names.split(";") if name)
        canonical = "&".join(sorted(query.split("&"))) if query else ""
        payload = self.payload or hashlib.sha256(self.body).hexdigest()
        text = f"{self.method}\n{self.path}\n{canonical}\n{lines}\n{names}\n{payload}"
        digest = hashlib.sha256(text.encode("latin-1")).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode("latin-1"), "sha256")
        to_sign = f"AWS4-HMAC-SHA256\n{self.stamp}\n{self.scope}\n{digest}"
        return names, hmac.digest(key, to_sign.encode("latin-1"), "sha256").hex()


def send(sent: Sent, endpoint: str) -> tuple[int, str, str]:
    """Status, code and body of the answer."""
    host = urlsplit(endpoint).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        target = f"{sent.path}?{sent.query}" if sent.query else sent.path
        connection.putrequest(sent.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.headers:
            connection.putheader(name, value.encode("latin-1"))
        connection.putheader("Content-Length", str(len(sent.body)))
        connection.endheaders(sent.body)
        response = connection.getresponse()
        body = response.read().decode()
        return response.status, _code(response, body), body
    finally:
        connection.close()


def _code(response: http.client.HTTPResponse, body: str) -> str:
    if found := re.search("<Code>(.*?)</Code>", body):
        return found[1]
    header = response.getheader("x-amzn-errortype") or ""
    if not header and body.startswith("{"):
        header = str(json.loads(body).get("__type", ""))
    return header.partition(":")[0].rpartition("#")[2]


# By protocol: what changes something, so that it shows if it got through.
_FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
_AMZ_JSON = ("Content-Type", "application/x-amz-json-1.1")
_REQUESTS: dict[str, tuple[str, str, bytes, tuple[tuple[str, str], ...]]] = {
    "query": ("iam", "/", b"Action=CreateUser&UserName=intruder&Version=2010-05-08", (_FORM,)),
    "json": (
        "logs",
        "/",
        b'{"logGroupName": "intruder"}',
        (_AMZ_JSON, ("X-Amz-Target", "Logs_20140328.CreateLogGroup")),
    ),
    "rest-json": (
        "apigateway",
        "/restapis",
        b'{"name": "intruder"}',
        (("Content-Type", "application/json"),),
    ),
}


def things(aws: Callable[[str], Any], protocol: str) -> list[Any]:
    """What there is of the kind that the request of a protocol makes."""
    if protocol == "query":
        found: list[Any] = aws("iam").list_users()["Users"]
    elif protocol == "json":
        found = aws("logs").describe_log_groups()["logGroups"]
    else:
        found = aws("apigateway").get_rest_apis()["items"]
    return found


@pytest.fixture
def order(aws: Callable[..., Any]) -> Callable[..., Order]:
    """A request of a protocol that changes something, by the root of the account of `aws`."""

    def make(protocol: str, **parts: Any) -> Order:
        service, path, body, headers = _REQUESTS[protocol]
        client = aws(service)
        keys = client._request_signer._credentials
        host = urlsplit(client.meta.endpoint_url).netloc
        made = Order("POST", path, service, body, headers, keys.access_key, keys.secret_key, host)
        return replace(made, **parts)

    return make

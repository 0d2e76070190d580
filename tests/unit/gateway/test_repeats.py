"""Requests that come again: what is asked of them is what is asked of the first."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from lambent.core.clock import VirtualClock
from lambent.core.context import Principal
from lambent.core.http import Response
from lambent.core.ports import Credential, NamedPolicy, PolicySet
from lambent.core.service import waits
from lambent.gateway.pipeline import Gateway
from lambent.gateway.usual_head import UsualHeads
from lambent.policy.decisions import Decisions
from lambent.protocol.routing import Router

if TYPE_CHECKING:
    from collections.abc import Awaitable

ACCOUNT, REGION, HOST = "111122223333", "eu-central-1", "127.0.0.1:4566"
ROUTER = Router(["lambda", "iam"])
PATH = "/2015-03-31/functions/f/invocations"
ALLOW = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
DENY = '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}'
BY_ADDRESS = (
    '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",'
    ' "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}}'
)


class Keyring:
    def __init__(self) -> None:
        self.keys: dict[str, Credential] = {}

    def add(self, key: str, secret: str = "secret", token: str | None = None) -> None:
        arn = f"arn:aws:iam::{ACCOUNT}:user/{key}"
        principal = Principal("user", ACCOUNT, arn, access_key_id=key)
        self.keys[key] = Credential(key, secret, principal, token)

    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        return self.keys.get(access_key_id)


class Policies:
    def __init__(self) -> None:
        self.at = 0
        self.text = ALLOW

    def policies(self, principal: Principal) -> PolicySet:
        return PolicySet((NamedPolicy(f"p{self.at}", self.text),))

    def tags(self, principal: Principal) -> dict[str, str]:
        return {}

    def generation(self, account_id: str) -> int:
        return self.at

    def change(self, text: str) -> None:
        self.text = text
        self.at += 1


class Lambda:
    name = "lambda"

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.operations = {"Invoke": waits(self.invoke, self.begin)}

    async def invoke(self, context: Any, request: Any) -> Any:
        self.seen.append((context.principal.access_key_id, context.scope, request))
        return {"StatusCode": 200, "Payload": request.get("Payload", b"")}

    def begin(self, context: Any, request: Any, done: Any) -> bool:
        self.seen.append((context.principal.access_key_id, context.scope, request))
        done({"StatusCode": 200, "Payload": request.get("Payload", b"")})
        return True


class Door:
    """One whose addresses come and go."""

    def __init__(self) -> None:
        self.generation = 0
        self.hosts: set[str] = set()

    def matches(self, request: Any) -> bool:
        return request.host in self.hosts

    async def handle(self, request: Any) -> Response:
        return Response(203)

    def open(self, host: str) -> None:
        self.hosts.add(host)
        self.generation += 1


class House:
    """A gateway, how many requests have gone through its steps, and a client of it."""

    def __init__(self) -> None:
        self.keys, self.policies, self.service = Keyring(), Policies(), Lambda()
        self.keys.add("AKID")
        self.door = Door()
        self.clock = VirtualClock(datetime(2026, 11, 27, 12, tzinfo=UTC))
        self.walked = 0
        self.heads = UsualHeads(16_384)
        self.gateway = Gateway(
            router=ROUTER,
            services=[self.service],
            doors=[self.door],
            credentials=self.keys,
            database=None,  # type: ignore[arg-type]  # nothing is asked of it
            clock=self.clock,
            default_region=REGION,
            account_id=ACCOUNT,
            decisions=Decisions(self.policies),
            addresses=self.door,
        )
        route, *rest = self.gateway._steps

        def counted(call: Any) -> Any:
            self.walked += 1
            return route(call)

        self.gateway._steps = (counted, *rest)

    def signed(
        self,
        body: bytes = b"{}",
        *,
        key: str = "AKID",
        secret: str = "secret",
        token: str | None = None,
        fields: dict[str, str] | None = None,
        at: datetime | None = None,
        path: str = PATH,
    ) -> bytes:
        """A request as it goes over the wire."""
        moment = at or self.clock.wall()
        request = AWSRequest("POST", f"http://{HOST}{path}", data=body, headers=fields or {})
        request.context["timestamp"] = f"{moment:%Y%m%dT%H%M%SZ}"
        signer = SigV4Auth(Keys(key, secret, token), "lambda", REGION)
        request.headers["X-Amz-Date"] = request.context["timestamp"]
        if token:
            request.headers["X-Amz-Security-Token"] = token
        text = signer.string_to_sign(request, signer.canonical_request(request))
        scope = f"{key}/{moment:%Y%m%d}/{REGION}/lambda/aws4_request"
        names = signer.signed_headers(signer.headers_to_sign(request))
        signature = signer.signature(text, request)
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
        )
        lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        return "\r\n".join((*lines, "", "")).encode() + body

    def ask(self, data: bytes) -> Response:
        """The answer."""
        request = self.heads.read(data, "127.0.0.1")
        assert request is not None
        answers: list[Response] = []
        rest = self.gateway.begin(request, answers.append)
        return answers[0] if rest is None else asyncio.run(_awaited(rest))

    def status(self, data: bytes) -> int:
        return self.ask(data).status

    def warm(self, **facts: Any) -> None:
        """Three of one form: the third needs no steps."""
        for _ in range(2):
            assert self.status(self.signed(**facts)) == 200
        before = self.walked
        assert self.status(self.signed(**facts)) == 200
        assert self.walked == before


async def _awaited(rest: Awaitable[Response]) -> Response:
    return await rest


@pytest.fixture
def house() -> House:
    return House()


def test_the_third_of_a_form_goes_past_the_steps_and_reaches_the_operation_as_the_first(
    house: House,
) -> None:
    fields = {"X-Amz-Log-Type": "Tail"}
    for number in range(4):
        house.clock.advance(timedelta(seconds=1))
        body = b'{"n": %d}' % number
        response = house.ask(house.signed(body, fields=fields))
        assert (response.status, response.body) == (200, body)
    assert house.walked == 2
    keys, scopes, requests = zip(*house.service.seen, strict=True)
    assert set(keys) == {"AKID"}
    assert len(set(scopes)) == 1
    assert requests[3] == {**requests[0], "Payload": b'{"n": 3}'}
    assert requests[0] == {"FunctionName": "f", "LogType": "Tail", "Payload": b'{"n": 0}'}


def test_another_body_signature_or_secret_is_refused(house: House) -> None:
    house.warm()
    sent = house.signed(b"{}")
    assert house.status(sent[:-2] + b"[]") == 403
    at = sent.index(b"Signature=") + len("Signature=")
    digit = b"0" if sent[at : at + 1] != b"0" else b"1"
    assert house.status(sent[:at] + digit + sent[at + 1 :]) == 403
    assert house.status(sent[: at + 3] + sent[at + 4 :]) == 403
    assert house.status(house.signed(secret="wrong")) == 403
    assert house.status(sent) == 200


def test_another_time_than_was_signed_is_refused(house: House) -> None:
    house.warm()
    sent = house.signed()
    assert house.status(sent.replace(b"T120000Z", b"T120001Z")) == 403
    assert house.status(sent.replace(b"T120000Z", b"T12000:Z")) == 400
    assert house.status(sent.replace(b"X-Amz-Date: 20261127", b"X-Amz-Date: 20261126")) == 403


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_is_stale_or_early_is_refused(house: House, minutes: int) -> None:
    house.warm()
    assert house.status(house.signed(at=house.clock.wall() + timedelta(minutes=minutes))) == 403
    assert house.status(house.signed(at=house.clock.wall() + timedelta(minutes=minutes / 2))) == 200


def test_a_key_that_is_gone_or_another_one_is_seen(house: House) -> None:
    house.warm()
    del house.keys.keys["AKID"]
    assert house.status(house.signed()) == 403
    house.keys.add("AKID", "new")
    assert house.status(house.signed()) == 403
    assert house.status(house.signed(secret="new")) == 200


def test_a_session_that_has_expired_and_another_token_are_refused(house: House) -> None:
    house.keys.add("ASID", token="t1")
    expires = house.clock.wall() + timedelta(seconds=30)
    known = house.keys.keys["ASID"]
    house.keys.keys["ASID"] = replace(known, expires_s=int(expires.timestamp()))
    house.warm(key="ASID", token="t1")
    assert house.status(house.signed(key="ASID", token="t2")) == 403
    house.clock.advance(timedelta(seconds=31))
    assert house.status(house.signed(key="ASID", token="t1")) == 403


def test_a_policy_that_has_changed_decides(house: House) -> None:
    house.warm()
    house.policies.change(DENY)
    assert house.status(house.signed()) == 403
    house.policies.change(ALLOW)
    house.warm()


def test_where_a_policy_asks_for_the_request_every_one_is_decided(house: House) -> None:
    house.policies.change(BY_ADDRESS)
    for _ in range(4):
        assert house.status(house.signed()) == 200
    assert house.walked == 4


def test_an_address_that_a_door_takes_from_now_on_is_the_doors(house: House) -> None:
    house.warm()
    house.door.open("elsewhere")
    assert house.status(house.signed()) == 200
    house.warm()
    house.door.open(HOST)
    assert house.status(house.signed()) == 203


def test_every_key_and_every_function_is_known_by_itself(house: House) -> None:
    house.keys.add("AKIE", "other")
    house.warm()
    house.warm(key="AKIE", secret="other")
    house.warm(path=PATH.replace("/f/", "/g/"))
    house.warm()
    assert house.status(house.signed(key="AKIE")) == 403
    assert [key for key, *_ in house.service.seen[3:5]] == ["AKIE", "AKIE"]


def test_an_event_that_is_there_and_one_that_is_not_are_apart(house: House) -> None:
    house.warm(body=b"")
    assert house.status(house.signed(b"{}")) == 200
    assert "Payload" not in house.service.seen[0][2]
    assert house.service.seen[-1][2]["Payload"] == b"{}"


def test_a_declared_hash_is_held_against_the_body(house: House) -> None:
    def sent(body: bytes, of: bytes) -> bytes:
        fields = {"X-Amz-Content-SHA256": hashlib.sha256(of).hexdigest()}
        return house.signed(body, fields=fields)

    for _ in range(3):
        assert house.status(sent(b"{}", b"{}")) == 200
    assert house.walked == 2
    assert house.status(sent(b"[]", b"{}")) == 403
    assert house.status(sent(b"[]", b"[]")) == 200


def test_what_is_known_is_looked_at_afresh_after_a_while(house: House) -> None:
    house.warm()
    house.clock.advance(timedelta(seconds=61))
    assert house.status(house.signed()) == 200
    assert house.walked == 3


def test_what_was_found_out_does_not_gather(house: House) -> None:
    for number in range(40):
        house.keys.add(f"AK{number:04}")
    for number in range(40):
        for path in range(30):
            place = PATH.replace("/f/", f"/f{path}/")
            assert house.status(house.signed(key=f"AK{number:04}", path=place)) == 200
    repeats = house.gateway._repeats
    assert repeats is not None
    assert 0 < len(repeats._known) <= 1024


def test_of_what_is_refused_nothing_is_kept(house: House) -> None:
    for number in range(20):
        assert (
            house.status(house.signed(secret="wrong", path=PATH.replace("/f/", f"/f{number}/")))
            == 403
        )
    repeats = house.gateway._repeats
    assert repeats is not None
    assert not repeats._known
    assert not house.heads._forms


def test_a_signature_that_does_not_come_last_is_read_every_time(house: House) -> None:
    def turned(data: bytes) -> bytes:
        """The same with SignedHeaders behind the signature."""
        return re.sub(rb"(SignedHeaders=[^,]+), (Signature=[0-9a-f]+)", rb"\2, \1", data)

    for _ in range(4):
        assert house.status(turned(house.signed())) == 200
    assert house.walked == 4
    cut = re.sub(rb", SignedHeaders=[^\r]+", b"", turned(house.signed()))
    assert house.status(cut) == 400


def test_a_head_that_is_too_long_is_not_kept(house: House) -> None:
    def padded() -> bytes:
        return house.signed().replace(b"AWS4-HMAC-SHA256 ", b"AWS4-HMAC-SHA256 " + b" " * 1100)

    assert [house.status(padded()) for _ in range(3)] == [200] * 3
    assert house.walked == 3

"""Requests made up from the service model, most of them wrong in some way: never a 5xx (501 apart), never a hang, and
what is refused changes nothing.

They go over HTTP as bytes, signed, past everything that a client checks beforehand.
"""

from __future__ import annotations

import asyncio
import http.client
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import botocore.session
import pytest
import regex
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lambent.services.lambda_.service import LambdaService
from lambent.services.lambda_.tables import FUNCTIONS, RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

MODEL: Any = botocore.session.get_session().get_service_model("lambda")
ACCOUNT = "123456789012"
# Texts that get past patterns, so that what lies behind them is reached.
NAMES = [
    "f", "nope", "f:1", "f:live", "f:$LATEST", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", "1", "live",
    "$LATEST", "0", "99999999999999999999", "f" * 64, "l", "python3.12", "lambda:InvokeFunction", "*", ACCOUNT,
    f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l:1", "arn:aws:lambda:::awslayer:AmazonLinux1803",
    f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0",
    f"arn:aws:lambda:us-east-1:{ACCOUNT}:event-source-mapping:00000000-0000-4000-8000-000000000000",
    f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s", "bnVsbA==", "{}",
    "arn:aws:iam::123456789012:role/r", "handler.run", "Zip", "None", "NONE", "AWS_IAM", "JSON", "Auto", "s1",
    "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", "00000000-0000-4000-8000-000000000000",
]  # fmt: skip
NASTY = [
    "",
    " ",
    "\x00",
    "\r\nX: y",
    "é€𝄞",
    "../..",
    "%2F",
    "a" * 3000,
    "'; DROP TABLE x",
    "null",
    "-1",
    "1e400",
]
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(NASTY)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


NUMBERS = [-1, 0, 1, 2, 10, 60, 512, 900, 2**31, 2**63, 0.5]
# Kinds of resources that go on changing after the answer.
_IN_MOTION = ("provisioned-concurrency", "event-source-mapping")
TIMES = [0, 1_700_000_000, -1, 1e300, "2026-01-01T00:00:00Z", "yesterday"]


def _plausible(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are of the shape, or nearly."""
    kind = shape.type_name
    found: st.SearchStrategy[Any]
    if kind in {"string", "blob"}:
        found = st.sampled_from(_texts(shape))
    elif kind == "timestamp":
        found = st.sampled_from(TIMES)
    elif kind == "boolean":
        found = st.booleans()
    elif kind in {"integer", "long", "float", "double"}:
        found = st.sampled_from(NUMBERS)
    elif depth > 3:
        found = st.none()
    elif kind == "list":
        found = st.lists(_value(shape.member, depth + 1), max_size=3)
    elif kind == "map":
        held = _value(shape.value, depth + 1)
        found = st.dictionaries(st.sampled_from(_texts(shape.key)), held, max_size=3)
    else:
        members = {name: _value(member, depth + 1) for name, member in shape.members.items()}
        required = set(shape.required_members)
        found = st.fixed_dictionaries(
            {name: value for name, value in members.items() if name in required},
            optional={name: value for name, value in members.items() if name not in required},
        )
    return found


def _texts(shape: Any) -> list[str]:
    """Those that the model lets through; if there are none, all."""
    if getattr(shape, "enum", None):
        return list(shape.enum)
    pattern = shape.metadata.get("pattern", ".*")
    fitting = [
        name
        for name in NAMES
        if regex.fullmatch(pattern, name) and len(name) <= shape.metadata.get("max", 10**6)
    ]
    return fitting or NAMES


def _value(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Nearly always plausible, or most requests would fail at their first member."""
    plausible = _plausible(shape, depth)
    nasty = st.sampled_from(NASTY) if shape.type_name == "string" else JUNK
    return st.integers(0, 11).flatmap(
        lambda chance: JUNK if chance == 0 else nasty if chance == 1 else plausible
    )


def _requests(name: str) -> st.SearchStrategy[dict[str, Any]]:
    shape = MODEL.operation_model(name).input_shape
    if shape is None:
        return st.just({})
    required = set(shape.required_members)
    members = {member: _value(held) for member, held in shape.members.items()}
    wanted = {member: value for member, value in members.items() if member in required}
    rest = {member: value for member, value in members.items() if member not in required}
    whole = st.fixed_dictionaries(wanted, optional=rest)
    return st.one_of(whole, whole, whole, st.fixed_dictionaries({}, optional=members))


class Sender:
    """Sends what a client library would not."""

    def __init__(self, running: Any, client: Any, account_id: str = ACCOUNT) -> None:
        self._account_id = account_id
        host, port = running.platform.address
        self._endpoint = running.platform.endpoint
        self._signer = SigV4Auth(client._request_signer._credentials, "lambda", "us-east-1")
        self._connection = http.client.HTTPConnection(host, port, timeout=15)

    def send(self, name: str, request: dict[str, Any]) -> tuple[int, bytes]:
        operation = MODEL.operation_model(name)
        method, url, headers, body = _wire(operation, request)
        url = url.replace(ACCOUNT, self._account_id)
        body = body.replace(ACCOUNT.encode(), self._account_id.encode())
        signed = AWSRequest(method, self._endpoint + url, headers, body)
        self._signer.add_auth(signed)
        try:
            self._connection.request(method, url, body, dict(signed.headers.items()))
            response = self._connection.getresponse()
            return response.status, response.read()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # Refused while it was being sent, at the latest for what is no HTTP.
            self._connection.close()
            return 400, b""

    def close(self) -> None:
        self._connection.close()


class State:
    """What the database holds of an account, but for what goes on by itself."""

    def __init__(self, running: Any, account_id: str) -> None:
        self._running = running
        self._account_id = account_id
        self._rows = self._read()

    def change(self) -> set[tuple[Any, ...]]:
        """The rows that have come or gone since the last time."""
        before, self._rows = self._rows, self._read()
        return before ^ self._rows

    def _read(self) -> set[tuple[Any, ...]]:
        return set(self._running.run(self._at_rest()))

    async def _at_rest(self) -> list[tuple[Any, ...]]:
        service = self._running.platform.lambda_
        await service.advance(timedelta())
        if settling := list(service._settling._tasks.values()):
            await asyncio.wait(settling)
        rows: list[tuple[Any, ...]] = await self._running.platform.database.read(self._all)
        return rows

    def _all(self, tx: Any) -> list[tuple[Any, ...]]:
        mine = FUNCTIONS.c.account_id == self._account_id
        functions = tx.all(select(FUNCTIONS).where(mine))
        theirs = RESOURCES.c.account_id == self._account_id
        resting = RESOURCES.c.kind.not_in(_IN_MOTION)
        return [
            *map(tuple, functions),
            *map(tuple, tx.all(select(RESOURCES).where(theirs, resting))),
        ]


def _wire(operation: Any, request: dict[str, Any]) -> tuple[str, str, dict[str, str], bytes]:
    """The request as bytes: labels, query, headers and body as the model says, whatever the values are."""
    path = str(operation.http["requestUri"])
    query: list[tuple[str, str]] = []
    headers = {"Content-Type": "application/json"}
    document: dict[str, Any] = {}
    shape = operation.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    body = b""
    for name, value in request.items():
        held = shape.members[name].serialization
        where, wire_name = held.get("location"), held.get("name", name)
        text = value if isinstance(value, str) else json.dumps(value)
        if where == "uri":
            path = path.replace("{" + wire_name + "}", quote(text, safe="") or "x")
        elif where == "querystring":
            query.append((wire_name, text))
        elif where == "header":
            if text.isprintable() and text.isascii():
                headers[wire_name] = text
        elif name == payload:
            body = text.encode()
        else:
            document[wire_name] = value
    while "{" in path:  # labels that were left out
        start, end = path.index("{"), path.index("}")
        path = path[:start] + "f" + path[end + 1 :]
    if payload is None and operation.http["method"] != "GET":
        body = json.dumps(document).encode()
    if query:
        path += ("&" if "?" in path else "?") + urlencode(query, quote_via=quote)
    return operation.http["method"], path, headers, body


def _served() -> list[str]:
    """The operations of the table, without a platform."""
    unused: Any = None
    service = LambdaService(
        database=unused,
        plane=unused,
        compute=unused,
        blobs=unused,
        code_dir=Path("/nonexistent"),
        clock=unused,
        policy=unused,
    )
    return sorted(service.operations)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", _served())
def test_bad_input_is_refused_in_good_order(
    client: Any, create: Create, running: Any, make_zip: Any, name: str
) -> None:
    account_id = create("f", Timeout=1)["FunctionArn"].split(":")[4]
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    # Or a number that happens to be allowed would have hundreds of environments provisioned.
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3)
    content = {"ZipFile": make_zip({"a.txt": "x"})}
    client.publish_layer_version(LayerName="l", Content=content)
    sender = Sender(running, client, account_id)
    state = State(running, account_id)

    @seed(1)
    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_requests(name))
    def attempt(request: dict[str, Any]) -> None:
        status, body = sender.send(name, request)
        assert status < 500 or status == 501, (status, body[:500], request)
        changed = state.change()
        assert status < 400 or not changed, (status, body[:500], request, changed)

    attempt()
    sender.close()


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"null", b'{"a":' * 5000, b'"x"', b""])
@pytest.mark.parametrize("name", ["CreateFunction", "CreateAlias", "TagResource"])
def test_bodies_that_are_no_requests(client: Any, running: Any, name: str, body: bytes) -> None:
    sender = Sender(running, client)
    url = {
        "CreateFunction": "/2015-03-31/functions",
        "CreateAlias": "/2015-03-31/functions/f/aliases",
        "TagResource": "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af",
    }[name]
    signed = AWSRequest("POST", sender._endpoint + url, {}, body)
    sender._signer.add_auth(signed)
    sender._connection.request("POST", url, body, dict(signed.headers.items()))
    response = sender._connection.getresponse()
    assert 400 <= response.status < 500
    assert json.loads(response.read())
    sender.close()

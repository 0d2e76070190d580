"""A hostile bootstrap of a `provided` runtime: what it holds, and what it can do to core over the Runtime API."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_BOOTSTRAP = """#!/usr/bin/python3
import errno, http.client, json, os, signal, socket, subprocess
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
API = "/2018-06-01/runtime"
def send(data):
    with socket.create_connection((host, int(port)), 5) as raw:
        try:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            return raw.recv(100).split(b"\\r\\n")[0].decode("latin-1")
        except OSError as error:
            return errno.errorcode[error.errno]
def tried(action):
    try:
        return "got " + str(action())
    except OSError as error:
        return errno.errorcode[error.errno]
api = http.client.HTTPConnection(host, int(port))
while True:
    api.request("GET", API + "/invocation/next")
    answer = api.getresponse()
    event = json.loads(answer.read())
    own = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    said = {}
    names = os.listdir("/proc/self/fd")
    said["descriptors"] = [os.readlink("/proc/self/fd/" + name).split(":")[0]
                           for name in names if os.path.lexists("/proc/self/fd/" + name)]
    for what in ("mem", "environ", "fd"):
        path = "/proc/%d/%s" % (os.getppid(), what)
        said[what + " of parent"] = tried(lambda: os.listdir(path) if what == "fd" else open(path, "rb").read(1))
    if event.get("probe"):
        said["probe"] = json.loads(subprocess.run(["./probe"], capture_output=True).stdout)
    said["sent"] = [send(data.encode("latin-1").replace(b"<own>", own.encode())) for data in event.get("send", ())]
    if event.get("crowd"):
        crowd = [socket.create_connection((host, int(port)), 5) for _ in range(event["crowd"])]
        for each in crowd:
            each.close()
    if event.get("kill"):
        is_below_starter = os.getppid() > 1
        said["kill"] = [tried(lambda: os.kill(pid, signal.SIGKILL)) for pid in (os.getppid(), -1)]
        if is_below_starter:
            signal.pause()
    api.request("POST", API + "/invocation/" + own + "/response", json.dumps(said))
    api.getresponse().read()
"""
_EXTENSION = """#!/usr/bin/python3
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
name = {"Lambda-Extension-Name": os.path.basename(__file__)}
api.request("POST", "/2020-01-01/extension/register", json.dumps({"events": ["INVOKE"]}), name)
answer = api.getresponse()
answer.read()
own = {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
while True:
    api.request("GET", "/2020-01-01/extension/event/next", headers=own)
    api.getresponse().read()
"""
_OTHER = "3f0e4c9e-0000-4000-8000-000000000000"
_CALL = "POST /2018-06-01/runtime/invocation/"
# What is sent -> how the status line of the answer begins; "" for none.
_REQUESTS = {
    "\xff" * 200: "HTTP/1.1 400",
    "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n": "HTTP/1.1 403",
    f"{_CALL}{_OTHER}/response HTTP/1.1\r\nContent-Length: 2\r\n\r\n42": "HTTP/1.1 400",
    f"{_CALL}{_OTHER}/error HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}": "HTTP/1.1 400",
    f"{_CALL}../../next HTTP/1.1\r\nContent-Length: 0\r\n\r\n": "HTTP/1.1 404",
    "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}": "HTTP/1.1 403",
    f"{_CALL}<own>/response HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n": "HTTP/1.1 400",
    f"{_CALL}<own>/response HTTP/1.1\r\nContent-Length: -1\r\n\r\n": "HTTP/1.1 400",
    f"{_CALL}<own>/error HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": "HTTP/1.1 400",
    f"{_CALL}<own>/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n": "HTTP/1.1 400",
    "GET / HTTP/1.1\r\n" + "x: y\r\n" * 40_000 + "\r\n": "HTTP/1.1 400",
    "GET / HTTP/1.1\r\n\r\n" * 10_000: "HTTP/1.1 400",
    "POST /2020-01-01/extension/register HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}": "HTTP/1.1 4",
    "GET /2020-01-01/extension/event/next HTTP/1.1\r\n\r\n": "HTTP/1.1 4",
    "PUT /2022-07-01/telemetry HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}": "HTTP/1.1 4",
    "GET /_lambent/health HTTP/1.1\r\n\r\n": "HTTP/1.1 404",
    "GET /2015-03-31/functions HTTP/1.1\r\n\r\n": "HTTP/1.1 404",
}


def _zip(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


@pytest.fixture
def client(aws: Callable[..., Any], probe_program: bytes) -> Any:
    """Of an account with a bystander and an attacker."""
    client = aws("lambda")
    bystander = (
        b"count = 0\ndef handler(e, c):\n    global count\n    count += 1\n    return count\n"
    )
    functions: dict[str, tuple[str, dict[str, str | bytes]]] = {
        "bystander": ("python3.11", {"app.py": bystander}),
        "attacker": ("provided.al2023", {"bootstrap": _BOOTSTRAP, "probe": probe_program}),
    }
    for name, (runtime, files) in functions.items():
        client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=execution_role(client),
            Handler="app.handler",
            Code={"ZipFile": _zip(files)},
            MemorySize=512,
            Timeout=15,
        )
    return client


def _invoke(client: Any, name: str, **event: Any) -> Any:
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def test_a_bootstrap_holds_nothing_of_its_starter(client: Any) -> None:
    said = _invoke(client, "attacker", probe=True)
    assert sorted(said["descriptors"]) == [
        "/dev/null",
        "pipe",
        "pipe",
        "socket",
    ]  # its own to the API
    for what in ("mem", "environ", "fd"):
        assert said[f"{what} of parent"] in {"ENOENT", "EACCES"}
    probe = said["probe"]
    worked = {name for name, answer in probe.items() if answer == 0}
    assert worked == {"netlink_route", "tcp", "udp", "unix", "core_files"}
    assert len(probe) > 150


def test_nonsense_over_the_api_is_answered_and_forgotten(client: Any) -> None:
    assert _invoke(client, "bystander") == 1
    said = _invoke(client, "attacker", send=list(_REQUESTS))
    for answer, (request, expected) in zip(said["sent"], _REQUESTS.items(), strict=True):
        # Core may have closed the connection at whatever the client was about to do with it, shutdown(2) included.
        is_cut = answer in {"ECONNRESET", "EPIPE", "ENOTCONN"}
        assert answer.startswith(expected) or is_cut, (answer[:80], request[:80])
    assert _invoke(client, "bystander") == 2
    assert "descriptors" in _invoke(client, "attacker")


def test_a_crowd_of_connections_costs_core_no_descriptors(client: Any) -> None:
    assert _invoke(client, "bystander") == 1
    assert "descriptors" in _invoke(client, "attacker", crowd=200)
    assert _invoke(client, "bystander") == 2


def test_killing_all_it_can_ends_only_its_own(client: Any) -> None:
    assert _invoke(client, "bystander") == 1
    for _ in range(2):
        # Process 1 takes no signal from inside, and there is nobody else.
        assert _invoke(client, "attacker", kill=True)["kill"] == ["got None", "ESRCH"]
    assert _invoke(client, "bystander") == 2


def test_the_starter_above_extensions_is_out_of_reach(client: Any) -> None:
    """It has the function's uid and the frame socket. To end it ends the environment; it cannot be used."""
    layer = client.publish_layer_version(
        LayerName="extensions", Content={"ZipFile": _zip({"extensions/spy": _EXTENSION})}
    )
    client.update_function_configuration(FunctionName="attacker", Layers=[layer["LayerVersionArn"]])
    said = _invoke(client, "attacker")
    assert sorted(said["descriptors"]) == ["/dev/null", "pipe", "pipe", "socket"]
    for what in ("mem", "environ", "fd"):
        assert said[f"{what} of parent"] in {"ENOENT", "EACCES"}, what
    assert _invoke(client, "bystander") == 1
    ended = _invoke(client, "attacker", kill=True)
    assert ended["errorType"] == "Runtime.ExitError"
    assert _invoke(client, "bystander") == 2
    assert "descriptors" in _invoke(client, "attacker")

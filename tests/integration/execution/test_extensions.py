"""Extensions in layers, on real sandboxes: beside runtimes of ours and beside those that speak the Runtime API."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from lambent.core.ids import request_id
from lambent.execution.spec import Invocation

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(120)]
Functions = Any  # the fixture of conftest.py, which cannot be imported from here
PYTHON = "python3.11"
HANDLER = {
    "app.py": "def handler(event, context):\n    print('handling', event)\n    return event\n"
}
EXTENSION = """#!/usr/bin/python3
import http.client, json, os, sys, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
name = os.path.basename(sys.argv[0])
def say(*parts):
    # In one piece: others write to the same pipe.
    sys.stdout.write(" ".join(map(str, parts)) + "\\n")
    sys.stdout.flush()
def ask(method, path, document=None, **headers):
    headers = {"Lambda-Extension-" + key.replace("_", "-"): value for key, value in headers.items()}
    api.request(method, "/2020-01-01/extension/" + path, json.dumps(document), headers)
    answer = api.getresponse()
    return answer.status, answer.headers, json.loads(answer.read() or b"null")
def register(events=("INVOKE", "SHUTDOWN"), name=name):
    status, headers, body = ask("POST", "register", {"events": list(events)}, Name=name, Accept_Feature="accountId")
    return headers["Lambda-Extension-Identifier"], status, body
def next_event():
    event = ask("GET", "event/next", Identifier=me)[2]
    say(name, json.dumps(event))
    return event
"""
LOOP = """
me, status, body = register()
say(name, "registered", status, json.dumps(body))
while next_event()["eventType"] != "SHUTDOWN": pass
say(name, "leaves")
"""

INIT_ERROR = """me, *_ = register()
ask("POST", "init/error", {}, Identifier=me, Function_Error_Type="Extension.Mine")"""


def extension(body: str = LOOP) -> str:
    return EXTENSION + body


def events(functions: Functions, name: str) -> list[dict[str, Any]]:
    """What the extension printed of its events."""
    start = f"{name} {{"
    return [json.loads(line[len(name) :]) for line in functions.logged if line.startswith(start)]


def wait_for(functions: Functions, text: str) -> None:
    async def until_it_is_there() -> None:
        while text not in functions.logged:  # noqa: ASYNC110 - nothing to hook on
            await asyncio.sleep(0)

    functions.run(until_it_is_there())


@pytest.mark.parametrize("runtime", [PYTHON, "nodejs20.x", "provided.al2023"])
def test_an_extension_sees_calls_and_the_end(functions: Functions, runtime: str) -> None:
    files = {
        PYTHON: HANDLER,
        "nodejs20.x": {"app.js": "exports.handler = async (event) => event"},
        "provided.al2023": {
            "bootstrap": '#!/bin/sh\nA="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"\n'
            'while true; do E=$(curl -sD /tmp/h "$A/next"); I=$(grep -i request-id /tmp/h | tr -d "\\r" | '
            'cut -d" " -f2); curl -s "$A/$I/response" -d "$E"; done\n'
        },
    }[runtime]
    name = f"ext-{runtime}"
    layer = {f"extensions/{name}": extension(), "extensions/data/no-program": ""}
    spec = functions.make(runtime, files, layer_files=[layer])
    for number in (1, 2):
        call = Invocation(
            request_id(), str(number).encode(), spec.function_arn, trace_id="Root=1-5"
        )
        assert functions.run(functions.plane.invoke(spec, call)).payload == str(number).encode()
    functions.plane.retire(spec.key)
    wait_for(functions, f"{name} leaves\n")
    registered = json.dumps(
        {"functionName": "f", "functionVersion": "$LATEST", "handler": "app.handler",
         "accountId": "123456789012"}
    )  # fmt: skip
    ready = f"EXTENSION\tName: {name}\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n"
    assert functions.logged.count(ready) == 1
    assert f"{name} registered 200 {registered}\n" in functions.logged
    first, second, last = events(functions, name)
    assert first["eventType"] == second["eventType"] == "INVOKE"
    assert second["requestId"] == call.request_id
    assert second["invokedFunctionArn"] == spec.function_arn
    assert second["tracing"] == {"type": "X-Amzn-Trace-Id", "value": "Root=1-5"}
    assert second["deadlineMs"] >= first["deadlineMs"]  # both may begin in one millisecond
    assert (last["eventType"], last["shutdownReason"]) == ("SHUTDOWN", "spindown")


def test_the_runtime_starts_when_all_have_registered(functions: Functions) -> None:
    slow = extension("time.sleep(0.3)\nsay('slow registers')" + LOOP)
    layer = {"extensions/a-slow": slow, "extensions/b-quick": extension()}
    handler = {"app.py": "print('imported')\ndef handler(e, c): return e"}
    spec = functions.make(PYTHON, handler, layer_files=[layer])
    assert functions.answer(spec, 1) == 1
    order = [line for line in functions.logged if line in ("slow registers\n", "imported\n")]
    assert order[-2:] == ["slow registers\n", "imported\n"]


def test_a_call_waits_until_extensions_are_done_with_the_last(functions: Functions) -> None:
    body = """
me, *_ = register(["INVOKE"])
while True:
    next_event()
    time.sleep(0.2)
    say("done with it")
"""
    spec = functions.make(PYTHON, HANDLER, layer_files=[{"extensions/busy": extension(body)}])
    before = len(functions.logged)
    assert [functions.answer(spec, each) for each in ("one", "two")] == ["one", "two"]
    said = [line for line in functions.logged[before:] if line.startswith(("handling", "done"))]
    assert said[:3] == ["handling one\n", "done with it\n", "handling two\n"]


def test_extensions_do_not_have_the_variables_of_the_runtime(functions: Functions) -> None:
    body = "say(name, json.dumps(dict(os.environ)))" + LOOP
    spec = functions.make(
        PYTHON,
        HANDLER,
        layer_files=[{"extensions/vars": extension(body)}],
        environment={"OWN": "1"},
    )
    functions.answer(spec)
    variables = events(functions, "vars")[0]
    assert variables["OWN"] == "1"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert variables.keys().isdisjoint({"_HANDLER", "LAMBDA_TASK_ROOT", "AWS_EXECUTION_ENV"})


def test_what_is_wrong_is_refused(functions: Functions) -> None:
    body = """
me, *_ = register()
def note(answer): say(name, json.dumps({"status": answer[0], "error": answer[2]}))
note(ask("POST", "register", {"events": ["INVOKE"]}))
note(ask("POST", "register", {"events": ["SLEEP"]}, Name="x"))
note(ask("POST", "register", [], Name="x"))
note(ask("POST", "register", {"events": []}, Name=name))
note(ask("POST", "register", {"events": ["SHUTDOWN"]}, Name="inner"))
note(ask("GET", "event/next"))
note(ask("GET", "event/next", Identifier="nobody"))
note(ask("POST", "exit/error", {}, Identifier=me))
for number in range(9): ask("POST", "register", {"events": []}, Name=f"i{number}")
note(ask("POST", "register", {"events": []}, Name="eleventh"))
"""
    # Internal ones that never ask for an event would hold up INIT; nobody waits for this one.
    spec = functions.make(PYTHON, HANDLER, layer_files=[{"extensions/wrong": extension(body)}])
    functions.error(spec)
    told = [(each["status"], each["error"]["errorType"]) for each in events(functions, "wrong")]
    assert told[:9] == [
        (403, "Extension.InvalidExtensionName"),
        (400, "InvalidRequestFormat"),
        (400, "InvalidRequestFormat"),
        (403, "Extension.AlreadyRegistered"),
        (400, "ShutdownEventNotSupportedForInternalExtension"),
        (403, "Extension.MissingExtensionIdentifier"),
        (403, "Extension.UnknownExtensionIdentifier"),
        (403, "Extension.MissingHeader"),
        (403, "Extension.TooManyExtensions"),
    ]


def test_registration_is_closed_after_the_init(functions: Functions) -> None:
    body = """
me, *_ = register(["INVOKE"])
while True:
    next_event()
    say(name, json.dumps({"late": ask("POST", "register", {"events": []}, Name="late")[2]["errorType"]}))
"""
    spec = functions.make(PYTHON, HANDLER, layer_files=[{"extensions/late": extension(body)}])
    functions.answer(spec)
    functions.answer(spec)
    assert {"late": "Extension.RegistrationClosed"} in events(functions, "late")


@pytest.mark.parametrize(
    ("body", "error_type", "text"),
    [
        ("sys.exit(3)", "Extension.Crash", "RequestId: ID Error: failing: exit code 3"),
        ("me, *_ = register()\nsys.exit(0)", "Extension.Crash", "RequestId: ID Error: failing: exit code 0"),
        (f"{INIT_ERROR}\ntime.sleep(60)", "Extension.InitError", "RequestId: ID Error: failing: Extension.Mine"),
    ],
)  # fmt: skip
def test_one_that_fails_fails_the_init(
    functions: Functions, body: str, error_type: str, text: str
) -> None:
    spec = functions.make(PYTHON, HANDLER, layer_files=[{"extensions/failing": extension(body)}])
    for _ in range(2):
        error = functions.error(spec)
        assert error["errorType"] == error_type
        assert re.sub(r"[0-9a-f-]{36}", "ID", error["errorMessage"]) == text


def test_one_that_ends_during_a_call_ends_the_environment(functions: Functions) -> None:
    body = "me, *_ = register()\nnext_event()\nsys.exit(7)"
    handler = {"app.py": "import time\ndef handler(e, c): time.sleep(60)"}
    spec = functions.make(PYTHON, handler, layer_files=[{"extensions/ending": extension(body)}])
    error = functions.error(spec)
    assert error["errorType"] == "Extension.Crash"
    assert "exit code 7" in error["errorMessage"]


def test_the_runtime_ends_as_ever_beside_extensions(functions: Functions) -> None:
    layers = [{"extensions/ext": extension()}]
    exiting = {"app.py": "import os\ndef handler(e, c): os._exit(5)"}
    error = functions.error(functions.make(PYTHON, exiting, layer_files=layers))
    assert error["errorMessage"].endswith("Runtime exited with error: exit status 5")
    wait_for(functions, "ext leaves\n")
    assert events(functions, "ext")[-1]["shutdownReason"] == "failure"
    eating = {"app.py": "def handler(e, c):\n    x = bytearray(900 << 20)"}
    error = functions.error(functions.make(PYTHON, eating, layer_files=layers))
    assert error["errorType"] == "Runtime.OutOfMemory"
    deaf = extension("me, *_ = register(['INVOKE'])\nwhile True: next_event()")
    alone = functions.make(PYTHON, exiting, layer_files=[{"extensions/deaf": deaf}])
    assert functions.error(alone)["errorType"] == "Runtime.ExitError"
    missing = functions.make("provided.al2023", {"x": ""}, layer_files=layers)
    assert functions.error(missing)["errorType"] == "Runtime.InvalidEntrypoint"


def test_a_timeout_is_told_to_the_extensions(functions: Functions) -> None:
    handler = {"app.py": "import time\ndef handler(e, c): time.sleep(60)"}
    spec = functions.make(
        PYTHON, handler, layer_files=[{"extensions/timed": extension()}], timeout_s=1
    )
    assert functions.error(spec)["errorType"] == "Sandbox.Timedout"
    wait_for(functions, "timed leaves\n")
    assert events(functions, "timed")[-1]["shutdownReason"] == "timeout"


def test_a_function_cannot_answer_for_our_bootstrap(functions: Functions) -> None:
    handler = {
        "app.py": "import http.client, os\ndef handler(e, c):\n"
        "    api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n"
        "    api.request('POST', f'/2018-06-01/runtime/invocation/{c.aws_request_id}/response', '1')\n"
        "    return api.getresponse().status\n"
    }
    spec = functions.make(PYTHON, handler, layer_files=[{"extensions/ext": extension()}])
    assert functions.answer(spec) == 404


def test_one_that_does_not_leave_is_killed_with_the_plane(
    functions: Functions, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    before = len(list(Path("/proc/self/fd").iterdir()))
    other = type(functions)(tmp_path)
    body = "me, *_ = register()\nwhile True: next_event()"
    spec = other.make(PYTHON, HANDLER, layer_files=[{"extensions/stays": extension(body)}])
    assert other.answer(spec, 1) == 1
    other.plane.retire(spec.key)
    other.stop()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_neither_extension_nor_runtime_inherits_anything(functions: Functions) -> None:
    listing = "sorted(os.listdir('/proc/self/fd'))"
    body = f"say(name, json.dumps({{'open': {listing}}}))" + LOOP
    handler = {"app.py": f"import os\ndef handler(e, c): return {listing}"}
    spec = functions.make(PYTHON, handler, layer_files=[{"extensions/fds": extension(body)}])
    # The three standard ones, the frame socket of our bootstrap, and that of the listing itself.
    assert functions.answer(spec) == ["0", "1", "1000", "2", "3"]
    assert {"open": ["0", "1", "2", "3"]} in events(functions, "fds")

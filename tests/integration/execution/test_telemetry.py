"""Extensions that subscribe to telemetry, on real sandboxes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(120)]
Functions = Any  # the fixture of conftest.py, which cannot be imported from here
HANDLER = {
    "app.py": "def handler(event, context):\n    print('handling', event)\n    return event\n"
}
# Prints what it is sent, each batch as one line, marked.
SUBSCRIBER = """#!/usr/bin/python3
import http.client, http.server, json, os, sys, threading
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def say(*parts):
    sys.stdout.write(" ".join(map(str, parts)) + "\\n")
    sys.stdout.flush()
batches = []
class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        batch = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.end_headers()
        if len(batches) < LIMIT: say("MARK", self.path, batch.decode())
        batches.append(batch)
    def log_message(self, *_): pass
sink = http.server.ThreadingHTTPServer(("sandbox.localdomain", 8080), Sink)
threading.Thread(target=sink.serve_forever, daemon=True).start()
def ask(method, path, document, **headers):
    headers = {"Lambda-Extension-" + key: value for key, value in headers.items()}
    api.request(method, path, json.dumps(document), headers)
    answer = api.getresponse()
    return answer.status, answer.headers, answer.read()
_, headers, _ = ask("POST", "/2020-01-01/extension/register", {"events": ["INVOKE", "SHUTDOWN"]},
                    Name=os.path.basename(sys.argv[0]))
me = headers["Lambda-Extension-Identifier"]
def subscribe(types, uri="http://sandbox.localdomain:8080/in", **more):
    return ask("PUT", "/2022-07-01/telemetry", {"schemaVersion": "2022-12-13", "types": types,
        "buffering": {"timeoutMs": 25}, "destination": {"protocol": "HTTP", "URI": uri}, **more}, Identifier=me)
BODY
say("hello from the extension")
while b"SHUTDOWN" not in ask("GET", "/2020-01-01/extension/event/next", None, Identifier=me)[2]: pass
"""


def subscriber(mark: str, body: str, limit: int = 1000) -> str:
    """An extension that runs `body` in its init and prints so many batches of what it is posted."""
    return SUBSCRIBER.replace("MARK", mark).replace("BODY", body).replace("LIMIT", str(limit))


def received(functions: Functions, mark: str) -> list[dict[str, Any]]:
    """The events that the extension was posted."""
    batches = [
        line.removeprefix(f"{mark} /in ")
        for line in functions.logged
        if line.startswith(f"{mark} ")
    ]
    return [event for batch in batches for event in json.loads(batch)]


def wait_for(functions: Functions, mark: str, event_type: str, count: int) -> None:
    async def until_it_is_there() -> None:
        while [e["type"] for e in received(functions, mark)].count(event_type) < count:  # noqa: ASYNC110
            await asyncio.sleep(0)

    functions.run(until_it_is_there())


def test_events_of_platform_and_function_are_posted(functions: Functions) -> None:
    body = "say(*subscribe(['platform', 'function'])[::2])"
    spec = functions.make(
        "python3.11", HANDLER, layer_files=[{"extensions/seer": subscriber("seen", body)}]
    )
    for each in (1, 2):
        assert functions.answer(spec, each) == each
    wait_for(functions, "seen", "platform.report", 2)
    assert "200 b'OK'\n" in functions.logged
    events = received(functions, "seen")
    by_type: dict[str, list[Any]] = {}
    for event in events:
        by_type.setdefault(event["type"], []).append(event["record"])
        assert event["time"].endswith("Z")
    assert by_type["platform.telemetrySubscription"] == [
        {"name": "seer", "state": "Subscribed", "types": ["function", "platform"]}
    ]
    assert by_type["platform.extension"] == [
        {"name": "seer", "state": "Ready", "events": ["INVOKE", "SHUTDOWN"]}
    ]
    (start,) = by_type["platform.initStart"]
    assert start.items() >= {
        ("initializationType", "on-demand"),
        ("phase", "init"),
        ("functionName", spec.function_name),
        ("functionVersion", "$LATEST"),
    }
    (done,) = by_type["platform.initRuntimeDone"]
    assert done == {"initializationType": "on-demand", "phase": "init", "status": "success"}
    (report,) = by_type["platform.initReport"]
    assert report == {**done, "metrics": report["metrics"]}
    assert report["metrics"]["durationMs"] > 0
    starts, reports = by_type["platform.start"], by_type["platform.report"]
    assert [each["requestId"] for each in starts] == [each["requestId"] for each in reports]
    assert [each["version"] for each in starts] == ["$LATEST", "$LATEST"]
    assert [each["status"] for each in by_type["platform.runtimeDone"]] == ["success", "success"]
    assert reports[0]["metrics"]["memorySizeMB"] == 256
    assert reports[0]["metrics"]["initDurationMs"] > 0
    assert "initDurationMs" not in reports[1]["metrics"]
    assert by_type["function"] == ["handling 1\n", "handling 2\n"]
    assert "extension" not in by_type
    order = [event["type"] for event in events]
    assert order[0] == "platform.initStart"
    assert order.index("platform.initReport") < order.index("platform.start")
    assert order.index("platform.start") < order.index("function") < order.index("platform.report")


def test_what_extensions_write_is_theirs(functions: Functions) -> None:
    # What it prints comes back to it: it prints one batch only.
    layer = {"extensions/hearer": subscriber("heard", "subscribe(['extension'])", limit=1)}
    spec = functions.make("python3.11", HANDLER, layer_files=[layer])
    assert functions.answer(spec, 1) == 1
    wait_for(functions, "heard", "extension", 1)
    assert "hello from the extension\n" in functions.logged
    assert {(event["type"], event["record"]) for event in received(functions, "heard")} == {
        ("extension", "hello from the extension\n")
    }


@pytest.mark.parametrize(
    "subscription",
    [
        "subscribe(['nothing'])",
        "subscribe([])",
        "subscribe(['function'], 'http://sandbox.localdomain:9001')",
        "subscribe(['function'], 'http://127.0.0.1:8080')",
        "subscribe(['function'], 'tcp://sandbox.localdomain:8080')",
        "subscribe(['function'], 'http://sandbox.localdomain:99999')",
        "subscribe(['function'], buffering={'timeoutMs': 1})",
        "subscribe(['function'], schemaVersion='1')",
        "subscribe(['function'], destination='x')",
        "ask('PUT', '/2022-07-01/telemetry', 5, Identifier=me)",
    ],
)
def test_what_is_no_subscription_is_refused(functions: Functions, subscription: str) -> None:
    body = f"say('refused', *{subscription}[::2])"
    layer = {"extensions/wrong": subscriber("wrong", body)}
    spec = functions.make("python3.11", HANDLER, layer_files=[layer])
    functions.answer(spec, 1)
    (said,) = [line for line in functions.logged if line.startswith("refused ")][-1:]
    assert said.startswith("refused 400 b'{")
    assert "ValidationError" in said


def test_strangers_and_latecomers_are_refused(functions: Functions) -> None:
    body = """
say("stranger", ask("PUT", "/2022-07-01/telemetry", {}, Identifier="nobody")[0])
ask("GET", "/2020-01-01/extension/event/next", None, Identifier=me)
say("latecomer", subscribe(["function"])[0])"""
    layer = {"extensions/late": subscriber("late", body)}
    spec = functions.make("python3.11", HANDLER, layer_files=[layer])
    functions.answer(spec, 1)
    functions.answer(spec, 2)  # begins when the extension asks again
    assert {"stranger 403\n", "latecomer 403\n"} <= set(functions.logged)


def test_a_listener_that_is_not_there_does_no_harm(functions: Functions) -> None:
    body = "say(subscribe(['platform', 'function'], 'http://sandbox.localdomain:8081')[0])"
    layer = {"extensions/deaf": subscriber("deaf", body)}
    spec = functions.make("python3.11", HANDLER, layer_files=[layer])
    for each in range(20):
        assert functions.answer(spec, each) == each

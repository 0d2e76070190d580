"""Bootstraps of functions on `provided` runtimes: real sandboxes, real clients of the Runtime API."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(120)]
Functions = Any  # the fixtures of conftest.py, which cannot be imported from here
Lacking = Any
Require = Any
AL2023 = "provided.al2023"

# The handler of AWS's tutorial on custom runtimes, with the runtime loop in one file.
SHELL = """#!/bin/sh
set -eu
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
echo "init of $_HANDLER"
while true; do
  HEADERS="$(mktemp)"
  EVENT=$(curl -sS -LD "$HEADERS" "$API/invocation/next")
  ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  echo "event $EVENT"
  curl -sS "$API/invocation/$ID/response" -d "{\\"got\\":$EVENT}" >/dev/null
done
"""
# A loop that hands every step to the function's own code.
PYTHON = """#!{python} -u
import base64, http.client, json, os, sys, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
RUNTIME = "/2018-06-01/runtime"
def ask(method, path, body=None, headers={{}}, **options):
    api.request(method, RUNTIME + path, body, headers, **options)
    answer = api.getresponse()
    return answer.status, answer.headers, answer.read()
def post(path, document, **headers):
    return ask("POST", path, json.dumps(document), {{k.replace("_", "-"): v for k, v in headers.items()}})
{init}
while True:
    _, headers, event = ask("GET", "/invocation/next")
    call = "/invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(event)
{body}
"""


def bootstrap(body: str, init: str = "") -> dict[str, str]:
    """A Python bootstrap that runs `body` for every event."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    return {"bootstrap": PYTHON.format(python=shutil.which("python3", path="/usr/bin") or sys.executable,
                                       init=init, body=indented)}  # fmt: skip


ECHO = bootstrap('post(call + "/response", event)')


@pytest.fixture(scope="module")
def require(lacking: Lacking) -> Callable[[str], str]:
    """The path of a program that a test cannot do without."""

    def find(tool: str) -> str:
        return shutil.which(tool) or lacking(f"{tool} is not installed")

    return find


def test_a_shell_script_serves_with_curl(functions: Functions, require: Require) -> None:
    require("curl")
    spec = functions.make(AL2023, {"bootstrap": SHELL}, handler="my.handler")
    cold = functions.call(spec, {"a": 1})
    assert json.loads(cold.payload) == {"got": {"a": 1}}, cold.log
    assert cold.init_ms is not None
    warm = functions.call(spec, [2])
    assert json.loads(warm.payload) == {"got": [2]}
    assert warm.init_ms is None
    assert "init of my.handler\n" in functions.logged
    lines = warm.log.decode().splitlines()
    assert lines[0].startswith("START ")
    assert lines[1] == "event [2]"
    assert lines[2].startswith("END ")
    assert re.search(r"^REPORT .*Max Memory Used: [1-9]\d* MB", lines[3])


@pytest.mark.parametrize("runtime", ["provided", "provided.al2", AL2023])
def test_every_id_of_the_family_is_served(functions: Functions, runtime: str) -> None:
    assert functions.answer(functions.make(runtime, ECHO), "é") == "é"


def test_a_bootstrap_in_a_layer_serves(functions: Functions) -> None:
    spec = functions.make(AL2023, {"data.txt": "mine"}, layer_files=[
        bootstrap('post(call + "/response", open("data.txt").read())')
    ])  # fmt: skip
    assert functions.answer(spec) == "mine"


def test_a_call_comes_with_its_headers_and_the_variables(functions: Functions) -> None:
    spec = functions.make(
        AL2023,
        bootstrap(
            'post(call + "/response", [dict(headers), dict(os.environ), os.getcwd(), time.time()])'
        ),
        environment={"OWN": "1"},
    )
    headers, variables, directory, now = functions.answer(
        spec, client_context='{"custom": {"k": "ü\\n"}}', trace_id="Root=1-5;Sampled=0"
    )
    assert headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["Lambda-Runtime-Aws-Request-Id"])
    assert 0 < int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - now <= spec.timeout_s
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == spec.function_arn
    assert headers["Lambda-Runtime-Trace-Id"] == "Root=1-5;Sampled=0"
    assert json.loads(headers["Lambda-Runtime-Client-Context"]) == {"custom": {"k": "ü\n"}}
    assert "Lambda-Runtime-Cognito-Identity" not in headers
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert variables["_HANDLER"] == "app.handler"
    assert variables["LAMBDA_TASK_ROOT"] == directory == "/var/task"
    assert variables["OWN"] == "1"
    assert "AWS_EXECUTION_ENV" not in variables


def test_errors_of_the_function_reach_the_client_as_they_are(functions: Functions) -> None:
    document = {"errorMessage": "no", "errorType": "My.Type", "stackTrace": ["a", "b"]}
    spec = functions.make(AL2023, bootstrap(
        'post(call + "/error", event, Lambda_Runtime_Function_Error_Type="Function.Mine")'
    ))  # fmt: skip
    assert functions.error(spec, document) == document
    assert functions.error(spec, document) == document  # the environment lives on
    assert len([line for line in functions.logged if line.startswith("INIT_START")]) > 0


def test_an_error_of_the_init_is_the_answer(functions: Functions) -> None:
    document = {"errorMessage": "no database", "errorType": "InitFault"}
    init = f"print(post('/init/error', {document!r})); time.sleep(60)"
    spec = functions.make(AL2023, bootstrap("", init))
    assert functions.error(spec) == document
    reports = [line for line in functions.logged if line.startswith("INIT_REPORT")][-2:]
    assert [re.sub(r"[\d.]+ ms", "N ms", line) for line in reports] == [
        f"INIT_REPORT Init Duration: N ms\tPhase: {phase}\tStatus: error\tError Type: InitFault\n"
        for phase in ("init", "invoke")
    ]


def _refusals(body: str) -> dict[str, str]:
    return bootstrap(
        f"""said = []
def note(answer): said.append([answer[0], json.loads(answer[2] or b"null")])
{body}
post(call + "/response", said)"""
    )


def test_what_is_out_of_order_is_refused_as_on_aws(functions: Functions) -> None:
    spec = functions.make(AL2023, _refusals("""
note(post("/invocation/nonsense/response", 1))
note(post("/invocation/11111111-2222-3333-4444-555555555555/error", {}))
note(ask("GET", "/invocation/next"))
note(post("/init/error", {}))"""))  # fmt: skip
    moves = "State transition from Running to {} failed for runtime. Error: State transition is not allowed"
    unknown = [400, {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}]
    assert functions.answer(spec) == [
        unknown,
        unknown,
        [403, {"errorMessage": moves.format("Ready"), "errorType": "InvalidStateTransition"}],
        [403, {"errorMessage": moves.format("InitError"), "errorType": "InvalidStateTransition"}],
    ]


def test_a_second_answer_is_refused(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap(
        """first = post(call + "/response", 1)
second = post(call + "/response", 2)
print(first[0], first[2], second[0], second[2])""", "print('start')"
    ))  # fmt: skip
    assert functions.answer(spec) == 1
    assert functions.answer(spec) == 1
    accepted = [line for line in functions.logged if line.startswith('202 b\'{"status":"OK"}')]
    assert "from RuntimeResponseSentState to InvocationResponse failed" in accepted[-1]


def test_unknown_paths_and_methods_are_refused(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap(
        """post(call + "/response", [ask("GET", "/nothing")[0], ask("GET", call + "/response")[0],
    ask("POST", "/invocation/next")[0]])"""
    ))  # fmt: skip
    assert functions.answer(spec) == [404, 405, 405]


def test_an_answer_that_is_too_large_is_refused_to_both(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap(
        """if event == "say": post(call + "/response", said)
else: said = [(a[0], json.loads(a[2])) for a in [post(call + "/response", "x" * event)]]"""
    ), memory_mib=512)  # fmt: skip
    assert functions.error(spec, 6_291_555) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert functions.answer(spec, "say") == [
        [413, {"errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
               "errorType": "RequestEntityTooLarge"}]
    ]  # fmt: skip
    assert len(functions.answer(spec, 6_291_554)) == 6_291_554


def test_six_megabytes_go_in_and_out(functions: Functions) -> None:
    event = "x" * 6_000_000
    assert functions.answer(functions.make(AL2023, ECHO, memory_mib=512), event) == event


STREAM = """def pieces():
    yield b'{"a":'
    yield b'"b"}'
api.putrequest("POST", RUNTIME + call + "/response")
for name, value in [("Lambda-Runtime-Function-Response-Mode", "streaming"), ("Transfer-Encoding", "chunked"),
                    ("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")]:
    api.putheader(name, value)
api.endheaders()
for piece in pieces():
    api.send(b"%x\\r\\n%s\\r\\n" % (len(piece), piece))
api.send(b"0\\r\\n")
for name, value in event.items():
    api.send(f"{name}: {value}\\r\\n".encode())
api.send(b"\\r\\n")
assert api.getresponse().read()"""


def test_an_ordinary_call_gathers_a_streamed_answer(functions: Functions) -> None:
    assert functions.answer(functions.make(AL2023, bootstrap(STREAM)), {}) == {"a": "b"}


def test_a_stream_that_breaks_off_is_an_error(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap(STREAM))
    body = "eyJlcnJvck1lc3NhZ2UiOiJicm9rZSIsImVycm9yVHlwZSI6IlguWSJ9"
    trailers = {
        "Lambda-Runtime-Function-Error-Type": "X.Y",
        "Lambda-Runtime-Function-Error-Body": body,
    }
    assert functions.error(spec, trailers) == {"errorMessage": "broke", "errorType": "X.Y"}
    trailers["Lambda-Runtime-Function-Error-Body"] = "not base64"
    assert functions.error(spec, trailers) == {"errorMessage": "", "errorType": "X.Y"}


@pytest.mark.parametrize(
    ("files", "error_type", "text"),
    [
        ({"boot": ""}, "Runtime.InvalidEntrypoint",
         "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ({"bootstrap": "no program"}, "Runtime.InvalidEntrypoint", "fork/exec /var/task/bootstrap: exec format error"),
        ({"bootstrap": "#!/no/such/interpreter\n"}, "Runtime.InvalidEntrypoint",
         "fork/exec /var/task/bootstrap: no such file or directory"),
        ({"bootstrap": "#!/bin/sh\nexit 127"}, "Runtime.ExitError", "Runtime exited with error: exit status 127"),
        ({"bootstrap": "#!/bin/sh\nexit 0"}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        (bootstrap("os._exit(3)"), "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        (bootstrap("x = bytearray(600 << 20)"), "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
    ],
)  # fmt: skip
def test_a_bootstrap_fails_and_is_served_again(
    functions: Functions, files: dict[str, str], error_type: str, text: str
) -> None:
    spec = functions.make(AL2023, files)
    for _ in range(2):
        error = functions.error(spec)
        assert error["errorType"] == error_type
        assert re.fullmatch(
            rf"RequestId: [0-9a-f-]{{36}} Error: {re.escape(text)}", error["errorMessage"]
        )


def test_a_bootstrap_inherits_nothing(functions: Functions) -> None:
    spec = functions.make(
        AL2023, bootstrap('post(call + "/response", sorted(os.listdir("/proc/self/fd")))')
    )
    # Its script, its connection and the listing itself are its own.
    assert functions.answer(spec) == ["0", "1", "2", "3", "4"]


def test_a_call_over_its_timeout_is_killed(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap("print('in'); time.sleep(60)"), timeout_s=1)
    outcome = functions.call(spec)
    assert json.loads(outcome.payload)["errorType"] == "Sandbox.Timedout"
    assert "in\n" in outcome.log.decode()


def test_the_answer_of_a_bootstrap_that_then_exits_is_not_lost(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap('post(call + "/response", 1); os._exit(1)'))
    assert [functions.answer(spec) for _ in range(3)] == [1, 1, 1]


def test_the_listener_takes_a_bounded_number_of_connections(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap(
        """import socket
def probe():
    sock = socket.create_connection(("127.0.0.1", 9001)); sock.settimeout(0.5)
    kept.append(sock)
    sock.sendall(b"GET /2018-06-01/runtime/nothing HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    try: return bool(sock.recv(10))
    except ConnectionError: return False
kept = []
post(call + "/response", [probe() for _ in range(80)])"""
    ))  # fmt: skip
    answers = functions.answer(spec)
    assert answers[:60] == [True] * 60
    assert answers[-10:] == [False] * 10


def test_what_is_not_http_gets_400_and_the_function_goes_on(functions: Functions) -> None:
    spec = functions.make(AL2023, bootstrap(
        """import socket
def probe(data):
    sock = socket.create_connection(("127.0.0.1", 9001))
    sock.sendall(data)
    return sock.makefile("rb").read().split(b"\\r\\n")[0].decode()
post(call + "/response", [probe(b"nonsense\\r\\n\\r\\n"),
    probe(b"GET / HTTP/1.1\\r\\nX: " + b"x" * 100000 + b"\\r\\n\\r\\n")])"""
    ))  # fmt: skip
    assert functions.answer(spec) == ["HTTP/1.1 400 Bad Request"] * 2


C_SOURCE = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
/* One connection, one call at a time: the least that a runtime can be. */
static char buffer[65536];
static int ask(int s, const char *request) {
  int length = 0, body = -1, wanted = 0;
  write(s, request, strlen(request));
  for (;;) {
    int n = read(s, buffer + length, sizeof buffer - 1 - length);
    if (n <= 0) exit(9);
    buffer[length += n] = 0;
    char *end = strstr(buffer, "\r\n\r\n");
    if (end && body < 0) {
      body = end + 4 - buffer;
      char *field = strcasestr(buffer, "\r\ncontent-length:");
      wanted = body + atoi(field + 17);
    }
    if (body >= 0 && length >= wanted) return body;
  }
}
int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9001)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(s, (struct sockaddr *)&address, sizeof address)) return 8;
  for (;;) {
    static char id[64], event[4096], request[8192];
    int body = ask(s, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\n\r\n");
    sscanf(strcasestr(buffer, "aws-request-id:") + 15, " %63[^\r]", id);
    snprintf(event, sizeof event, "{\"c\":%s}", buffer + body);
    snprintf(request, sizeof request, "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\n"
             "Host: a\r\nContent-Length: %zu\r\n\r\n%s", id, strlen(event), event);
    ask(s, request);
  }
}
"""


def test_a_static_binary_serves(functions: Functions, require: Require, tmp_path: Path) -> None:
    compiler = require("gcc")
    (tmp_path / "b.c").write_text(f"#define _GNU_SOURCE\n{C_SOURCE}")
    subprocess.run(
        [compiler, "-static", "-w", "-o", tmp_path / "b", tmp_path / "b.c"],
        check=True,
        cwd=tmp_path,
    )
    spec = functions.make(AL2023, {"bootstrap": (tmp_path / "b").read_bytes()})
    assert functions.answer(spec, {"a": [1]}) == {"c": {"a": [1]}}
    assert functions.answer(spec, 2) == {"c": 2}


def test_the_official_python_client_serves(
    functions: Functions, awslambdaric: dict[str, bytes], lacking: Lacking
) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = functions.runtimes[version]
    source = """
def handler(event, context):
    print("in", event)
    if event == "fail":
        raise ValueError("boom")
    return [event, context.aws_request_id, context.invoked_function_arn, context.memory_limit_in_mb,
            context.get_remaining_time_in_millis(), context.client_context.custom]
"""
    if not Path(found["interpreter"]).is_relative_to("/usr"):
        lacking("the Python that the client was installed for is not shown in sandboxes")
    start = f'#!/bin/sh\nexec {found["interpreter"]} -m awslambdaric "$_HANDLER"\n'
    files: dict[str, str | bytes] = {**awslambdaric, "app.py": source, "bootstrap": start}
    spec = functions.make(AL2023, files)
    event, call, arn, memory, left, custom = functions.answer(
        spec, {"a": 1}, client_context='{"custom": {"k": "v"}}'
    )
    assert (event, arn, memory, custom) == ({"a": 1}, spec.function_arn, "256", {"k": "v"})
    assert re.fullmatch(r"[0-9a-f-]{36}", call)
    assert 0 < left <= 20_000
    error = functions.error(spec, "fail")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "boom")
    assert error["stackTrace"]
    large = "x" * 3_000_000
    assert functions.answer(spec, large, client_context='{"custom": {}}')[0] == large

"""The Node bootstrap as core sees it: a real `node` on a frame socket, without a sandbox around it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lambent.execution
from lambent.execution.frames import ANSWER_LIMIT, HEADER, FrameType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOOTSTRAP = Path(lambent.execution.__file__).parent / "runtimes" / "node" / "bootstrap.js"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None and "CI" not in os.environ, reason="no node")
REQUEST = bytes(range(16))
REQUEST_ID = "00010203-0405-0607-0809-0a0b0c0d0e0f"
ARN = "arn:aws:lambda:eu-west-1:1:function:f"


class Node:
    """A bootstrap that has sent READY."""

    def __init__(self, task_root: Path) -> None:
        self.task_root = task_root
        self.socket, inner = socket.socketpair()
        self.socket.settimeout(10)
        self.log, log_in = os.pipe()
        # The shell puts the socket where the sandbox has it: on descriptor 3.
        shell = f'exec "$0" "$1" 3<&{inner.fileno()} {inner.fileno()}<&-'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", shell, str(NODE), str(BOOTSTRAP)],
            pass_fds=(inner.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=log_in,
            stderr=log_in,
        )
        inner.close()
        os.close(log_in)
        assert self.receive()[0] == FrameType.READY

    def receive(self) -> tuple[int, bytes, bytes]:
        length, kind, request, _ = HEADER.unpack(self._exactly(HEADER.size))
        return kind, request, self._exactly(length)

    def send(self, kind: int, payload: bytes, deadline_ms: int = 0) -> None:
        request = REQUEST if kind == FrameType.INVOKE else bytes(16)
        self.socket.sendall(HEADER.pack(len(payload), kind, request, deadline_ms) + payload)

    def init(self, handler: str = "index.handler", **variables: str) -> tuple[int, bytes]:
        document = {
            "handler": handler,
            "environment": {"PATH": "/usr/bin", **variables},
            "function_name": "f",
            "function_version": "$LATEST",
            "function_arn": ARN,
            "memory_mib": 128,
            "timeout_s": 3,
            "log_group": "/aws/lambda/f",
            "log_stream": "stream",
            "task_root": str(self.task_root),
        }
        self.send(FrameType.ASSIGN, json.dumps(document).encode())
        self.send(FrameType.BOUND, b"")
        kind, _, payload = self.receive()
        return kind, payload

    def invoke(
        self, event: Any = None, metadata: dict[str, Any] | None = None
    ) -> tuple[int, bytes, bytes]:
        head = json.dumps({"invoked_function_arn": ARN} | (metadata or {})).encode()
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        payload = struct.pack("<H", len(head)) + head + raw
        self.send(FrameType.INVOKE, payload, int(time.time() * 1000) + 3000)
        return self.receive()

    def answer(self, event: Any = None, **metadata: Any) -> Any:
        kind, request, payload = self.invoke(event, metadata)
        assert (kind, request) == (FrameType.RESULT, REQUEST), payload
        return json.loads(payload)

    def error(self, event: Any = None) -> Any:
        kind, request, payload = self.invoke(event)
        assert (kind, request) == (FrameType.ERROR, REQUEST), payload
        return json.loads(payload)

    def logged(self) -> str:
        """What lies in the log now: everything of the invocations that have been answered."""
        os.set_blocking(self.log, False)
        try:
            return os.read(self.log, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def ended(self) -> int:
        with self.socket:
            assert self.socket.recv(1) == b""
        return self.process.wait(10)

    def _exactly(self, length: int) -> bytes:
        pieces = b""
        while len(pieces) < length:
            piece = self.socket.recv(min(length - len(pieces), 1 << 20))
            if not piece:
                raise EOFError(self.logged())
            pieces += piece
        return pieces


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Starts a bootstrap on the given files: name -> source; `code` is index.js."""
    started: list[Node] = []

    def start(code: str = "", files: dict[str, str] | None = None) -> Node:
        sources = {"index.js": code} if code else {}
        for name, text in {**sources, **(files or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        started.append(Node(tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.socket.close()
        each.process.kill()
        each.process.wait()
        os.close(each.log)


@contextmanager
def ready(made: Node, handler: str = "index.handler", **variables: str) -> Iterator[Node]:
    kind, payload = made.init(handler, **variables)
    assert kind == FrameType.INIT_DONE, payload
    yield made


Start = Any


@pytest.mark.parametrize(
    "code",
    [
        "exports.handler = async (event) => ({got: event})",
        "exports.handler = (event) => Promise.resolve({got: event})",
        "exports.handler = (event, context, callback) => callback(null, {got: event})",
        "exports.handler = (e, c, callback) => setTimeout(() => callback(null, {got: e}), 5)",
        "exports.handler = (event, context) => context.succeed({got: event})",
        "exports.handler = (event, context) => context.done(null, {got: event})",
        "exports.handler = (e, context) => { setTimeout(() => context.succeed({got: e}), 5) }",
    ],
)
def test_every_style_of_handler_answers(node: Start, code: str) -> None:
    with ready(node(code)) as made:
        assert made.answer({"a": [1, "é"]}) == {"got": {"a": [1, "é"]}}
        assert made.answer("again") == {"got": "again"}


def test_init_finds_nothing_of_what_was_rehearsed(node: Start) -> None:
    code = """
    const found = {
      variables: Object.keys(process.env).filter((name) => name !== 'PATH'),
      directory: process.cwd(),
      cached: Object.keys(require.cache).filter((name) => name.includes('warm')),
      // Node itself has one.
      isClosed: require('fs').readdirSync('/proc/self/fd').filter(leadsNowhere).length <= 2,
      zone: new Date(0).getHours(),
    };
    function leadsNowhere(descriptor) {
      try {
        return require('fs').readlinkSync(`/proc/self/fd/${descriptor}`) === '/dev/null';
      } catch (gone) {
        return false;
      }
    }
    console.log('by INIT');
    exports.handler = async () => found;
    """
    with ready(node(code), TZ="Asia/Tokyo") as made:
        assert made.answer({}) == {
            "variables": ["TZ"],
            "directory": str(made.task_root),
            "cached": [],
            "isClosed": True,
            "zone": 9,
        }
        assert "\tundefined\tINFO\tby INIT\n" in made.logged()


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("exports.handler = () => 'a plain return value'", None),
        ("exports.handler = async () => undefined", None),
        ("exports.handler = async () => () => 1", None),
        ("exports.handler = () => new Promise(() => {})", None),
        ("exports.handler = (e, c, callback) => callback()", None),
        ("exports.handler = async () => 'text'", "text"),
        ("exports.handler = async () => 2 ** 53", 2**53),
    ],
)
def test_what_counts_as_an_answer(node: Start, code: str, answer: object) -> None:
    with ready(node(code)) as made:
        assert made.answer() == answer
        assert made.answer() == answer


def test_a_callback_waits_for_the_empty_event_loop_unless_told_not_to(node: Start) -> None:
    code = """
    let fired = 0;
    exports.handler = (event, context, callback) => {
      context.callbackWaitsForEmptyEventLoop = event.waits;
      const before = fired;
      setTimeout(() => { fired += 1 }, 20);
      callback(null, before);
      if (event.waits) exports.seen = () => fired;
    }
    """
    with ready(node(code)) as made:
        assert made.answer({"waits": True}) == 0
        # The timer of the first call ran before its answer went out.
        assert made.answer({"waits": False}) == 1
        # That of the second was stopped with the environment, and resumes in a later call.
        assert made.answer({"waits": True}) == 1
        assert made.answer({"waits": True}) == 3


def test_only_the_first_answer_counts(node: Start) -> None:
    code = """
    exports.handler = (event, context) => {
      context.succeed(1); context.succeed(2); context.fail(new Error('late'));
    }
    """
    with ready(node(code)) as made:
        assert made.answer() == 1
        assert made.answer() == 1


@pytest.mark.parametrize(
    "body",
    [
        "callback(null, 'first'); callback(null, 'second')",
        "callback(null, 'first'); context.done(null, 'second')",
        "callback(null, 'first'); context.fail(new Error('late'))",
        "callback(null, 'first'); return 'second'",
        "setTimeout(() => callback(null, 'second'), 5); return 'first'",
    ],
)
@pytest.mark.parametrize("style", ["async", ""])
def test_the_way_to_answer_that_was_used_first_counts(node: Start, body: str, style: str) -> None:
    if not style and body.startswith("setTimeout"):
        body = body.replace("return 'first'", "context.succeed('first')")
    code = f"exports.handler = {style} (event, context, callback) => {{ {body} }}"
    with ready(node(code)) as made:
        assert made.answer() == "first"
        assert made.answer() == "first"


def test_an_error_of_a_callback_does_not_wait(node: Start) -> None:
    code = """
        let fired = 0;
        exports.handler = (event, context, callback) => {
          setTimeout(() => { fired += 1 }, 20);
          callback(event ? new Error(String(fired)) : null, fired);
        }
    """
    with ready(node(code)) as made:
        assert made.error(1)["errorMessage"] == "0"
        assert made.error(1)["errorMessage"] == "0"


@pytest.mark.parametrize(
    "body", ["return Promise.reject()", "return Promise.reject(null)", "context.fail()"]
)
def test_to_fail_without_an_error_is_handled(node: Start, body: str) -> None:
    with ready(node(f"exports.handler = (event, context) => {{ {body} }}")) as made:
        assert made.error() == {"errorType": "string", "errorMessage": "handled", "trace": []}


_MODERN = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}


@pytest.mark.parametrize(
    "code",
    [
        "exports.handler = (event) => ({got: event})",
        "exports.handler = async (event) => ({got: event})",
        "exports.handler = (event, context) => Promise.resolve({got: event})",
    ],
)
def test_from_node_24_on_what_is_returned_is_the_answer(node: Start, code: str) -> None:
    with ready(node(code), **_MODERN) as made:
        assert made.answer(1) == {"got": 1}
        assert made.answer(2) == {"got": 2}


def test_from_node_24_on_there_are_no_callbacks(node: Start) -> None:
    kind, payload = node("exports.handler = (event, context, callback) => {}").init(**_MODERN)
    document = json.loads(payload)
    assert (kind, document["errorType"]) == (FrameType.ERROR, "Runtime.CallbackHandlerDeprecated")
    assert document["errorMessage"].startswith(
        "ERROR: AWS Lambda has removed support for callback-based function handlers"
    )
    code = "exports.handler = (event, context) => Object.keys(context)"
    with ready(node(code), **_MODERN) as made:
        keys = made.answer()
        assert "awsRequestId" in keys
        assert not {"callbackWaitsForEmptyEventLoop", "succeed", "fail", "done"} & set(keys)


def test_errors_from_node_24_on(node: Start) -> None:
    code = """
        exports.handler = (event) => {
          if (event === 'throw') throw new RangeError('no');
          if (event === 'reject') return Promise.reject(null);
          return event === 'big' ? 1n : new Promise(() => {});
        }
    """
    with ready(node(code), **_MODERN) as made:
        assert made.error("throw")["errorType"] == "RangeError"
        assert made.error("reject")["errorMessage"] == "null"
        assert made.error("big")["errorType"] == "Runtime.JSONStringifyError"
        with pytest.raises(EOFError):
            made.invoke()  # the loop has run empty, and the process has ended with it
        assert made.process.wait(10) == 0


def test_the_trace_header_is_that_of_the_call(node: Start) -> None:
    code = "exports.handler = async () => process.env._X_AMZN_TRACE_ID"
    with ready(node(code)) as made:
        assert made.answer(trace_id="Root=1") == "Root=1"
        assert made.answer() is None


@pytest.mark.parametrize(
    "code",
    [
        "exports.handler = async () => { throw new TypeError('boom') }",
        "exports.handler = () => { throw new TypeError('boom') }",
        "exports.handler = (e, c, callback) => callback(new TypeError('boom'))",
        "exports.handler = (e, context) => context.fail(new TypeError('boom'))",
        "exports.handler = (e, context) => context.done(new TypeError('boom'))",
    ],
)
def test_an_error_has_awss_shape_and_line(node: Start, code: str) -> None:
    with ready(node(code)) as made:
        error = made.error()
        assert error["errorType"] == "TypeError"
        assert error["errorMessage"] == "boom"
        assert error["trace"][0] == "TypeError: boom"
        assert f"({made.task_root}/index.js:1:" in error["trace"][1]
        assert list(error) == ["errorType", "errorMessage", "trace"]
        time_, request, level, message, shown = made.logged().rstrip("\n").split("\t")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time_)
        assert (request, level, message) == (REQUEST_ID, "ERROR", "Invoke Error ")
        logged = json.loads(shown)
        assert list(logged) == ["errorType", "errorMessage", "stack"]
        assert logged["stack"] == error["trace"]
        assert made.error()["errorMessage"] == "boom"  # the environment lives on


def test_what_is_no_error_has_its_type_as_its_name(node: Start) -> None:
    with ready(node("exports.handler = (e, c, callback) => callback('oops')")) as made:
        assert made.error() == {"errorType": "string", "errorMessage": "oops", "trace": []}


def test_an_answer_that_has_no_json_is_an_error(node: Start) -> None:
    with ready(node("exports.handler = async () => { const a = {}; a.a = a; return a }")) as made:
        assert made.error()["errorMessage"] == "Unable to stringify response body"


def test_an_unhandled_rejection_ends_the_environment(node: Start) -> None:
    code = """
    exports.handler = (event, context, callback) => { Promise.reject(new Error('lost')) }
    """
    with ready(node(code)) as made:
        kind, request, payload = made.invoke()
        assert (kind, request) == (FrameType.ERROR, bytes(16))
        error = json.loads(payload)
        assert error["errorType"] == "Runtime.UnhandledPromiseRejection"
        assert error["errorMessage"] == "Error: lost"
        assert error["trace"][0] == "Runtime.UnhandledPromiseRejection: Error: lost"
        assert made.ended() == 128
        assert "\tERROR\tUnhandled Promise Rejection \t{" in made.logged()


def test_an_uncaught_exception_ends_the_environment(node: Start) -> None:
    code = "exports.handler = () => { setTimeout(() => { throw new RangeError('late') }, 1) }"
    with ready(node(code)) as made:
        kind, request, payload = made.invoke()
        assert (kind, request) == (FrameType.ERROR, bytes(16))
        assert json.loads(payload)["errorType"] == "RangeError"
        assert made.ended() == 129
        assert f"{REQUEST_ID}\tERROR\tUncaught Exception \t{{" in made.logged()


def test_process_exit_just_ends(node: Start) -> None:
    with ready(node("exports.handler = async () => process.exit(7)")) as made:
        with pytest.raises(EOFError):
            made.invoke()
        assert made.process.wait(10) == 7


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"index.mjs": "export const handler = async () => 'here'"}, "index.handler"),
        (
            {
                "package.json": '{"type": "module"}',
                "index.js": "await 1; export const handler = async () => 'here'",
            },
            "index.handler",
        ),
        ({"index.cjs": "exports.handler = async () => 'here'"}, "index.handler"),
        (
            {
                "a/b/app.js": "exports.run = async () => require('./c')",
                "a/b/c.js": "module.exports = 'here'",
            },
            "a/b/app.run",
        ),
        ({"index.js": "exports.api = {v1: {get: async () => 'here'}}"}, "index.api.v1.get"),
        ({"node_modules/dep/index.js": "exports.go = async () => 'here'"}, "dep.go"),
    ],
)  # fmt: skip
def test_handlers_are_found_as_aws_finds_them(
    node: Start, files: dict[str, str], handler: str
) -> None:
    with ready(node(files=files), handler) as made:
        assert made.answer() == "here"


@pytest.mark.parametrize(
    ("files", "handler", "error_type", "message"),
    [
        ({}, "index.handler", "Runtime.ImportModuleError",
         r"Error: Cannot find module 'index'\nRequire stack:\n- /.*"),
        ({"index.js": "require('nope')"}, "index.handler", "Runtime.ImportModuleError",
         r"Error: Cannot find module 'nope'\nRequire stack:\n- /.*/index.js\n.*"),
        ({"index.js": "exports.other = 1"}, "index.handler", "Runtime.HandlerNotFound",
         r"index\.handler is undefined or not exported"),
        ({"index.js": "exports.handler = 1"}, "index.handler", "Runtime.HandlerNotFound",
         r"index\.handler is not a function"),
        ({"index.js": "exports.handler = ("}, "index.handler", "Runtime.UserCodeSyntaxError",
         r"SyntaxError: Unexpected (token|end).*"),
        ({"index.mjs": "export const handler = ("}, "index.handler", "Runtime.UserCodeSyntaxError",
         r"SyntaxError: Unexpected (token|end).*"),
        ({"index.js": "1"}, "index", "Runtime.MalformedHandlerName", "Bad handler"),
        ({"index.js": "1"}, "../index.handler", "Runtime.MalformedHandlerName",
         r"'\.\./index\.handler' is not a valid handler name\. .*"),
        ({"index.js": "throw new RangeError('at init')"}, "index.handler", "RangeError", "at init"),
    ],
)  # fmt: skip
def test_a_failed_init_says_why(
    node: Start, files: dict[str, str], handler: str, error_type: str, message: str
) -> None:
    made = node(files=files)
    kind, payload = made.init(handler)
    assert kind == FrameType.ERROR
    error = json.loads(payload)
    assert error["errorType"] == error_type
    assert re.fullmatch(message, error["errorMessage"], re.DOTALL)
    assert made.ended() == 129
    logged = made.logged()
    assert "\tundefined\tERROR\tUncaught Exception \t{" in logged
    assert json.loads(logged.split("\t")[-1])["errorType"] == error_type


def test_the_context_has_awss_members(node: Start) -> None:
    code = """
    exports.handler = async (event, context) => ({
      json: JSON.parse(JSON.stringify(context)),
      left: context.getRemainingTimeInMillis(),
      client: context.clientContext,
      functions: Object.keys(context).filter((key) => typeof context[key] === 'function'),
    })
    """
    with ready(node(code)) as made:
        answer = made.answer(client_context='{"custom": {"k": 1}}', invoked_function_arn=f"{ARN}:1")
        assert answer["json"] == {
            "callbackWaitsForEmptyEventLoop": True,
            "functionVersion": "$LATEST",
            "functionName": "f",
            "memoryLimitInMB": "128",
            "logGroupName": "/aws/lambda/f",
            "logStreamName": "stream",
            "clientContext": {"custom": {"k": 1}},
            "invokedFunctionArn": f"{ARN}:1",
            "awsRequestId": REQUEST_ID,
        }
        assert 0 < answer["left"] <= 3000
        assert sorted(answer["functions"]) == [
            "done",
            "fail",
            "getRemainingTimeInMillis",
            "succeed",
        ]


def test_console_lines_carry_time_request_and_level(node: Start) -> None:
    code = """
    console.log('at init');
    exports.handler = async () => {
      console.log('a %s b', 1, {c: 2});
      console.info('i'); console.warn('w'); console.error('e'); console.debug('d');
      console.log('two\\nlines');
    }
    """
    with ready(node(code)) as made:
        made.answer()
        lines = [line.split("\t", 1)[1] for line in made.logged().split("\n")[:-1]]
        assert lines[0] == "undefined\tINFO\tat init"
        assert [line.removeprefix(REQUEST_ID) for line in lines[1:]] == [
            "\tINFO\ta 1 b { c: 2 }",
            "\tINFO\ti",
            "\tWARN\tw",
            "\tERROR\te",
            "\tDEBUG\td",
            "\tINFO\ttwo\rlines",
        ]


_JSON = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}


def _json_lines(made: Node) -> list[dict[str, Any]]:
    """The lines of the log, without their times."""
    lines = [json.loads(line) for line in made.logged().splitlines()]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    return lines


def test_console_lines_in_json(node: Start) -> None:
    code = """
        console.log('early');
        exports.handler = async () => {
          console.info('two\\nlines');
          console.warn('%s is %j', 'it', {a: 1});
          console.debug({b: [1]});
          console.log(undefined);
          console.trace(1n);
          console.fatal('end');
        };
    """
    with ready(node(code), **_JSON) as made:
        made.answer()
        about = {"requestId": REQUEST_ID}
        assert _json_lines(made) == [
            {"level": "INFO", "requestId": "undefined", "message": "early"},
            {"level": "INFO", **about, "message": "two\nlines"},
            {"level": "WARN", **about, "message": 'it is {"a":1}'},
            {"level": "DEBUG", **about, "message": {"b": [1]}},
            {"level": "INFO", **about},
            {"level": "TRACE", **about, "message": "1n"},
            {"level": "FATAL", **about, "message": "end"},
        ]


def test_errors_that_are_logged_in_json(node: Start) -> None:
    code = """
        exports.handler = async () => {
          const error = Object.assign(new TypeError('no'), {code: 'E1'});
          console.error(error);
          console.error('it failed:', error);
        };
    """
    with ready(node(code), **_JSON) as made:
        made.answer()
        alone, beside = _json_lines(made)
        stack = alone["message"].pop("stackTrace")
        assert stack[0] == "TypeError: no"
        assert "index.js:3" in stack[1]
        basics = {"errorType": "TypeError", "errorMessage": "no"}
        assert alone["message"] == {**basics, "code": "E1"}
        assert beside.pop("message").startswith("it failed: TypeError: no\n    at ")
        assert beside == {
            "level": "ERROR",
            "requestId": REQUEST_ID,
            "stackTrace": stack,
            **basics,
        }


def test_a_handler_that_fails_in_json(node: Start) -> None:
    code = "exports.handler = async (event) => { throw event ? 'text' : new RangeError('no') }"
    with ready(node(code), **_JSON) as made:
        made.error(0)
        made.error(1)
        error, text = _json_lines(made)
        assert error["level"] == "ERROR"
        assert error["message"]["errorType"] == "RangeError"
        assert error["message"]["stackTrace"][0] == "RangeError: no"
        assert text["message"]["errorMessage"] == "text"


def test_a_failed_init_in_json(node: Start) -> None:
    made = node("require('./missing')")
    kind, payload = made.init(**_JSON)
    assert kind == FrameType.ERROR
    (line,) = _json_lines(made)
    assert line["message"]["errorType"] == "ImportModuleError"
    assert line["message"]["errorMessage"] == json.loads(payload)["errorMessage"]
    assert "name" not in line["message"]


@pytest.mark.parametrize(
    ("level", "seen"), [("TRACE", 6), ("DEBUG", 5), ("INFO", 4), ("WARN", 3), ("FATAL", 1)]
)
def test_lines_below_the_level_are_left_out(node: Start, level: str, seen: int) -> None:
    methods = "['trace', 'debug', 'info', 'warn', 'error', 'fatal']"
    code = f"exports.handler = async () => {{ {methods}.forEach((each) => console[each](each)) }}"
    with ready(node(code), **_JSON, AWS_LAMBDA_LOG_LEVEL=level) as made:
        made.answer()
        assert len(_json_lines(made)) == seen


def test_output_straight_to_the_streams_is_out_before_the_answer(node: Start) -> None:
    code = """
    exports.handler = async () => {
      process.stdout.write('x'.repeat(40000)); process.stderr.write('y\\n');
    }
    """
    with ready(node(code)) as made:
        made.answer()
        assert made.logged() == "x" * 40000 + "y\n"


def test_a_handler_may_close_its_output(node: Start) -> None:
    code = """
    const fs = require('fs');
    exports.handler = async () => {
      fs.closeSync(1); fs.closeSync(2);
      console.log('into the void');
      return 'still here';
    }
    """
    with ready(node(code)) as made:
        assert made.answer() == "still here"


def test_the_environment_is_exactly_what_was_assigned(node: Start) -> None:
    code = "exports.handler = async () => ({env: process.env, cwd: process.cwd()})"
    with ready(node(code), A="1", TZ="Asia/Tokyo") as made:
        answer = made.answer(trace_id="Root=1-2")
        assert answer["env"] == {
            "PATH": "/usr/bin",
            "A": "1",
            "TZ": "Asia/Tokyo",
            "_X_AMZN_TRACE_ID": "Root=1-2",
        }
        assert answer["cwd"] == str(made.task_root)


def test_modules_of_a_layer_are_found(node: Start, tmp_path: Path) -> None:
    made = node(
        "exports.handler = async () => require('dep')",
        files={"layer/dep.js": "module.exports = 'from the layer'"},
    )
    with ready(made, NODE_PATH=str(tmp_path / "layer")):
        assert made.answer() == "from the layer"


def test_payloads_at_the_limit_pass_both_ways(node: Start) -> None:
    with ready(node("exports.handler = async (event) => 'x'.repeat(event.length)")) as made:
        assert made.answer("y" * (ANSWER_LIMIT - 2)) == "x" * (ANSWER_LIMIT - 2)
        error = made.error("y" * (ANSWER_LIMIT - 1))
        assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_an_empty_event_is_an_empty_object(node: Start) -> None:
    with ready(node("exports.handler = async (event) => event")) as made:
        assert made.answer(b"") == {}


def test_when_core_goes_the_process_goes(node: Start) -> None:
    with ready(node("setInterval(() => {}, 1000); exports.handler = async () => 1")) as made:
        made.answer()
        made.socket.close()
        assert made.process.wait(10) == 0

"""What a Python function sees and answers: AWS's shapes, on a real sandbox."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_INIT_DONE, _RESULT, _ERROR = 2, 4, 5


def _init_error(driver: Any, files: dict[str, str], **changes: Any) -> tuple[dict[str, Any], str]:
    """The error that INIT ends with, and what was logged; the runtime exits with 1 afterwards."""
    box = driver.create(changes.pop("runtime", "python3.11"))
    assert box.assign(driver.seal(files), **changes)["event"] == "assigned"
    kind, _, payload = box.receive()
    assert kind == _ERROR
    log = box.logged()
    assert driver.wait_for("exited", box.name)["status"] == 1
    return json.loads(payload), log


@pytest.mark.parametrize(
    ("files", "handler", "kind", "message"),
    [
        (
            {"a.py": ""},
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'app'",
        ),
        (
            {"app.py": "import missing_thing"},
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'missing_thing'",
        ),
        (
            {"app.py": "x = 1"},
            "app.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
        ),
        (
            {"app.py": "x = 1"},
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        (
            {"app.py": "x = 1"},
            "sys.exit",
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module",
        ),
    ],
)
def test_init_faults(
    driver: Any, files: dict[str, str], handler: str, kind: str, message: str
) -> None:
    document, log = _init_error(driver, files, handler=handler)
    assert document == {
        "errorMessage": message,
        "errorType": kind,
        "requestId": "",
        "stackTrace": [],
    }
    assert f"[ERROR] {kind}: {message}\rTraceback (most recent call last):\n" in log
    assert re.search(r"^\[WARNING\]\t\S+Z\t\tLAMBDA_WARNING: Unhandled exception\.", log)


def test_syntax_error(driver: Any) -> None:
    document, _ = _init_error(driver, {"app.py": "x = 1\ndef handler(:\n"})
    assert document["errorType"] == "Runtime.UserCodeSyntaxError"
    assert re.fullmatch(
        r"Syntax error in module 'app': invalid syntax \(app\.py, line 2\)",
        document["errorMessage"],
    )
    assert document["stackTrace"] == ['  File "/var/task/app.py" Line 2\n    def handler(:\n']


def test_an_exception_in_init_keeps_its_own_type(driver: Any) -> None:
    document, log = _init_error(driver, {"app.py": "print('starting')\n1 / 0\n"})
    assert (document["errorType"], document["errorMessage"]) == (
        "ZeroDivisionError",
        "division by zero",
    )
    assert (
        document["stackTrace"][-1] == '  File "/var/task/app.py", line 2, in <module>\n    1 / 0\n'
    )
    assert "importlib" in document["stackTrace"][0]
    assert "bootstrap.py" not in log
    assert log.startswith("starting\n")


def test_system_exit_in_init_ends_the_process(driver: Any) -> None:
    box = driver.create()
    box.assign(driver.seal({"app.py": "import sys\nsys.exit(5)\n"}))
    assert box.receive()[0] == -1
    assert driver.wait_for("exited", box.name)["status"] == 5


def test_a_handler_in_a_package(driver: Any) -> None:
    files = {"pkg/sub/mod.py": "def fn(event, context):\n    return event\n"}
    for handler in ("pkg/sub/mod.fn", "pkg.sub.mod.fn"):
        box = driver.function(files, handler=handler)
        assert box.invoke(b'{"a": [1, 2]}') == (_RESULT, b'{"a": [1, 2]}')


def test_handler_error(driver: Any) -> None:
    source = (
        "def inner():\n    raise ValueError('no good')\ndef handler(event, context):\n    inner()\n"
    )
    box = driver.function({"app.py": source})
    request_kind, payload = box.invoke(b"{}")
    document = json.loads(payload)
    assert request_kind == _ERROR
    assert list(document) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (document["errorMessage"], document["errorType"]) == ("no good", "ValueError")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["requestId"])
    assert document["stackTrace"] == [
        '  File "/var/task/app.py", line 4, in handler\n    inner()\n',
        "  File \"/var/task/app.py\", line 2, in inner\n    raise ValueError('no good')\n",
    ]
    space = "\u00a0"
    assert box.logged() == (  # one event: core makes line feeds of carriage returns
        "[ERROR] ValueError: no good\r"
        "Traceback (most recent call last):\r"
        f'{space * 2}File "/var/task/app.py", line 4, in handler\r'
        f"{space * 4}inner()\r"
        f'{space * 2}File "/var/task/app.py", line 2, in inner\r'
        f"{space * 4}raise ValueError('no good')\n"
    )
    assert box.invoke(b"{}")[0] == _ERROR  # it lives on


_SHAPES = """
import collections, datetime, decimal, enum
Pair = collections.namedtuple("Pair", "a b")
Number = enum.IntEnum("Number", "ONE")
class Like:
    def _asdict(self):
        return {"like": (Number.ONE,)}
"""


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        ("async def handler(event, context):\n    return 1\n", "coroutine"),
        ("def handler(event, context):\n    yield 1\n", "generator"),
        ("async def handler(event, context):\n    yield 1\n", "async_generator"),
    ],
)
def test_handlers_that_answer_later_have_no_answer(driver: Any, definition: str, kind: str) -> None:
    code, payload = driver.function({"app.py": definition}).invoke(b"{}")
    document = json.loads(payload)
    assert (code, document["errorType"]) == (_ERROR, "Runtime.MarshalError")
    assert document["errorMessage"] == (
        f"Unable to marshal response: Object of type {kind} is not JSON serializable"
    )


def test_answers_without_a_json_form(driver: Any) -> None:
    box = driver.probe()
    for code, message in (
        ("answer = {1, 2}", "Object of type set is not JSON serializable"),
        ("answer = []; answer.append(answer)", "Circular reference detected"),
        ("answer = {}; answer['a'] = (Pair(1, answer),)", "Circular reference detected"),
        ("answer = (each for each in 'ab')", "Object of type generator is not JSON serializable"),
        (
            "answer = [datetime.date(2026, 1, 1)]",
            "Object of type date is not JSON serializable",
        ),
        (
            "answer = {datetime.date(2026, 1, 1): 1}",
            "keys must be str, int, float, bool or None, not date",
        ),
        (
            "answer = [b'\\xff']",
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
        (
            "answer = deep = []\nfor _ in range(100_000): deep.append([]); deep = deep[0]",
            "maximum recursion depth exceeded while encoding a JSON object",
        ),
    ):
        kind, payload = box.invoke(json.dumps({"code": _SHAPES + code}).encode())
        document = json.loads(payload)
        assert kind == _ERROR
        assert document["errorType"] == "Runtime.MarshalError"
        assert document["errorMessage"] == f"Unable to marshal response: {message}"
        assert document["stackTrace"] == []


def test_an_event_that_is_not_json(driver: Any) -> None:
    kind, payload = driver.probe().invoke(b"{nope")
    assert kind == _ERROR
    assert json.loads(payload)["errorType"] == "Runtime.UnmarshalError"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("pass", b"null"),
        ("answer = [float('nan'), float('inf'), 1.5]", b"[NaN, Infinity, 1.5]"),
        ("import decimal; answer = {'d': decimal.Decimal('1.10')}", b'{"d": 1.10}'),
        ("answer = {'b': b'text'}", b'{"b": "text"}'),
        ("answer = b'as it is'", b"as it is"),
        ("answer = {1: 'x', None: True}", b'{"1": "x", "null": true}'),
        ("answer = Pair(1, [Pair('x', ())])", b'{"a": 1, "b": [{"a": "x", "b": []}]}'),
        ("answer = {b'k': Like(), Number.ONE: 2}", b'{"k": {"like": [1]}, "1": 2}'),
        ("answer = [Pair(decimal.Decimal('1.0'), float('nan'))]", b'[{"a": 1.0, "b": NaN}]'),
        ("answer = [decimal.Decimal('1E+5'), decimal.Decimal('-NaN')]", b"[1E+5, NaN]"),
        ("same = [1]; answer = [same, same, Number.ONE]", b"[[1], [1], 1]"),
    ],
)
def test_answers(driver: Any, code: str, answer: bytes) -> None:
    event = json.dumps({"code": _SHAPES + code}).encode()
    assert driver.probe().invoke(event) == (_RESULT, answer)


def test_characters_beyond_ascii_by_version(driver: Any) -> None:
    event = json.dumps({"code": "answer = 'grün'"}).encode()
    for version, expected in (("3.11", rb'"gr\u00fcn"'), ("3.12", '"grün"'.encode())):
        box = driver.probe(environment={"AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}"})
        assert box.invoke(event) == (_RESULT, expected)


def test_the_context(driver: Any) -> None:
    box = driver.probe(memory_mib=256)
    code = """
c = context
answer = [c.function_name, c.function_version, c.invoked_function_arn, c.memory_limit_in_mb,
          c.log_group_name, c.log_stream_name, c.identity.cognito_identity_id,
          c.client_context.client.app_title, c.client_context.custom, c.client_context.env,
          c.get_remaining_time_in_millis() > 1000, len(c.aws_request_id),
          os.environ["_X_AMZN_TRACE_ID"]]
"""
    sent = {
        "invoked_function_arn": "arn:alias",
        "client_context": json.dumps({"client": {"app_title": "t"}, "custom": {"k": "v"}}),
        "trace_id": "Root=1-2-3",
    }
    kind, payload = box.invoke(json.dumps({"code": code}).encode(), **sent)
    assert kind == _RESULT
    assert json.loads(payload) == [
        *("probe", "$LATEST", "arn:alias", "256", "/aws/lambda/probe", "stream", None),
        *("t", {"k": "v"}, None, True, 36, "Root=1-2-3"),
    ]
    without = "answer = [context.client_context, '_X_AMZN_TRACE_ID' in os.environ]"
    assert box.run(without) == [None, False]


def test_programs_that_a_function_starts_find_the_trace_header(driver: Any) -> None:
    box = driver.probe()
    ways = """
read, write = os.pipe()
if not (child := os.fork()):
    os.write(write, os.popen("echo $_X_AMZN_TRACE_ID").read().encode())
    os._exit(0)
os.waitpid(child, 0)
answer = [subprocess.run("echo $_X_AMZN_TRACE_ID", shell=True, capture_output=True, text=True).stdout,
          os.popen("echo $_X_AMZN_TRACE_ID").read(), os.read(read, 100).decode()]
os.close(read), os.close(write)
"""
    event = json.dumps({"code": ways}).encode()
    for number in (1, 2):
        _, payload = box.invoke(event, trace_id=f"Root={number}")
        assert json.loads(payload) == [f"Root={number}\n"] * 3
    _, payload = box.invoke(event)
    assert json.loads(payload) == ["\n"] * 3


def test_a_function_may_put_a_mapping_in_the_place_of_its_environment(driver: Any) -> None:
    box = driver.probe()
    box.run("os.environ = {'MINE': '1'}; answer = 1")
    event = json.dumps({"code": "answer = os.environ"}).encode()
    _, payload = box.invoke(event, trace_id="Root=1")
    assert json.loads(payload) == {"MINE": "1", "_X_AMZN_TRACE_ID": "Root=1"}
    _, payload = box.invoke(event)
    assert json.loads(payload) == {"MINE": "1"}


def test_trace_headers_do_not_add_up_in_memory(driver: Any) -> None:
    """setenv keeps every value that it was ever given; a busy function would run out of memory by it."""
    box = driver.probe()
    event = json.dumps(
        {"code": "answer = int(open('/proc/self/statm').read().split()[1])"}
    ).encode()

    def pages_after(calls: range) -> int:
        for number in calls:
            _, payload = box.invoke(event, trace_id=f"Root=1-5759e988-{number:024x};Sampled=1")
        return int(payload)

    before = pages_after(range(500))
    assert pages_after(range(500, 3500)) - before < 40  # of 4 KiB; it were 100


def test_the_environment_is_exactly_what_was_given(driver: Any) -> None:
    box = driver.probe(environment={"TZ": "Asia/Tokyo", "MINE": "ü"})
    shown = box.run("answer = [dict(os.environ), time.tzname[0]]")
    assert shown == [
        {"LAMBDA_TASK_ROOT": "/var/task", "PATH": "/usr/bin:/bin", "TZ": "Asia/Tokyo", "MINE": "ü"},
        "JST",
    ]
    assert "MINE=ü" in box.run(
        "answer = subprocess.run(['env'], capture_output=True, text=True, encoding='utf-8').stdout"
    )


def test_init_finds_nothing_of_what_was_rehearsed(driver: Any) -> None:
    source = """
import logging, os, sys
found = {
    "variables": [name for name in os.environ if "WARM" in name or "TRACE" in name],
    "modules": [name for name in sys.modules if "warm" in name],
    "directory": os.getcwd(),
    "tmp": os.listdir("/tmp"),
    "path": [entry for entry in sys.path if "warm" in entry],
}
logging.warning("by INIT")
def handler(event, context):
    return found
"""
    box = driver.function({"app.py": source})
    assert json.loads(box.invoke(b"{}")[1]) == {
        "variables": [],
        "modules": [],
        "directory": "/var/task",
        "tmp": [],
        "path": [],
    }
    assert re.fullmatch(r"\[WARNING\]\t[^\t]+Z\t\tby INIT\n", box.logged())


def test_log_lines(driver: Any) -> None:
    box = driver.probe()
    box.run(
        "import logging; print('out'); print('err', file=sys.stderr); sys.stdout.write('half');"
        "logging.warning('seen %d', 1); logging.info('unseen');"
        "logging.getLogger().setLevel('INFO'); logging.info('told'); context.log('direct')"
    )
    pattern = (
        r"(out\nerr\n|err\nout\n)?(out\n)?half\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t"
        r"[0-9a-f-]{36}\tseen 1\n\[INFO\]\t\S+Z\t[0-9a-f-]{36}\ttold\ndirect"
    )
    assert re.fullmatch(pattern, box.logged())


def test_a_log_record_is_one_event_whatever_its_lines(driver: Any) -> None:
    """As on AWS, where awslambdaric writes a frame for each record, and one for an error."""
    box = driver.probe()
    elsewhere = box.run(
        "import contextlib, io, logging\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('oops')\n"
        "logging.warning('two\\nlines\\n')\n"
        "logging.getLogger().handlers[0].setFormatter(logging.Formatter('%(message)s'))\n"
        "logging.warning('a format'), logging.warning('of its own')\n"
        "with contextlib.redirect_stdout(io.StringIO()) as elsewhere:\n"
        "    logging.warning('as\\nit is')\n"
        "answer = elsewhere.getvalue()"
    )
    assert elsewhere == "as\nit is"
    joined = box.logged().split("\n")
    assert re.fullmatch(
        r"\[ERROR\]\t\S+\t\S+\toops\rTraceback \(most recent call last\):\r.*\rZeroDivisionError: .*",
        joined[0],
        re.DOTALL,
    )
    assert re.fullmatch(r"\[WARNING\]\t\S+\t\S+\ttwo\rlines", joined[1])
    assert joined[2:] == ["a format", "of its own", ""]


_JSON = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}


def _json_lines(box: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in box.logged().splitlines()]


def test_log_lines_in_json(driver: Any) -> None:
    box = driver.probe(environment=_JSON)
    box.run(
        "import logging; log = logging.getLogger('mine'); log.debug('unseen');"
        "log.info('seen %d', 1, extra={'who': 'ü', 'what': {1, }, 'taskName': 'no'});"
        "log.warning({'a': 1}); log.log(25, 'two\\nlines')"
    )
    first, second, third = _json_lines(box)
    request = first["requestId"]
    assert re.fullmatch(r"[0-9a-f-]{36}", request)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.pop("timestamp"))
    assert list(first.items()) == [
        *(("level", "INFO"), ("message", "seen 1"), ("logger", "mine"), ("requestId", request)),
        *(("who", "ü"), ("what", "{1}")),
    ]
    assert (second["level"], second["message"]) == ("WARNING", {"a": 1})
    assert (third["level"], third["message"]) == ("INFO", "two\nlines")


def test_exceptions_that_are_logged_in_json(driver: Any) -> None:
    box = driver.probe(environment=_JSON)
    box.run(
        "import logging\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('oops')"
    )
    (line,) = _json_lines(box)
    line.pop("timestamp"), line.pop("requestId")
    assert line == {
        "level": "ERROR",
        "message": "oops",
        "logger": "root",
        "stackTrace": ['  File "<string>", line 3, in <module>\n'],
        "errorType": "ZeroDivisionError",
        "errorMessage": "division by zero",
        "location": "<string>:<module>:5",
    }


def test_print_stays_as_it_is_in_json(driver: Any) -> None:
    box = driver.probe(environment=_JSON)
    box.run("print('plain')")
    assert box.logged() == "plain\n"


@pytest.mark.parametrize(
    ("level", "number"), [("TRACE", 10), ("DEBUG", 10), ("WARN", 30), ("FATAL", 50), ("odd", 30)]
)
def test_the_level_of_the_root_logger(driver: Any, level: str, number: int) -> None:
    box = driver.probe(environment={**_JSON, "AWS_LAMBDA_LOG_LEVEL": level})
    assert box.run("import logging; answer = logging.getLogger().level") == number


def test_errors_of_handlers_in_json(driver: Any) -> None:
    source = "def handler(event, context):\n    raise ValueError('no ü')\n"
    box = driver.function({"app.py": source}, environment=_JSON)
    kind, payload = box.invoke(b"{}")
    document = json.loads(payload)
    (line,) = _json_lines(box)
    assert kind == _ERROR
    assert re.fullmatch(r"\S+Z", line.pop("timestamp"))
    assert line == {"level": "ERROR", **document}


def test_errors_of_init_in_json(driver: Any) -> None:
    document, log = _init_error(driver, {"app.py": "1 / 0\n"}, environment=_JSON)
    warning, error = (json.loads(line) for line in log.splitlines())
    assert warning["message"].startswith("LAMBDA_WARNING: Unhandled exception.")
    assert (warning["level"], warning["requestId"]) == ("WARNING", "")
    assert error.items() > document.items()


def test_what_a_handler_writes_cannot_forge_an_answer(driver: Any) -> None:
    box = driver.probe()
    forged = "os.write(1, b'\\x04\\0\\0\\0\\x04' + bytes(24) + b'evil'); answer = 'true'"
    assert box.run(forged) == "true"
    assert box.run("answer = 2") == 2


def test_a_forked_child_that_returns_does_not_answer(driver: Any) -> None:
    box = driver.probe()
    assert box.run("answer = 'child' if os.fork() == 0 else (os.wait(), 'parent')[1]") == "parent"
    assert box.run("answer = 'next'") == "next"


def test_six_megabytes_both_ways(driver: Any) -> None:
    box = driver.function({"app.py": "def handler(event, context):\n    return event\n"})
    event = json.dumps("x" * (6 * 1024 * 1024 - 2)).encode()
    assert box.invoke(event) == (_RESULT, event)


def test_invocations_that_wait_in_the_socket(driver: Any) -> None:
    """Core sends the first INVOKE behind ASSIGN, before the handler is imported."""
    box = driver.create()
    box.assign(driver.seal({"app.py": "def handler(event, context):\n    return event\n"}))
    for number in (b"1", b"2"):
        box.send(3, bytes(16), 0, b"\0\0" + number)
    assert [box.receive()[0], box.receive()[2], box.receive()[2]] == [_INIT_DONE, b"1", b"2"]


def test_a_module_may_have_any_name(driver: Any) -> None:
    files = {
        "app.py": "import lambent\nhandler = lambda e, c: lambent.mine\n",
        "lambent.py": "mine = 1",
    }
    assert driver.function(files).invoke(b"{}") == (_RESULT, b"1")


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_every_interpreter_of_this_host(driver: Any, version: str) -> None:
    runtime = driver.runtimes.get(f"python{version}")
    if runtime is None or not runtime["exact"]:
        pytest.skip(f"no Python {version} here")
    box = driver.probe(runtime=f"python{version}")
    assert box.run("answer = '%d.%d' % sys.version_info[:2]") == version
    assert box.end()["status"] == -9

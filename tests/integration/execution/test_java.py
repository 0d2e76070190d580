"""Java functions on real sandboxes, compiled here with the JDK's compiler."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(180)]
Functions = Any  # the fixture of conftest.py, which cannot be imported from here
JAVA = "java17"
API = Path(__file__).parents[3] / "src/lambent/execution/runtimes/java/api"

SOURCES = {
    "example/Hello.java": """
package example;
import com.amazonaws.services.lambda.runtime.*;
import java.util.*;
public class Hello implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private int calls;
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        System.out.println("hello " + event);
        context.getLogger().log("two\\nlines");
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("got", event);
        answer.put("calls", ++calls);
        return answer;
    }
}
""",
    "example/Typed.java": """
package example;
import com.amazonaws.services.lambda.runtime.*;
import java.util.*;
public class Typed extends Base<Typed.Order> {
    public static class Item { public String name; private int count;
        public int getCount() { return count; } public void setCount(int count) { this.count = count; } }
    public static class Order { private List<Item> items = new ArrayList<>();
        public List<Item> getItems() { return items; } public void setItems(List<Item> items) { this.items = items; } }
    public Order handleRequest(Order order, Context context) {
        for (Item item : order.getItems()) item.setCount(item.getCount() + 1);
        return order;
    }
}
abstract class Base<T> implements RequestHandler<T, T> { }
""",
    "example/Stream.java": """
package example;
import com.amazonaws.services.lambda.runtime.*;
import java.io.*;
public class Stream implements RequestStreamHandler {
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        out.write("{\\"raw\\":".getBytes()); in.transferTo(out); out.write('}');
    }
}
""",
    "example/Plain.java": """
package example;
import com.amazonaws.services.lambda.runtime.*; import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.*;
import java.util.*;
public class Plain {
    public static String greet(String name) { return "hi " + name; }
    public int add(List<Integer> numbers, Context context) { return numbers.stream().mapToInt(n -> n).sum(); }
    public String add(List<Integer> numbers) { return "the shorter one"; }
    public void nothing() { }
    public String only(Context context) { return context.getFunctionName(); }
    public void pipe(InputStream in, OutputStream out) throws IOException { in.transferTo(out); }
    public Object about(Map<String, Object> event, Context c) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("request", c.getAwsRequestId()); all.put("arn", c.getInvokedFunctionArn());
        all.put("group", c.getLogGroupName()); all.put("stream", c.getLogStreamName());
        all.put("version", c.getFunctionVersion()); all.put("memory", c.getMemoryLimitInMB());
        all.put("left", c.getRemainingTimeInMillis()); all.put("identity", c.getIdentity().getIdentityId());
        all.put("custom", c.getClientContext() == null ? null : c.getClientContext().getCustom());
        all.put("title", c.getClientContext() == null ? null : c.getClientContext().getClient().getAppTitle());
        all.put("environment", System.getenv()); all.put("own", System.getenv("OWN"));
        all.put("trace", System.getProperty("com.amazonaws.xray.traceHeader"));
        all.put("zone", TimeZone.getDefault().getID()); all.put("directory", new File(".").getAbsolutePath());
        all.put("heap", Runtime.getRuntime().maxMemory() >> 20); all.put("java", Runtime.version().feature());
        all.put("property", System.getProperty("mine")); all.put("tenant", c.getTenantId());
        return all;
    }
    public String child(String name) throws Exception {
        return new String(new ProcessBuilder("/bin/sh", "-c", "echo $" + name).start().getInputStream().readAllBytes());
    }
    public boolean sees(String name) { try { Class.forName(name); return true; } catch (Throwable e) { return false; } }
    public String resource(String name) throws Exception {
        return new String(Thread.currentThread().getContextClassLoader().getResourceAsStream(name).readAllBytes());
    }
    public String read(String name) throws Exception {
        return new String(new FileInputStream(name).readAllBytes()) + " "
            + java.nio.file.Files.readString(java.nio.file.Path.of(name));
    }
    public void exit(int status) { System.exit(status); }
    public void eat(int megabytes) { List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < megabytes; i++) all.add(new byte[1 << 20]); System.out.println(all.size()); }
    public void sleep(int seconds) throws Exception { System.out.println("in"); Thread.sleep(seconds * 1000L); }
    public void fail(String message) { throw new IllegalStateException(message, new java.io.IOException("why")); }
    public static String log(String message) { LambdaRuntime.getLogger().log(message); return message; }
    public void levels(String fault, Context context) {
        LambdaLogger logger = context.getLogger();
        for (LogLevel level : LogLevel.values()) logger.log("of\\n" + level, level);
        logger.log("bytes".getBytes(), LogLevel.ERROR);
        System.out.println("plain");
        if (fault != null) throw new IllegalStateException(fault);
    }
}
""",
    "example/Initial.java": """
package example;
import java.io.File;
import java.util.*;
public class Initial {
    private static final Map<String, Object> FOUND = new LinkedHashMap<>();
    static {
        FOUND.put("trace", System.getProperty("com.amazonaws.xray.traceHeader"));
        FOUND.put("directory", new File(".").getAbsolutePath());
        FOUND.put("warm", System.getenv().toString().contains("warm"));
        FOUND.put("loader", Thread.currentThread().getContextClassLoader() == Initial.class.getClassLoader());
        System.out.println("printed by INIT");
    }
    public Map<String, Object> find() { return FOUND; }
}
""",
    "example/Broken.java": """
package example;
public class Broken { public Broken() { throw new IllegalArgumentException("not today"); } public void run() { } }
""",
    "example/Static.java": """
package example;
public class Static { static { if (true) throw new IllegalStateException("in static"); } public void run() { } }
""",
    "example/Serializer.java": """
package example;
import com.amazonaws.services.lambda.runtime.CustomPojoSerializer;
import java.io.*;
import java.lang.reflect.Type;
public class Serializer implements CustomPojoSerializer {
    @SuppressWarnings("unchecked") public <T> T fromJson(InputStream in, Type type) {
        try { return (T) new String(in.readAllBytes()); } catch (IOException e) { throw new UncheckedIOException(e); } }
    @SuppressWarnings("unchecked") public <T> T fromJson(String in, Type type) { return (T) in; }
    public <T> void toJson(T value, OutputStream out, Type type) {
        try { out.write(("[" + value + "]").getBytes()); }
        catch (IOException e) { throw new UncheckedIOException(e); } }
}
""",
}
DATES = {
    "com/amazonaws/services/lambda/runtime/events/S3Event.java": """
package com.amazonaws.services.lambda.runtime.events;
import org.joda.time.DateTime;
import java.util.List;
public class S3Event {
    public static class Record { private DateTime eventTime; private String eventSourceArn;
        public void setEventTime(DateTime time) { eventTime = time; }
        public void setEventSourceArn(String arn) { eventSourceArn = arn; }
        public String toString() { return eventTime + " " + eventSourceArn; } }
    private List<Record> records;
    public List<Record> getRecords() { return records; }
    public void setRecords(List<Record> records) { this.records = records; }
}
""",
    "org/joda/time/DateTime.java": """
package org.joda.time;
public class DateTime { private String text; private DateTime(String text) { this.text = text; }
    public static DateTime parse(String text) { return new DateTime(text); }
    public String toString() { return "at " + text; } }
""",
    "example/Events.java": """
package example;
import com.amazonaws.services.lambda.runtime.events.S3Event;
public class Events { public String run(S3Event event) { return event.getRecords().toString(); } }
""",
}


def compile_java(java: str, directory: Path, sources: dict[str, str]) -> dict[str, bytes]:
    for name, text in sources.items():
        (directory / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / "src" / name).write_text(text)
    command = [
        str(Path(java).with_name("javac")),
        "-nowarn",
        "-implicit:none",
        "-proc:none",
        "-Xlint:-options",
    ]
    command += ["--release", "17", "-sourcepath", str(API), "-d", str(directory / "out")]
    subprocess.run([*command, *(str(directory / "src" / name) for name in sources)], check=True)
    out = directory / "out"
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.class")}


@pytest.fixture(scope="module")
def classes(
    functions: Functions, tmp_path_factory: pytest.TempPathFactory, lacking: Any
) -> dict[str, bytes]:
    if JAVA not in functions.runtimes:
        lacking("no JDK here")
    java = functions.runtimes[JAVA]["interpreter"]
    return compile_java(java, tmp_path_factory.mktemp("java"), SOURCES)


@pytest.fixture
def make(functions: Functions, classes: dict[str, bytes]) -> Callable[..., Any]:
    """A Java function with all classes of SOURCES and this handler."""

    def function(handler: str, runtime: str = JAVA, **changes: Any) -> Any:
        files = {**classes, **changes.pop("files", {})}
        return functions.make(runtime, files, **{"memory_mib": 512, "handler": handler, **changes})

    return function


Make = Any


def test_a_request_handler_answers_cold_and_warm(functions: Functions, make: Make) -> None:
    spec = make("example.Hello")
    cold = functions.call(spec, {"a": [1, "é", None]})
    assert json.loads(cold.payload) == {"got": {"a": [1, "é", None]}, "calls": 1}, cold.log
    assert cold.init_ms is not None
    warm = functions.call(spec, {})
    assert json.loads(warm.payload) == {"got": {}, "calls": 2}
    assert "hello {}\ntwo\nlines\nEND " in warm.log.decode()
    assert "two\nlines\n" in functions.logged  # one event
    assert re.search(r"INIT_START Runtime Version: java:17\.", "".join(functions.logged))


def test_init_finds_nothing_of_what_was_rehearsed(functions: Functions, make: Make) -> None:
    outcome = functions.call(make("example.Initial::find"), {})
    assert json.loads(outcome.payload) == {
        "trace": None,
        "directory": "/var/task/.",
        "warm": False,
        "loader": True,
    }
    assert "printed by INIT\n" in functions.logged
    assert "warm" not in "".join(functions.logged)


@pytest.mark.parametrize(
    ("handler", "event", "expected"),
    [
        ("example.Hello::handleRequest", {}, {"got": {}, "calls": 1}),
        ("example.Typed", {"items": [{"name": "a", "count": 1, "more": 2}]}, {"items": [{"name": "a", "count": 2}]}),
        ("example.Stream", {"a": 1}, {"raw": {"a": 1}}),
        ("example.Plain::greet", "you", "hi you"),
        ("example.Plain::add", [1, 2, 3], 6),
        ("example.Plain::nothing", "x", None),
        ("example.Plain::only", None, "f"),
        ("example.Plain::pipe", [1, {}], [1, {}]),
        ("example.Plain::sees", "com.fasterxml.jackson.databind.ObjectMapper", False),
        ("example.Plain::sees", "lambent.runtime.Runtime", False),
        ("example.Plain::sees", "com.amazonaws.services.lambda.runtime.Client", True),
        ("example.Plain::log", "through the static logger", "through the static logger"),
    ],
)  # fmt: skip
def test_handlers_of_every_shape(
    functions: Functions, make: Make, handler: str, event: Any, expected: Any
) -> None:
    assert functions.answer(make(handler), event) == expected


def test_the_context_and_the_variables(functions: Functions, make: Make) -> None:
    spec = make("example.Plain::about", environment={"OWN": "1", "TZ": "Asia/Tokyo"})
    client = json.dumps({"custom": {"k": "ü"}, "client": {"app_title": "t"}})
    about = functions.answer(spec, {}, client_context=client, trace_id="Root=1-5")
    assert re.fullmatch(r"[0-9a-f-]{36}", about["request"])
    assert about["arn"] == spec.function_arn
    assert (about["group"], about["version"], about["memory"]) == ("/aws/lambda/f", "$LATEST", 512)
    assert about["stream"] == about["environment"]["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert 0 < about["left"] <= 20_000
    assert (about["custom"], about["title"], about["identity"]) == ({"k": "ü"}, "t", None)
    assert (about["own"], about["zone"], about["trace"]) == ("1", "Asia/Tokyo", "Root=1-5")
    assert about["environment"]["LAMBDA_TASK_ROOT"] == "/var/task"
    assert 410 <= about["heap"] <= 436
    assert about["directory"] == "/var/task/."
    again = functions.answer(spec, {})
    assert (again["trace"], again["tenant"]) == (None, None)
    assert functions.answer(spec.for_tenant("blue"), {})["tenant"] == "blue"


def test_relative_paths_lead_into_the_package(functions: Functions, make: Make) -> None:
    spec = make("example.Plain::read", files={"data.txt": "mine"})
    assert functions.answer(spec, "data.txt") == "mine mine"


def test_a_child_process_has_the_variables(functions: Functions, make: Make) -> None:
    assert (
        functions.answer(make("example.Plain::child", environment={"OWN": "mine"}), "OWN")
        == "mine\n"
    )


def test_jars_of_the_package_and_of_layers_are_on_the_class_path(
    functions: Functions, classes: dict[str, bytes]
) -> None:
    def jar(files: dict[str, bytes]) -> bytes:
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return buffer.getvalue()

    spec = functions.make(
        JAVA,
        {"lib/mine.jar": jar({**classes, "where": b"package"})},
        handler="example.Plain::resource",
        layer_files=[{"java/lib/other.jar": jar({"where": b"layer", "more": b"layer"})}],
    )
    assert functions.answer(spec, "where") == "package"
    assert functions.answer(spec, "more") == "layer"


def test_an_exception_has_the_shape_of_aws(functions: Functions, make: Make) -> None:
    spec = make("example.Plain::fail")
    for _ in range(2):
        error = functions.error(spec, "boom")
        assert error == {
            "errorMessage": "boom",
            "errorType": "java.lang.IllegalStateException",
            "stackTrace": ["example.Plain.fail(Plain.java:43)"],
            "cause": {
                "errorMessage": "why",
                "errorType": "java.io.IOException",
                "stackTrace": ["example.Plain.fail(Plain.java:43)"],
            },
        }
    assert any(
        line.startswith(
            "boom: java.lang.IllegalStateException\njava.lang.IllegalStateException: boom\n\tat example."
        )
        for line in functions.logged
    )


def test_levels_are_named_in_text(functions: Functions, make: Make) -> None:
    log = functions.call(make("example.Plain::levels")).log.decode()
    shown = ["of\nUNDEFINED"]
    shown += [
        f"[{each}] of\n{each}" for each in ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
    ]
    assert "\n".join((*shown, "bytes", "plain", "END ")) in log


def test_lines_of_the_logger_in_json(functions: Functions, make: Make) -> None:
    levels = {"application_log_level": "WARN", "system_log_level": "WARN"}
    spec = make("example.Plain::levels", log_format="JSON", **levels)
    outcome = functions.call(spec, "boom")
    *lines, data, plain, error, done, report = outcome.log.decode().splitlines()
    assert (data, plain) == ("bytes", "plain")
    records = [json.loads(line) for line in (*lines, error, done, report)]
    request = records[-1]["record"]["requestId"]
    for record in records[:-2]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
        assert record.pop("AWSRequestId") == request
    assert records[:-3] == [
        {"message": f"of\n{level}", "level": level} for level in ("WARN", "ERROR", "FATAL")
    ]
    assert records[-3]["level"] == "ERROR"
    assert records[-3]["message"].startswith("boom: java.lang.IllegalStateException\n")
    assert records[-1]["record"]["errorType"] == "java.lang.IllegalStateException"


def test_an_event_of_another_type_is_an_error(functions: Functions, make: Make) -> None:
    error = functions.error(make("example.Plain::add"), {"not": "a list"})
    assert error["errorMessage"] == "An error occurred during JSON parsing"
    assert error["errorType"] == "java.lang.RuntimeException"
    assert error["cause"]["errorType"].endswith("MismatchedInputException")


@pytest.mark.parametrize(
    ("handler", "error_type", "text"),
    [
        ("example.Nothing", "java.lang.ClassNotFoundException", "Class not found: example.Nothing"),
        ("example.Plain::missing", "java.lang.NoSuchMethodException",
         "No public method named missing with appropriate method signature found on class example.Plain"),
        ("example.Broken::run", "java.lang.IllegalArgumentException", "not today"),
        ("example.Static::run", "java.lang.ExceptionInInitializerError", None),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_fails_in_the_init(
    functions: Functions, make: Make, handler: str, error_type: str, text: str | None
) -> None:
    error = functions.error(make(handler))
    assert (error["errorType"], error["errorMessage"]) == (error_type, text)
    assert f"Status: error\tError Type: {error_type}\n" in functions.logged[-5] + functions.logged[
        -1
    ] + "".join(line for line in functions.logged if line.startswith("INIT_REPORT"))


def test_an_exit_a_timeout_and_a_full_heap(functions: Functions, make: Make) -> None:
    error = functions.error(make("example.Plain::exit"), 3)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: exit status 3")
    assert (
        functions.error(make("example.Plain::sleep", timeout_s=1), 60)["errorType"]
        == "Sandbox.Timedout"
    )
    spec = make("example.Plain::eat")
    for _ in range(2):  # the environment ends, the next one serves
        assert functions.error(spec, 600)["errorType"] == "java.lang.OutOfMemoryError"


def test_six_megabytes_go_in_and_out(functions: Functions, make: Make) -> None:
    event = "x" * 6_000_000
    assert functions.answer(make("example.Plain::pipe"), event) == event
    assert functions.answer(make("example.Plain::greet"), event) == f"hi {event}"


def test_a_function_may_bring_its_own_serializer(functions: Functions, make: Make) -> None:
    service = "META-INF/services/com.amazonaws.services.lambda.runtime.CustomPojoSerializer"
    spec = make("example.Plain::greet", files={service: "example.Serializer"})
    assert functions.call(spec, "you").payload == b'[hi "you"]'


def test_the_classes_of_aws_for_events_are_filled(
    functions: Functions, make: Make, tmp_path: Path
) -> None:
    java = functions.runtimes[JAVA]["interpreter"]
    spec = make("example.Events::run", files=compile_java(java, tmp_path, DATES))
    event = {"Records": [{"eventTime": "2026-01-01T00:00:00Z", "eventSourceARN": "arn:x"}]}
    assert functions.answer(spec, event) == "[at 2026-01-01T00:00:00Z arn:x]"


@pytest.mark.parametrize(
    "variables", [{"JAVA_TOOL_OPTIONS": "-Dmine=1"}, {"JDK_JAVA_OPTIONS": "-Dmine=1"}]
)
def test_options_of_the_jvm_take_effect(
    functions: Functions, make: Make, variables: dict[str, str]
) -> None:
    about = functions.answer(make("example.Plain::about", environment=variables), {})
    assert about["property"] == "1"
    assert 410 <= about["heap"] <= 436
    assert about["environment"].items() >= variables.items()


def test_an_uncommon_memory_size_has_its_own_heap(functions: Functions, make: Make) -> None:
    about = functions.answer(make("example.Plain::about", memory_mib=600), {})
    assert 490 <= about["heap"] <= 510
    assert functions.answer(make("example.Plain::about", memory_mib=128), {})["heap"] <= 109


def test_the_newest_jdk_serves_too(functions: Functions, make: Make) -> None:
    found = functions.runtimes["java25"]
    about = functions.answer(make("example.Plain::about", runtime="java25"), {})
    assert about["java"] == int(found["version"].split(".")[0])

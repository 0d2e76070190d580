"""What a collector of OpenTelemetry receives from a running platform."""

from __future__ import annotations

import gzip
import http.server
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from tests.conftest import client_with_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

SOURCE = """
import os
def handler(event, context):
    if event == "fail":
        raise KeyError("as asked")
    return os.environ["_X_AMZN_TRACE_ID"]
"""
TRACE_ID, PARENT_ID = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


class Collector:
    """Takes OTLP over HTTP, as a collector does. `status` is what it answers, after `gate` is open."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: dict[str, Any] = {}
        self.resource: dict[str, Any] = {}
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        ours = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ours.gate.wait()
                if ours.status == 200:
                    ours.take(
                        self.path,
                        {name.title(): value for name, value in self.headers.items()},
                        body,
                    )
                self.send_response(ours.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.headers.append(headers)
        assert headers["Content-Type"] == "application/x-protobuf"
        data = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        if path == "/v1/traces":
            traces = ExportTraceServiceRequest.FromString(data)
            for sent in traces.resource_spans:
                self.resource = values(sent.resource.attributes)
                self.spans += [span for scope in sent.scope_spans for span in scope.spans]
        else:
            assert path == "/v1/metrics"
            metrics = ExportMetricsServiceRequest.FromString(data)
            for measured in metrics.resource_metrics:
                for scope in measured.scope_metrics:
                    self.metrics |= {metric.name: metric for metric in scope.metrics}

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def observed(start_platform: Callable[..., Any], collector: Collector) -> Iterator[Any]:
    headers = "X-Scope=lambent,Authorization=Basic YTpi="
    with start_platform(
        isolation="none", otel_endpoint=collector.endpoint, otel_headers=headers
    ) as running:
        yield running


@pytest.fixture
def functions(observed: Any, make_zip: Callable[..., bytes]) -> Any:
    return client_with_function(observed, make_zip({"app.py": SOURCE}))


@contextmanager
def sending(client: Any, **headers: str) -> Iterator[None]:
    """What the client sends has these headers, too."""

    def add(request: Any, **_: Any) -> None:
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value

    client.meta.events.register("before-sign.lambda.Invoke", add)
    yield
    client.meta.events.unregister("before-sign.lambda.Invoke", add)


def flush(observed: Any) -> None:
    observed.run(observed.platform.otel.flush())


def test_each_invocation_is_a_span(observed: Any, functions: Any, collector: Collector) -> None:
    before_ns = time.time_ns()
    first = functions.invoke(FunctionName="f", Payload=b"1")
    second = functions.invoke(FunctionName="f", Payload=b'"fail"')
    flush(observed)
    cold, failed = collector.spans
    assert (cold.name, cold.kind) == ("f", Span.SPAN_KIND_SERVER)
    found = values(cold.attributes)
    assert found.pop("lambent.init_duration_ms") > 0
    assert found.pop("lambent.billed_duration_ms") >= 1
    assert found.pop("lambent.memory_used") > 1_000_000
    arn = functions.get_function_configuration(FunctionName="f")["FunctionArn"]
    assert found == {
        "faas.invocation_id": first["ResponseMetadata"]["RequestId"],
        "faas.name": "f",
        "faas.version": "$LATEST",
        "faas.coldstart": True,
        "faas.max_memory": 128 << 20,
        "cloud.resource_id": arn,
        "cloud.account.id": observed.config.account,
        "cloud.region": "us-east-1",
    }
    assert cold.status.code == Status.STATUS_CODE_UNSET
    assert before_ns - 10**9 < cold.start_time_unix_nano < cold.end_time_unix_nano
    assert cold.end_time_unix_nano < time.time_ns()
    found = values(failed.attributes)
    assert found["faas.invocation_id"] == second["ResponseMetadata"]["RequestId"]
    assert (found["error.type"], found["faas.coldstart"]) == ("KeyError", False)
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert collector.resource["service.name"] == "lambent"
    assert collector.headers[0]["X-Scope"] == "lambent"
    assert collector.headers[0]["Authorization"] == "Basic YTpi="


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Amzn_Trace_Id": f"{ROOT};Parent={PARENT_ID};Sampled=1"},
        {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"},
    ],
)
def test_the_caller_that_records_is_the_parent(
    observed: Any, functions: Any, collector: Collector, headers: dict[str, str]
) -> None:
    with sending(functions, **headers):
        answer = functions.invoke(FunctionName="f")
    flush(observed)
    (span,) = collector.spans
    # What the function records comes below its invocation.
    own = f"Parent={span.span_id.hex()}"
    assert answer["Payload"].read().decode() == f'"{ROOT};{own};Sampled=1"'
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)


def test_without_one_it_begins_the_trace(
    observed: Any, functions: Any, collector: Collector
) -> None:
    given = functions.invoke(FunctionName="f")["Payload"].read().decode()
    flush(observed)
    (span,) = collector.spans
    assert span.trace_id.hex() == given.split(";")[0].removeprefix('"Root=1-').replace("-", "")
    assert span.parent_span_id == b""
    assert f";Parent={span.span_id.hex()};Sampled=0" in given


def test_figures_are_sent(observed: Any, functions: Any, collector: Collector) -> None:
    for payload in (b"1", b"1", b'"fail"'):
        functions.invoke(FunctionName="f", Payload=payload)
    flush(observed)
    (invocations,) = collector.metrics["lambent_invocations"].sum.data_points
    assert invocations.as_double == 3
    assert values(invocations.attributes)["function"] == "f"
    assert 0 < invocations.start_time_unix_nano < invocations.time_unix_nano
    assert collector.metrics["lambent_invocations"].sum.is_monotonic
    (errors,) = collector.metrics["lambent_invocation_errors"].sum.data_points
    assert errors.as_int == 1
    (durations,) = collector.metrics["lambent_invocation_duration_seconds"].histogram.data_points
    assert (durations.count, sum(durations.bucket_counts)) == (3, 3)
    assert len(durations.bucket_counts) == len(durations.explicit_bounds) + 1
    assert durations.sum > 0
    assert not durations.HasField("min")
    environments = collector.metrics["lambent_environments"].gauge.data_points
    assert {values(each.attributes)["state"] for each in environments} == {"idle", "busy"}


def test_a_collector_that_is_not_there_costs_spans_and_says_so(
    observed: Any, functions: Any, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = 400  # not to be tried again
    for _ in range(3):
        functions.invoke(FunctionName="f")
        flush(observed)
    exporter = observed.platform.otel
    assert (exporter.sent, exporter.dropped) == (0, 3)
    collector.status = 200
    functions.invoke(FunctionName="f")
    flush(observed)
    assert (exporter.sent, exporter.dropped) == (1, 3)
    said = [each.getMessage() for each in caplog.records if "OpenTelemetry" in each.getMessage()]
    assert len([each for each in said if "does not take" in each]) == 1
    (family,) = exporter.families()
    assert dict(family.samples) == {(("state", "sent"),): 1, (("state", "dropped"),): 3}


def test_invocations_do_not_wait_for_a_collector_that_hangs(
    observed: Any, functions: Any, collector: Collector
) -> None:
    functions.invoke(FunctionName="f")
    collector.gate.clear()
    sending = threading.Thread(target=flush, args=[observed])
    sending.start()
    began = time.monotonic()
    for _ in range(20):
        functions.invoke(FunctionName="f")
    assert time.monotonic() - began < 5  # the exporter waits for 10
    assert sending.is_alive()
    collector.gate.set()
    sending.join()
    flush(observed)
    assert len(collector.spans) == 21


def test_what_is_there_at_the_end_is_sent(
    start_platform: Callable[..., Any], collector: Collector
) -> None:
    from lambent.execution.spec import FunctionSpec, Invocation, Outcome

    spec = FunctionSpec(
        key="f",
        runtime="python3.11",
        handler="app.handler",
        code="c",
        memory_mib=128,
        timeout_s=3,
        function_name="f",
        function_version="1",
        function_arn="arn",
        region="r",
        log_group="g",
    )
    with start_platform(isolation="none", otel_endpoint=collector.endpoint) as running:
        outcome = Outcome(b"not JSON", True, b"", 5.0, 5, None, 10)
        running.platform.otel.ended(
            spec, Invocation("id", b"", "arn:1"), outcome, 1_700_000_000_000
        )
    (span,) = collector.spans
    assert span.end_time_unix_nano - span.start_time_unix_nano == 5_000_000
    assert values(span.attributes)["error.type"] == "_OTHER"


def test_nothing_of_it_is_loaded_where_no_collector_is_named() -> None:
    program = (
        "import sys, lambent.app, lambent.cli.serve;"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'google'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"

"""Logs Insights over a million lines, and what warm invokes notice of it.

    python -m benchmarks insights [--lines N] [--rounds N]

A log group gets N lines of 200 bytes, in one stream. Then a round is a spell of warm invokes with nothing beside it,
and one of as many while queries with `filter` and `stats ... by bin(5m)` run one after the other. Told are the seconds
that a query takes, from StartQuery until GetQueryResults has them, and the ratio of the invokes' 99th percentiles.
Exit status: 0 both targets are met, 1 one is not, 3 it could not be measured.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks import facts, loadgen, table
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.server import NotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_logs.client import CloudWatchLogsClient

LINES, ROUNDS = 1_000_000, 7
WIDTH = 200
# "The maximum number of log events in a batch is 10,000" and 1,048,576 bytes, 26 more for each event (PutLogEvents).
BATCH = 4_600
SPELL_S = 3.0
CONNECTIONS = 1
MOST_S, MOST_RATIO = 3.0, 2.0
# AWS's own example asks once a second. Asked every 10 ms, core would be measured at answering this instead, and the
# client's signing at taking a core from everybody.
POLL_S = 0.25
GROUP, STREAM = "bench", "lines"
QUERY = "filter @message like /level=ERROR/ | stats count(*) as errors by bin(5m)"
HOUR_MS = 3_600_000


def client(lambent: Lambent) -> CloudWatchLogsClient:
    target = lambent.target("python")
    return boto3.client(
        "logs",
        endpoint_url=target.endpoint,
        region_name=target.region,
        aws_access_key_id=target.credentials.access_key,
        aws_secret_access_key=target.credentials.secret_key,
    )


def lines(count: int, start_ms: int) -> Iterator[list[Any]]:
    """Batches of events, spread over an hour; every tenth is an error."""
    for first in range(0, count, BATCH):
        batch = []
        for number in range(first, min(first + BATCH, count)):
            level = "ERROR" if number % 10 == 0 else "INFO"
            text = f"request={number:08} level={level} "
            moment = start_ms + number * HOUR_MS // count
            batch.append({"timestamp": moment, "message": text.ljust(WIDTH, "x")})
        yield batch


def fill(logs: CloudWatchLogsClient, count: int, start_ms: int) -> None:
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    for batch in lines(count, start_ms):
        logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=batch)


def query(logs: CloudWatchLogsClient, count: int, start_ms: int) -> float:
    """Seconds. Raises RuntimeError where the answer is wrong."""
    begun = time.perf_counter()
    started = logs.start_query(
        logGroupName=GROUP,
        startTime=start_ms // 1000,
        endTime=int(time.time()) + 1,  # a query must not end before its log group was created
        queryString=QUERY,
    )
    while True:
        found = logs.get_query_results(queryId=started["queryId"])
        if found["status"] not in {"Running", "Scheduled"}:
            break
        time.sleep(POLL_S)
    taken = time.perf_counter() - begun
    cells = [cell for row in found["results"] for cell in row]
    errors = sum(int(cell["value"]) for cell in cells if cell["field"] == "errors")
    if errors != (count + 9) // 10:
        raise RuntimeError(f"the query found {errors} errors ({found['status']})")
    return taken


def measure(lambent: Lambent, count: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of every query, and the ratio of p99 with queries to without, of each round."""
    logs = client(lambent)
    start_ms = int(time.time() * 1000) - HOUR_MS - 60_000
    fill(logs, count, start_ms)
    query(logs, count, start_ms)  # a compute process starts
    target = lambent.target("python")
    loadgen.run(target, CONNECTIONS, SPELL_S)
    times: list[float] = []
    ratios = []
    for _ in range(rounds):
        alone = loadgen.run(target, CONNECTIONS, SPELL_S)
        is_over = threading.Event()
        asking = threading.Thread(target=_ask, args=(logs, count, start_ms, is_over, times))
        asking.start()
        beside = loadgen.run(target, CONNECTIONS, SPELL_S)
        is_over.set()
        asking.join()
        ratios.append(beside.p99_us / alone.p99_us)
    return times, ratios


def _ask(
    logs: CloudWatchLogsClient,
    count: int,
    start_ms: int,
    is_over: threading.Event,
    times: list[float],
) -> None:
    while not is_over.is_set():
        times.append(query(logs, count, start_ms))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks insights", description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    print(table.align([[name, value] for name, value in facts.gather().items()]), flush=True)
    with tempfile.TemporaryDirectory(prefix="lambent-insights-") as work_dir:
        lambent = Lambent(Path(work_dir))
        try:
            lambent.start()
            times, ratios = measure(lambent, options.lines, options.rounds)
        except (NotAvailable, loadgen.LoadFailed, OSError, RuntimeError) as problem:
            print(f"not measured: {problem}")
            return 3
        finally:
            lambent.stop()
    taken, ratio = statistics.median(times), statistics.median(ratios)
    print(
        f"\n{len(times)} queries over {options.lines:,} lines: median {taken:.2f} s, longest {max(times):.2f} s"
    )
    print(
        f"p99 of warm invokes beside them, to that without: {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )
    return int(taken > MOST_S or ratio > MOST_RATIO)


if __name__ == "__main__":
    raise SystemExit(main())

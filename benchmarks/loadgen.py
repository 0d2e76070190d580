"""Runs the compiled load generator and reads its figures."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.build import build

if TYPE_CHECKING:
    from benchmarks.rest_api import Address
    from benchmarks.target import Target

# What a run may take beyond its measured time: start, and the draining of a slow server's queue.
GRACE_S = 30.0


class LoadFailed(Exception):
    """The load generator could not measure; the text says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """One run of the load generator. Latencies in microseconds, as the client saw them."""

    sha256: str
    connections: int
    seconds: float
    requests: int
    errors: int  # not 200 (202), a function error, or an answer without the request's own token
    reconnects: int
    requests_per_s: float
    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float
    cpu_us: float  # the generator's own, per request
    first_error: str


def command(
    action: str, target: Target, *more: str, path: str = ""
) -> tuple[list[str], dict[str, str]]:
    """Command line and environment of the load generator. Without a path it invokes the target's function."""
    arguments = {
        "--host": target.host,
        "--port": str(target.port),
        "--path": path or target.path,
        "--access-key": target.credentials.access_key,
        "--region": target.region,
    }
    words = [str(build("load")), action, *(word for pair in arguments.items() for word in pair)]
    return [*words, *more], {"AWS_SECRET_ACCESS_KEY": target.credentials.secret_key}


def run(target: Target, connections: int, seconds: float, *more: str) -> Load:
    """Invoke the target in a closed loop on each connection for that long.

    Args:
        more: further options of the generator: `--event` for asynchronous invocations, `--rate` with the requests a
            second that all connections together send at most.
    """
    words, environment = command(
        "run", target, "--connections", str(connections), "--seconds", str(seconds), *more
    )
    return _measure(words, environment, seconds)


def get(address: Address, connections: int, seconds: float) -> Load:
    """The same, by GET requests that nobody signs, to an API."""
    words, environment = command(
        "run",
        address.target,
        *("--get", "--authority", address.authority),
        *("--connections", str(connections), "--seconds", str(seconds)),
        path=address.path,
    )
    return _measure(words, environment, seconds)


def _measure(words: list[str], environment: dict[str, str], seconds: float) -> Load:
    done = subprocess.run(
        words,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + GRACE_S,
    )
    if done.returncode:
        raise LoadFailed(done.stderr.strip() or f"exit status {done.returncode}")
    load = Load(**json.loads(done.stdout))
    if load.errors:
        raise LoadFailed(f"{load.errors} of {load.requests} answers were wrong: {load.first_error}")
    return load

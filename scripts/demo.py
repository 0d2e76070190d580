"""`make run`: starts the platform, runs the tutorial's two hello-worlds through the AWS API, and says how to go on.

With `--once` it stops the platform afterwards; the exit status is 0 only if every answer was right.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# The tutorial's role, "Basic execution role" in the console.
ROLE = "lambda_basic_execution"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

# The tutorial's first function, edited inline in the console: (event, context), answered with context.succeed.
NODE_HANDLER = """\
console.log('Loading function');

exports.handler = function (event, context) {
  console.log('value1 =', event.key1);
  context.succeed('Hello ' + event.key1 + ' from Node');
};
"""

PYTHON_HANDLER = """\
def handler(event, context):
    print("key1 =", event["key1"])
    return {"message": f"Hello {event['key1']} from Python", "function": context.function_name}
"""


def zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


FUNCTIONS: list[dict[str, Any]] = [
    {
        "FunctionName": "hello-node",
        "Runtime": "nodejs20.x",
        "Handler": "index.handler",
        "code": ("index.js", NODE_HANDLER),
        "expected": "Hello world from Node",
    },
    {
        "FunctionName": "hello-python",
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "code": ("app.py", PYTHON_HANDLER),
        "expected": {"message": "Hello world from Python", "function": "hello-python"},
    },
]


class Platform:
    """`lambent up` as a child of ours, and the environment that finds it."""

    def __init__(self, arguments: list[str]) -> None:
        self._command = [sys.executable, "-m", "lambent"]
        self._arguments = arguments
        started = time.monotonic()
        # A group of its own: Ctrl-C reaches us, and we end the platform in good order.
        self.process = subprocess.Popen([*self._command, "up", *arguments], start_new_session=True)
        self.environment = self._wait_until_up()
        self.start_up_s = time.monotonic() - started

    def _wait_until_up(self, limit_s: float = 30) -> dict[str, str]:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(self.process.returncode or 1)
            environment = self._read_environment()
            if environment and self._is_healthy(environment["AWS_ENDPOINT_URL"]):
                return environment
            time.sleep(0.05)
        self.stop()
        sys.exit(f"the platform did not answer within {limit_s:.0f} s")

    def _read_environment(self) -> dict[str, str]:
        printed = subprocess.run(
            [*self._command, "env", *_only(self._arguments, "--data-dir")],
            capture_output=True,
            text=True,
            check=False,
        )
        pairs = (line.removeprefix("export ").split("=", 1) for line in printed.stdout.splitlines())
        return {name: shlex.split(value)[0] for name, value in pairs}

    @staticmethod
    def _is_healthy(endpoint: str) -> bool:
        try:
            with urllib.request.urlopen(f"{endpoint}/_lambent/health", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def _only(arguments: list[str], *names: str) -> list[str]:
    kept: list[str] = []
    for name in names:
        if name in arguments:
            kept += arguments[arguments.index(name) : arguments.index(name) + 2]
    return kept


def execution_role(iam: Any) -> str:
    """The ARN of the role that the functions run with; made where it is not there yet."""
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=BASIC)
    arn: str = iam.get_role(RoleName=ROLE)["Role"]["Arn"]
    return arn


def show(client: Any, function: dict[str, Any], role: str) -> bool:
    """Create the function, invoke it cold and warm, print what came back; True if it was right."""
    name = function["FunctionName"]
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        client.delete_function(FunctionName=name)
    client.create_function(
        FunctionName=name,
        Runtime=function["Runtime"],
        Handler=function["Handler"],
        Role=role,
        Code={"ZipFile": zipped(*function["code"])},
        Timeout=10,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    right = True
    times: list[float] = []
    for call in ("cold", *["warm"] * 20):
        began = time.perf_counter()
        answer = client.invoke(
            FunctionName=name, LogType="Tail", Payload=json.dumps({"key1": "world"})
        )
        payload = answer["Payload"].read()
        elapsed = (time.perf_counter() - began) * 1000
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        lines_are_there = all(word in log for word in ("START ", "END ", "REPORT ", "world"))
        good = (
            answer["StatusCode"] == 200
            and "FunctionError" not in answer
            and json.loads(payload) == function["expected"]
            and lines_are_there
        )
        right = right and good
        if call == "cold" or not times:
            print(f"\n{name} ({function['Runtime']}), {call}: {payload.decode()}")
            print("  " + log.rstrip().replace("\n", "\n  "))
        if call == "cold":
            init = re.search(r"Init Duration: ([\d.]+) ms", log)
            cold = f"cold {elapsed:.1f} ms at the client (init {init[1] if init else '?'} ms)"
        else:
            times.append(elapsed)
    times.sort()
    print(f"  {cold}; warm {times[len(times) // 2]:.2f} ms at the client, median of {len(times)}")
    if not right:
        print(f"  WRONG: expected {json.dumps(function['expected'])} and its log lines")
    return right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the demonstration")
    parser.add_argument("up", nargs="*", help="further arguments of `lambent up`, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lambent-") as scratch:
        arguments = list(options.up)
        if options.once and "--data-dir" not in arguments:
            # A CI run leaves nothing behind and meets nothing that an earlier one left.
            Path(scratch).chmod(0o755)
            arguments += ["--data-dir", str(Path(scratch) / "data")]
        return demonstrate(arguments, once=options.once)


def demonstrate(arguments: list[str], *, once: bool) -> int:
    platform = Platform(arguments)
    stopped_right = False
    right = False
    try:
        environment = platform.environment
        client, iam = (
            boto3.client(
                service,
                endpoint_url=environment["AWS_ENDPOINT_URL"],
                region_name=environment["AWS_REGION"],
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                config=Config(retries={"max_attempts": 1}),
            )
            for service in ("lambda", "iam")
        )
        print(f"up after {platform.start_up_s:.2f} s")
        role = execution_role(iam)
        wrong = [f["FunctionName"] for f in FUNCTIONS if not show(client, f, role)]
        right = not wrong
        if not once:
            hint = " ".join(shlex.quote(a) for a in _only(arguments, "--data-dir"))
            print(f"\nLambent is at {environment['AWS_ENDPOINT_URL']}")
            print(
                f'Credentials for any AWS client:  eval "$(.venv/bin/lambent env{" " if hint else ""}{hint})"'
            )
            print("Ctrl-C stops it.", flush=True)
            platform.process.wait()
    except KeyboardInterrupt:
        pass
    except (BotoCoreError, ClientError) as problem:
        print(f"the demonstration failed: {problem}", file=sys.stderr)
    finally:
        stopped_right = platform.stop() == 0
    return 0 if right and stopped_right else 1


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    sys.exit(main())

"""The control calls of a benchmark, by boto3: make a function, change it, wait until it is Active."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import time
import zipfile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from benchmarks.contestants.server import FUNCTIONS_DIR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_lambda import LambdaClient

    from benchmarks.target import Target

ROLE = "benchmark"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ACTIVE_TIMEOUT_S = 60.0


def client(target: Target) -> LambdaClient:
    """A boto3 client that neither retries nor waits between tries: the first answer counts."""
    return boto3.client(
        "lambda",
        endpoint_url=target.endpoint,
        region_name=target.region,
        aws_access_key_id=target.credentials.access_key,
        aws_secret_access_key=target.credentials.secret_key,
        config=Config(retries={"total_max_attempts": 1}),
    )


def archive(*filenames: str) -> bytes:
    """A deployment package that holds files of benchmarks/functions."""
    return archive_of({name: (FUNCTIONS_DIR / name).read_bytes() for name in filenames})


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """A deployment package that holds these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return buffer.getvalue()


def create(
    functions: LambdaClient,
    name: str,
    runtime: str,
    memory_mib: int,
    filename: str = "",
    variables: Mapping[str, str] = MappingProxyType({}),
) -> float:
    """Create a function from a file (hello.py or hello.js); return the milliseconds until it was Active."""
    filename = filename or ("hello.js" if runtime.startswith("nodejs") else "hello.py")
    handler = f"{filename.partition('.')[0]}.handler"
    return deploy(functions, name, runtime, memory_mib, archive(filename), handler, variables)


def deploy(
    functions: LambdaClient,
    name: str,
    runtime: str,
    memory_mib: int,
    package: bytes,
    handler: str,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> float:
    """Create a function from a deployment package; return the milliseconds until it was Active."""
    role = role_of(functions)
    begun = time.perf_counter()
    functions.create_function(
        FunctionName=name,
        Runtime=runtime,  # type: ignore[arg-type]  # a string made from the interpreter's version
        Role=role,
        Handler=handler,
        MemorySize=memory_mib,
        Timeout=30,
        Code={"ZipFile": package},
        Environment={"Variables": dict(variables)},
    )
    wait_until_ready(functions, name)
    return (time.perf_counter() - begun) * 1e3


def role_of(functions: LambdaClient) -> str:
    """The ARN of a role for functions, in the account of the client's keys."""
    keys: Any = functions._request_signer._credentials  # type: ignore[attr-defined]  # noqa: SLF001
    meta = functions.meta
    return _made_role(meta.endpoint_url, meta.region_name, keys.access_key, keys.secret_key)


@functools.cache  # the server is not to be busy with it while functions are made
def _made_role(endpoint: str, region: str, access_key: str, secret_key: str) -> str:
    iam = boto3.client(
        "iam",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
    return iam.get_role(RoleName=ROLE)["Role"]["Arn"]


def renew(functions: LambdaClient, name: str, generation: int) -> None:
    """Change a variable of the function: no environment that exists may serve it any more."""
    variables = {"GENERATION": str(generation)}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    wait_until_ready(functions, name)


def wait_until_ready(functions: LambdaClient, name: str, version: str = "$LATEST") -> None:
    """Wait for State Active and LastUpdateStatus Successful."""
    deadline = time.monotonic() + ACTIVE_TIMEOUT_S
    while time.monotonic() < deadline:
        state: Any = functions.get_function_configuration(FunctionName=name, Qualifier=version)
        # A platform may leave LastUpdateStatus out of a function that was never updated.
        if (
            state.get("State", "Active") == "Active"
            and state.get("LastUpdateStatus") != "InProgress"
        ):
            return
        if "Failed" in (state.get("State"), state.get("LastUpdateStatus")):
            raise RuntimeError(
                f"{name}: {state.get('StateReason')} {state.get('LastUpdateStatusReason')}"
            )
        time.sleep(0.001)
    raise RuntimeError(f"{name} was not Active within {ACTIVE_TIMEOUT_S:.0f} s")

"""Fixtures: one platform in this process with a real spawner, and AWS clients of fresh accounts."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as ClientConfig

from lambent.storage import dialects

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping
    from contextlib import AbstractContextManager

    from lambent import app

    Aws = Callable[..., Any]

_AWSLAMBDARIC = "awslambdaric==3.1.1"


def require(tool: str) -> str:
    """The path of a program; skips the test where it is missing, fails it in CI."""
    found = shutil.which(tool)
    return found or lacking(f"{tool} is not installed")


def lacking(message: str) -> NoReturn:
    """Skips the test for want of something; fails it in CI."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def cached(name: str, install: Callable[[Path], str]) -> Path:
    """A directory of downloads that is made once: what `name` stands for never changes.

    Args:
        install: fills a new directory; returns why it could not, "" where it could. The test is then skipped, or
            fails in CI.
    """
    target = Path(__file__).parents[1] / ".cache" / "clients" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent))
        if problem := install(made):
            shutil.rmtree(made)
            lacking(f"{name} cannot be installed: {problem[-300:]}")
        try:
            made.rename(target)  # whole or not there
        except OSError:
            shutil.rmtree(made)  # another process was faster
    return target


def is_readable(file: Any, limit_s: float) -> bool:
    """Whether something can be read, or its end has come, in time. Not select(2): that takes no descriptor over 1,023,
    and a process that holds a platform has more.
    """
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(limit_s * 1000))


@contextmanager
def passable_directory() -> Iterator[str]:
    """A directory that other users may pass, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="lambent-test-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        yield path


_TRUSTS_LAMBDA = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
# ARNs of execution roles by endpoint and access key: an account needs one.
_ROLES: dict[tuple[str, str], str] = {}


def execution_role(client: Any) -> str:
    """A role for functions in the account whose keys a boto3 client has; made at the first call."""
    keys, endpoint = client._request_signer._credentials, client.meta.endpoint_url
    known = _ROLES.get((endpoint, keys.access_key))
    if known is not None:
        return known
    make_client: Any = boto3.client
    iam = make_client(
        "iam",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
    )
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=_TRUSTS_LAMBDA)
    arn: str = iam.get_role(RoleName="r")["Role"]["Arn"]
    _ROLES[endpoint, keys.access_key] = arn
    return arn


def client_with_function(running: RunningPlatform, package: bytes, **settings: Any) -> Any:
    """A client of Lambda with the root key of a platform, on which a Python function `f` is active."""
    key = running.run(running.platform.accounts.ensure(running.config.account))
    make_client: Any = boto3.client
    client = make_client(
        "lambda",
        endpoint_url=running.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )
    client.create_function(
        FunctionName="f",
        Runtime="python3.11",
        Handler="app.handler",
        Role=execution_role(client),
        Code={"ZipFile": package},
        **settings,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    return client


class RunningPlatform:
    """A platform on an event loop in a thread of its own."""

    def __init__(self, directory: str, **settings: Any) -> None:
        from lambent import app
        from lambent.config import Config
        from lambent.storage.data_dir import DataDir

        self.config = Config(data_dir=directory, port=0, core_user="root", **settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="platform")
        data_dir = DataDir(directory)
        data_dir.claim()
        runtimes = app.discover_runtimes()
        self.spawner, connection = app.spawn_execution(self.config, os.geteuid(), runtimes)
        self.platform: app.Platform = app.build(self.config, data_dir, connection, runtimes)
        self._thread.start()
        try:
            self.run(self.platform.start())
        except BaseException:
            self._end()
            raise

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the platform's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def stop(self) -> None:
        self.run(self.platform.stop())
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()
        self.spawner.wait(30)


@pytest.fixture(scope="session")
def running() -> Iterator[RunningPlatform]:
    """The platform with everything around it; most tests want `platform` or `aws`."""
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    with passable_directory() as directory, dialects.watch():
        running = RunningPlatform(f"{directory}/data", isolation="require")
        yield running
        running.stop()


@pytest.fixture(scope="session")
def start_platform() -> Callable[..., AbstractContextManager[RunningPlatform]]:
    """Runs one more platform while the context is open, for tests that change what all share."""

    @contextmanager
    def start(**settings: Any) -> Iterator[RunningPlatform]:
        with passable_directory() as directory:
            running = RunningPlatform(f"{directory}/data", **settings)
            try:
                yield running
            finally:
                running.stop()

    return start


@pytest.fixture(scope="session")
def awslambdaric() -> dict[str, bytes]:
    """AWS's own runtime client for Python as the files of a package, of the Python that runs us."""
    return pip_packages(_AWSLAMBDARIC)


def pip_packages(*requirements: str) -> dict[str, bytes]:
    """Packages with what they need, as files by their path."""
    target = pip_directory(*requirements)
    return {
        str(path.relative_to(target)): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def pip_directory(*requirements: str) -> Path:
    """Packages with what they need, installed once, in a directory of their own for PYTHONPATH."""

    def install(directory: Path) -> str:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(directory)]
        done = subprocess.run([*pip, *requirements], check=False, capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    return cached("-".join((*requirements, str(sys.implementation.cache_tag))), install)


@pytest.fixture
def make_zip() -> Callable[[Mapping[str, str | bytes]], bytes]:
    """Bytes of a zip with these files."""

    def zip_of(files: Mapping[str, str | bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return buffer.getvalue()

    return zip_of


@pytest.fixture
def signed_invoke() -> Callable[..., bytes]:
    """The bytes of an Invoke request, signed as `client` signs: for tests that send more than a client could."""

    def sign(client: Any, name: str, body: bytes, **headers: str) -> bytes:
        url = f"{client.meta.endpoint_url}/2015-03-31/functions/{name}/invocations"
        request = AWSRequest("POST", url, data=body)
        request.headers["Host"] = urlsplit(url).netloc
        for header, value in headers.items():
            request.headers[header.replace("_", "-")] = value
        credentials = client._request_signer._credentials
        SigV4Auth(credentials, "lambda", client.meta.region_name).add_auth(request)
        lines = [f"POST {urlsplit(url).path} HTTP/1.1", f"Content-Length: {len(body)}"]
        lines += [f"{header}: {value}" for header, value in request.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    return sign


@pytest.fixture(scope="session")
def platform(running: RunningPlatform) -> app.Platform:
    """A platform in this process, with a data directory of its own."""
    return running.platform


@pytest.fixture
def aws(running: RunningPlatform) -> Aws:
    """`aws("lambda")` is a boto3 client of an account that nobody has used before."""
    credential = running.run(running.platform.accounts.create())

    def client(service: str, **options: Any) -> Any:
        settings = {
            "endpoint_url": running.platform.endpoint,
            "region_name": "us-east-1",
            "aws_access_key_id": credential.access_key_id,
            "aws_secret_access_key": credential.secret_access_key,
            "config": ClientConfig(retries={"total_max_attempts": 1}),
        }
        make_client: Any = boto3.client  # its stubs want the service's name as a literal
        return make_client(service, **(settings | options))

    return client

"""Where secrets of every kind end up when a platform works with them and when it fails: nowhere but where they must."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from tests.conftest import execution_role

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.platform.conftest import Up

    Clients = Callable[..., Any]

# What a function is given, told by itself: nobody else knows the credentials of its role.
FUNCTION = """
import os
def handler(event, context):
    if event == "fail":
        raise ValueError("no luck")
    if event == "exit":
        os._exit(3)
    return [os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"]]
"""
# Looks at every process of the host as a user who is nobody, and says what it found.
_LOOK = """
import json, os, sys
secrets = {**json.load(sys.stdin), "control": sys.argv[1]}
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("cmdline", "environ"):
        try:
            text = open(f"/proc/{pid}/{name}", "rb").read()
        except OSError:
            continue
        for kind, secret in secrets.items():
            if secret.encode() in text:
                print(kind, name)
"""
PASSWORD, REFUSED = "Tr0ub4dor&3-accepted!", "short-Passw0rd!"
METRICS_TOKEN = "token-of-the-metrics-5d0b"
VARIABLE, LARGE = "variable-of-a-function-7f3a", "large-variable-9c1e"


@pytest.fixture
def up(start: Callable[..., Up], monkeypatch: pytest.MonkeyPatch) -> Up:
    if os.geteuid() != 0:
        pytest.skip("needs root: core runs under a uid of its own then")
    monkeypatch.setenv("LAMBENT_METRICS_TOKEN", METRICS_TOKEN)
    return start()


@pytest.fixture
def clients(up: Up) -> Clients:
    environment = up.environment()

    def client(service: str, keys: dict[str, str] | None = None) -> Any:
        make_client: Any = boto3.client
        mine = keys or {
            "AccessKeyId": environment["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": environment["AWS_SECRET_ACCESS_KEY"],
        }
        return make_client(
            service,
            endpoint_url=up.endpoint,
            region_name="us-east-1",
            aws_access_key_id=mine["AccessKeyId"],
            aws_secret_access_key=mine["SecretAccessKey"],
            aws_session_token=mine.get("SessionToken"),
            config=ClientConfig(
                retries={"total_max_attempts": 1}, read_timeout=60, parameter_validation=False
            ),
        )

    return client


def _refusal(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return json.dumps(refused.value.response, default=str)


def _use_keys(clients: Clients, secrets: dict[str, str]) -> list[str]:
    """Make and use credentials of every kind; returns how what fails is answered."""
    iam, sts = clients("iam"), clients("sts")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    secrets["user"] = key["SecretAccessKey"]
    role = execution_role(clients("lambda"))
    session = sts.get_session_token()["Credentials"]
    secrets |= {"session": session["SecretAccessKey"], "session token": session["SessionToken"]}
    assert clients("sts", session).get_caller_identity()
    forged = {**session, "SecretAccessKey": key["SecretAccessKey"]}
    token = session["SessionToken"]
    damaged = {**session, "SessionToken": token[:-9] + token[-8:]}
    return [
        _refusal(clients("sts", key).assume_role, RoleArn=role, RoleSessionName="s"),
        _refusal(clients("lambda", key).list_functions),
        _refusal(clients("lambda", forged).list_functions),
        _refusal(clients("iam", session).list_users),
        _refusal(clients("sts", damaged).get_caller_identity),
        _refusal(clients("lambda", {**key, "SecretAccessKey": "x"}).list_functions),
    ]


def _use_passwords(clients: Clients) -> list[str]:
    iam = clients("iam")
    iam.update_account_password_policy(MinimumPasswordLength=20)
    iam.create_login_profile(UserName="ann", Password=PASSWORD)
    iam.update_login_profile(UserName="ann", PasswordResetRequired=True)
    return [
        _refusal(iam.update_login_profile, UserName="ann", Password=REFUSED),
        _refusal(iam.update_login_profile, UserName="ann", Password=REFUSED * 20),
        _refusal(iam.update_login_profile, UserName="ann", Password=f"{REFUSED}\u20ac"),
        _refusal(iam.create_login_profile, UserName="ann", Password=PASSWORD),
        _refusal(iam.create_login_profile, UserName="nobody", Password=PASSWORD),
        _refusal(iam.change_password, OldPassword=PASSWORD, NewPassword=REFUSED),
    ]


def _use_variables(up: Up, clients: Clients, secrets: dict[str, str]) -> list[str]:
    functions = clients("lambda")
    up.create(functions, "f", FUNCTION)
    functions.get_waiter("function_active_v2").wait(FunctionName="f")
    change = functions.update_function_configuration
    change(FunctionName="f", Environment={"Variables": {"SECRET": VARIABLE}})
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    secret, token = json.loads(up.invoke(functions, "f"))
    secrets |= {"function's": secret, "function's token": token}
    failures = [
        functions.invoke(FunctionName="f", Payload=json.dumps(event))["Payload"].read().decode()
        for event in ("fail", "exit")
    ]
    assert json.loads(up.invoke(functions, "f"))
    # AWS repeats what it has measured to whoever sent it: not in this list.
    _refusal(change, FunctionName="f", Environment={"Variables": {"SECRET": LARGE * 400}})
    return failures + [
        _refusal(change, FunctionName="f", Environment={"Variables": {name: LARGE}})
        for name in ("AWS_REGION", "1", "A-B")
    ]


def _send_nonsense(up: Up, secrets: dict[str, str]) -> list[str]:
    """Requests without a good form that have secrets in them, in places where people put them by mistake."""
    token = urllib.parse.quote(secrets["session token"], safe="")
    bodies = []
    for path, body in [
        (f"/?X-Amz-Security-Token={token}&X-Amz-Signature=0", None),
        (f"/2015-03-31/functions/?X-Amz-Security-Token={token}&X-Amz-Algorithm=x", None),
        ("/2015-03-31/functions", f'{{"Environment": {{"Variables": {{"A": "{VARIABLE}"'.encode()),
        ("/", f"Action=CreateLoginProfile&UserName=ann&Password={REFUSED}".encode()),
    ]:
        try:
            with urllib.request.urlopen(f"{up.endpoint}{path}", body, timeout=60) as answer:
                bodies.append(answer.read().decode())
        except urllib.error.HTTPError as refused:
            bodies.append(refused.read().decode())
    return bodies


def _read_metrics(up: Up) -> str:
    """With the token; without it they are refused."""
    request = urllib.request.Request(f"{up.endpoint}/_lambent/metrics")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    refused.value.close()
    request.add_header("Authorization", f"Bearer {METRICS_TOKEN}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        text: str = answer.read().decode()
    return text


def _holding(root: Path, secret: str) -> list[Path]:
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and secret.encode() in path.read_bytes()
    ]


def _output(up: Up) -> str:
    """All that it has said, once it has ended."""
    assert up._process.stdout is not None
    return up._process.stdout.read().decode() + up.complaints


def test_secrets_are_where_they_must_be_and_nowhere_else(up: Up, clients: Clients) -> None:
    secrets = {"root": up.environment()["AWS_SECRET_ACCESS_KEY"], "variable": VARIABLE}
    answers = _use_keys(clients, secrets)
    answers += _use_passwords(clients)
    answers += _use_variables(up, clients, secrets)
    answers += _send_nonsense(up, secrets)
    answers.append(_read_metrics(up))
    secrets["metrics token"] = METRICS_TOKEN
    secrets |= {"password": PASSWORD, "refused password": REFUSED, "refused variable": LARGE}

    for kind, secret in secrets.items():
        assert not [each for each in answers if secret in each], kind
    seen = subprocess.run(
        [sys.executable, "-I", "-c", _LOOK, "anybody-may-see-this"],
        input=json.dumps(secrets),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert seen.stdout == "control cmdline\n"
    assert _printed(clients, secrets) == []

    assert up.stop() == 0
    said = _output(up)
    assert [kind for kind, secret in secrets.items() if secret in said] == []
    _check_files(up.data_dir, secrets)


def _printed(clients: Clients, secrets: dict[str, str]) -> list[str]:
    """The kinds of secrets that stand in the log of the function."""
    logs = clients("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/f")
    text = json.dumps([event for page in pages for event in page["events"]])
    assert "no luck" in text
    return [kind for kind, secret in secrets.items() if secret in text]


def _check_files(data_dir: Path, secrets: dict[str, str]) -> None:
    """A signature can only be checked by who has the secret, and variables are to be shown again: these are kept."""
    found = {kind: _holding(data_dir, secret) for kind, secret in secrets.items()}
    kept = {kind for kind, paths in found.items() if paths}
    assert kept == {"root", "user", "variable"}
    for paths in found.values():
        for path in paths:
            assert path.name.startswith(("lambent.db", "root-key")) or "root-keys" in path.parts
    for path in (data_dir / "state").rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path

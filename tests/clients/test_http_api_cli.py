"""An HTTP API through the AWS CLI and curl: one command from a function to an address that answers."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role, require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(120)]

SOURCE = (
    "def run(event, context):\n    return {'path': event['rawPath'], 'route': event['routeKey']}\n"
)


def test_one_command_makes_an_address_that_curl_can_call(
    aws: Callable[[str], Any], tmp_path: Path
) -> None:
    require("curl")
    lambda_ = aws("lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("handler.py", SOURCE)
    function = lambda_.create_function(
        FunctionName="f",
        Runtime="python3.11",
        Role=execution_role(lambda_),
        Handler="handler.run",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    keys = lambda_._request_signer._credentials
    environment = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": lambda_.meta.endpoint_url,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
    }

    def run(*command: str) -> Any:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    cli = (sys.executable, "-m", "awscli", "--output", "json")
    made = run(
        *cli,
        "apigatewayv2",
        "create-api",
        "--name",
        "q",
        "--protocol-type",
        "HTTP",
        "--target",
        function,
    )
    account = function.split(":")[4]
    source = f"arn:aws:execute-api:us-east-1:{account}:{made['ApiId']}/*/*"
    run(
        *cli,
        "lambda",
        "add-permission",
        "--function-name",
        "f",
        "--statement-id",
        "s",
        "--action",
        "lambda:InvokeFunction",
        "--principal",
        "apigateway.amazonaws.com",
        "--source-arn",
        source,
    )
    answer = run("curl", "--silent", "--show-error", "--fail", f"{made['ApiEndpoint']}/a/b?x=1")
    assert answer == {"path": "/a/b", "route": "$default"}

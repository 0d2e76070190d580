"""REST APIs through the AWS CLI: the tutorial's way to an endpoint, and a document that is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.clients


@pytest.fixture
def cli(aws: Callable[[str], Any], tmp_path: Path) -> Callable[..., Any]:
    """Runs `aws apigateway ...` as a fresh account and returns its JSON."""
    client = aws("apigateway")
    key = client._request_signer._credentials
    environment = {
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": client.meta.endpoint_url,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
    }

    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", "awscli", "apigateway", *arguments, "--output", "json"]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_endpoint_is_made_and_deployed(cli: Callable[..., Any]) -> None:
    api = cli("create-rest-api", "--name", "LambdaMicroservice")
    place = [
        "--rest-api-id",
        api["id"],
        "--resource-id",
        api["rootResourceId"],
        "--http-method",
        "GET",
    ]
    cli("put-method", *place, "--authorization-type", "NONE", "--api-key-required")
    cli(
        "put-integration",
        *place,
        "--type",
        "MOCK",
        "--request-templates",
        '{"application/json":"{}"}',
    )
    cli("create-deployment", "--rest-api-id", api["id"], "--stage-name", "prod")
    changed = cli(
        "update-stage",
        "--rest-api-id",
        api["id"],
        "--stage-name",
        "prod",
        "--patch-operations",
        "op=replace,path=/*/*/throttling/rateLimit,value=5",
    )
    assert changed["methodSettings"]["*/*"]["throttlingRateLimit"] == 5
    key = cli(
        "create-api-key",
        "--name",
        "k",
        "--enabled",
        "--stage-keys",
        f"restApiId={api['id']},stageName=prod",
    )
    assert key["stageKeys"] == [f"{api['id']}/prod"]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_document_goes_in_and_comes_out(cli: Callable[..., Any], tmp_path: Path) -> None:
    document = tmp_path / "api.yaml"
    document.write_text(
        "openapi: 3.0.1\ninfo: {title: Pets, version: '1'}\npaths:\n  /pets:\n    get:\n"
        "      responses: {200: {description: ok}}\n"
        "      x-amazon-apigateway-integration: {type: mock}\n"
    )
    api = cli(
        "import-rest-api",
        "--body",
        f"fileb://{document}",
        "--parameters",
        "endpointConfigurationTypes=REGIONAL",
    )
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    cli("create-deployment", "--rest-api-id", api["id"], "--stage-name", "prod")
    exported = tmp_path / "out.json"
    cli(
        "get-export",
        "--rest-api-id",
        api["id"],
        "--stage-name",
        "prod",
        "--export-type",
        "oas30",
        str(exported),
    )
    assert json.loads(exported.read_text())["paths"]["/pets"]["get"]["responses"]["200"]
    again = cli(
        "put-rest-api",
        "--rest-api-id",
        api["id"],
        "--mode",
        "overwrite",
        "--body",
        f"fileb://{document}",
    )
    assert again["id"] == api["id"]

"""The AWS SDKs are there for functions that bring none; what a function brings wins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role, require

from lambent.execution.runtimes import libraries
from lambent.execution.runtimes.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORTS = """
import boto3, botocore, sys
def handler(event, context):
    client = boto3.client("dynamodb", region_name="eu-west-1")
    return [boto3.__file__, client.meta.service_model.service_name, sorted(sys.modules).count("sqlalchemy")]
"""
REQUIRES = """
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient } = require('@aws-sdk/lib-dynamodb');
const { VERSION } = require('aws-sdk');
const { DynamoDB } = require('dynamodb-doc');
exports.handler = async () => [DynamoDBClient.name, typeof DynamoDBDocumentClient.from, VERSION[0], typeof DynamoDB];
"""
ES_IMPORTS = """
import { S3Client } from '@aws-sdk/client-s3';
import AWS from 'aws-sdk';
export const handler = async () => [typeof S3Client, AWS.VERSION[0]];
"""


@pytest.fixture
def call(aws: Any, make_zip: Any) -> Callable[..., Any]:
    client = aws("lambda")

    def deploy_and_call(runtime: str, files: dict[str, str]) -> Any:
        name = f"f-{len(client.list_functions()['Functions'])}"
        client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler="app.handler",
            Role=execution_role(client),
            MemorySize=512,
            Timeout=30,
            Code={"ZipFile": make_zip(files)},
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        return json.loads(client.invoke(FunctionName=name)["Payload"].read())

    return deploy_and_call


@pytest.fixture
def node_packages() -> None:
    if libraries.lacks("node"):
        require("the AWS SDKs for Node (scripts/setup)")


def test_functions_of_every_python_find_boto3(call: Callable[..., Any]) -> None:
    """Of every version that boto3 still supports; an older one has none to offer."""
    versions = [
        (name, found["version"])
        for name, found in discover().items()
        if found["language"] == "python" and found["exact"]
    ]
    assert versions
    for runtime, version in versions:
        answer = call(runtime, {"app.py": IMPORTS})
        if libraries.libraries("python", version):
            path = f"/var/lang/lib/{runtime}/site-packages/boto3/__init__.py"
            assert answer == [path, "dynamodb", 0]
        else:
            assert answer["errorType"] == "Runtime.ImportModuleError"


LOOKS = "import sys\nthere = 'botocore.client' in sys.modules\n"
ANSWERS = "def handler(event, context):\n    return there\n"


@pytest.mark.parametrize(
    ("files", "is_there"),
    [
        ({"app.py": LOOKS + "import boto3\n" + ANSWERS}, True),
        (
            {
                "app.py": LOOKS + ANSWERS,
                "deep/down.py": "def f():\n    from botocore import session",
            },
            True,
        ),
        ({"app.py": LOOKS + ANSWERS}, False),
        ({"app.py": LOOKS + "import boto3\n" + ANSWERS, "boto3/__init__.py": ""}, False),
        ({"app.py": LOOKS + ANSWERS, "text.txt": "import boto3"}, False),
    ],
)
def test_a_function_that_imports_boto3_is_forked_from_a_process_that_has(
    call: Callable[..., Any], files: dict[str, str], is_there: bool
) -> None:
    assert call("python3.11", files) is is_there


def test_a_boto3_of_the_functions_own_wins(call: Callable[..., Any]) -> None:
    source = "import boto3\ndef handler(event, context):\n    return boto3.OWN"
    assert call("python3.11", {"app.py": source, "boto3/__init__.py": "OWN = 1"}) == 1


def test_what_we_depend_on_is_not_there(call: Callable[..., Any]) -> None:
    source = "def handler(event, context):\n    import sqlalchemy"
    assert call("python3.11", {"app.py": source})["errorType"] == "ModuleNotFoundError"


@pytest.mark.usefixtures("node_packages")
def test_node_functions_require_every_sdk(call: Callable[..., Any]) -> None:
    assert call("nodejs20.x", {"app.js": REQUIRES}) == [
        "DynamoDBClient",
        "function",
        "2",
        "function",
    ]


@pytest.mark.usefixtures("node_packages")
def test_node_functions_import_every_sdk(call: Callable[..., Any]) -> None:
    assert call("nodejs20.x", {"app.mjs": ES_IMPORTS}) == ["function", "2"]


@pytest.mark.usefixtures("node_packages")
def test_an_sdk_of_the_functions_own_wins(call: Callable[..., Any]) -> None:
    files = {
        "app.js": "exports.handler = async () => require('aws-sdk').own;",
        "node_modules/aws-sdk/index.js": "exports.own = 1;",
    }
    assert call("nodejs20.x", files) == 1


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    assert libraries.lacks("java") == ""
    monkeypatch.setattr(libraries, "_NODE_PACKAGES", tmp_path / "none")
    monkeypatch.setattr(libraries, "_PYTHON_PACKAGES", ("no_such_package",))
    assert libraries.lacks("node").startswith("npm ci --ignore-scripts --prefix /")
    assert "-m pip install boto3" in libraries.lacks("python")
    assert libraries.libraries("node", "20.1.0") == []
    assert libraries.libraries("python", "3.11.2") == []


def test_a_process_without_site_packages_finds_them_too() -> None:
    """The launcher is one, and it is the one that looks."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(libraries.__file__).parents[3])!r}); "
        "from lambent.execution.runtimes.libraries import libraries; "
        "print(len(libraries('python', '3.12.1')))"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(said) == len(libraries._PYTHON_PACKAGES)

"""A Ruby function as a client sees it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from tests.conftest import execution_role, require

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

pytestmark = pytest.mark.slow

SOURCE = """
def lambda_handler(event:, context:)
  puts "called #{context.invoked_function_arn[/[^:]+$/]}"
  raise ArgumentError, 'no' if event['fail']
  { statusCode: 200, body: JSON.generate(event) }
end
"""


@pytest.fixture
def function(client: LambdaClient, make_zip: Callable[..., bytes]) -> str:
    require("ruby")
    client.create_function(
        FunctionName="f",
        Runtime="ruby3.4",
        Handler="lambda_function.lambda_handler",
        Role=execution_role(client),
        Code={"ZipFile": make_zip({"lambda_function.rb": SOURCE})},
        Publish=True,
    )
    return "f"


def test_it_answers_and_logs(client: LambdaClient, function: str) -> None:
    answer = client.invoke(
        FunctionName=function, Qualifier="1", LogType="Tail", Payload=b'{"a": "\xc3\xa9"}'
    )
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read()) == {"statusCode": 200, "body": '{"a":"é"}'}
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert lines[0].startswith("START RequestId: ")
    assert lines[1] == "called 1"
    configuration = client.get_function_configuration(FunctionName=function)
    assert configuration["Runtime"] == "ruby3.4"
    assert ":runtime:" in configuration["RuntimeVersionConfig"]["RuntimeVersionArn"]


def test_its_errors_are_function_errors(client: LambdaClient, function: str) -> None:
    answer = client.invoke(FunctionName=function, Payload=b'{"fail": true}')
    assert answer["FunctionError"] == "Unhandled"
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("Function<ArgumentError>", "no")
    assert len(error["stackTrace"]) == 1
    assert error["stackTrace"][0].startswith("/var/task/lambda_function.rb:4:in ")

"""Sample events: what functions read first, and that each can be sent."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from lambent.cli.commands import lambent
from lambent.testing import sample_events
from lambent.testing.sample_events import SOURCES, generate

if TYPE_CHECKING:
    from click.testing import Result


def run(*arguments: str) -> Result:
    return CliRunner().invoke(lambent, ["events", "generate", *arguments])


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_is_json_and_is_printed(source: str) -> None:
    event = generate(source)
    assert json.loads(json.dumps(event)) == event
    assert json.loads(run(source).stdout) == event


def test_parameters_are_in_the_event() -> None:
    assert (
        generate("s3-put", bucket="b", key="k", size="5")["Records"][0]["s3"]["object"]["size"] == 5
    )
    assert generate("sns", message="m")["Records"][0]["Sns"]["Message"] == "m"
    assert generate("sqs", body="b")["Records"][0]["body"] == "b"
    assert base64.b64decode(generate("kinesis", data="d")["Records"][0]["kinesis"]["data"]) == b"d"
    assert generate("apigateway", method="POST", body="b")["body"] == "b"
    assert generate("function-url", path="/p")["requestContext"]["http"]["path"] == "/p"
    assert generate("eventbridge", detail='{"a": 1}')["detail"] == {"a": 1}
    logs = gzip.decompress(
        base64.b64decode(generate("cloudwatch-logs", message="m")["awslogs"]["data"])
    )
    assert json.loads(logs)["logEvents"][0]["message"] == "m"
    assert json.loads(run("dynamodb", "table=t").stdout)["Records"][0]["eventSourceARN"].count(
        "table/t/"
    )


def test_what_is_not_there_is_said_in_one_line() -> None:
    with pytest.raises(sample_events.UnknownSource, match="there are: s3-put"):
        generate("nobody")
    assert run("nobody").exit_code == 2
    wrong = run("sqs", "color=red")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (1, 1)
    assert "there are: body queue" in wrong.stderr
    assert run("sqs", "body").exit_code == 2
    assert run("eventbridge", "detail=no json").exit_code == 1

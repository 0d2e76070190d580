from __future__ import annotations

from typing import Any

import pytest

from lambent.execution.runtimes.table import Runtime
from lambent.execution.variables import function_environment

Make = Any
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


def variables(spec: Any, language: str = "python", interpreter: str = "/a/bin/x") -> dict[str, str]:
    runtime = Runtime(spec.runtime, language, interpreter, "20.1.2", True, spec.runtime)
    return function_environment(spec, runtime, "/var/task", "stream", "", CREDENTIALS)


def test_what_aws_documents_is_there(make_spec: Make) -> None:
    assert variables(make_spec(environment={"MINE": "1"})) == {
        "MINE": "1",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/a/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:"
        "/var/task:/var/task/lib:/opt/lib",
        "PYTHONPATH": "/var/runtime",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        **CREDENTIALS,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_LAMBDA_LOG_FORMAT": "Text",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": "app.handler",
    }


@pytest.mark.parametrize("name", ["TZ", "PATH", "LD_LIBRARY_PATH", "AWS_XRAY_CONTEXT_MISSING"])
def test_a_functions_own_win_over_the_defaults(make_spec: Make, name: str) -> None:
    assert variables(make_spec(environment={name: "own"}))[name] == "own"


@pytest.mark.parametrize("name", ["AWS_REGION", "_HANDLER", "AWS_LAMBDA_LOG_FORMAT"])
def test_nothing_wins_over_the_reserved_ones(make_spec: Make, name: str) -> None:
    assert variables(make_spec(environment={name: "own"}))[name] != "own"


def test_the_level_is_there_with_json_alone(make_spec: Make) -> None:
    json = variables(make_spec(log_format="JSON", application_log_level="WARN"))
    assert (json["AWS_LAMBDA_LOG_FORMAT"], json["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", "WARN")
    own = {"AWS_LAMBDA_LOG_LEVEL": "DEBUG"}
    assert variables(make_spec(environment=own))["AWS_LAMBDA_LOG_LEVEL"] == "DEBUG"


@pytest.mark.parametrize(("runtime", "major"), [("nodejs22.x", "22"), ("nodejs", "20")])
def test_nodes_path_is_that_of_the_version_asked_for(
    make_spec: Make, runtime: str, major: str
) -> None:
    told = variables(make_spec(runtime=runtime), "node")
    assert told["NODE_PATH"] == (
        f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:"
        "/var/runtime/node_modules:/var/runtime:/var/task"
    )
    assert "PYTHONPATH" not in told


def test_rubys_paths_are_those_of_the_version_asked_for(make_spec: Make) -> None:
    told = variables(make_spec(runtime="ruby3.3"), "ruby")
    assert told["GEM_PATH"] == "/var/task/vendor/bundle/ruby/3.3.0:/opt/ruby/gems/3.3.0"
    assert told["RUBYLIB"] == "/var/task:/var/runtime/lib:/opt/ruby/lib"


def test_an_os_only_runtime_has_no_name(make_spec: Make) -> None:
    told = variables(make_spec(runtime="provided.al2023"), "provided", "bootstrap")
    assert "AWS_EXECUTION_ENV" not in told
    assert told["PATH"] == "/usr/local/bin:/usr/bin:/bin:/opt/bin"

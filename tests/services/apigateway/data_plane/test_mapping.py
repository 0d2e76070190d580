"""Integrations with mapped requests and answers: Lambda, MOCK, templates, parameters, content."""

from __future__ import annotations

import json
from typing import Any

import pytest

ECHO = "def run(event, context): return event"
JSON = "application/json"
# Fails with the message it is given, else says what it got.
FAILING = """
def run(event, context):
    if "fail" in event:
        raise Exception(event["fail"])
    return event
"""


@pytest.fixture
def lambda_method(account: Any, mapped: Any, uri: Any) -> Any:
    """Makes methods with a non-proxy integration of an echoing function."""
    arn = account.function("f", FAILING)

    def method(responses: dict[str, Any] | None = None, **members: Any) -> Any:
        return mapped("AWS", responses, uri=uri(arn), httpMethod="POST", **members)

    return method


def test_get_without_body_gives_an_empty_event(account: Any, lambda_method: Any) -> None:
    api = account.deploy({"GET /Concatenate": lambda_method()})

    answer = account.call(api, "GET", "/Concatenate")

    assert (answer.status, answer.text) == (200, "{}")
    assert answer.headers["content-type"] == JSON


def test_json_string_of_a_function_is_the_body(account: Any, mapped: Any, uri: Any) -> None:
    arn = account.function("g", "def run(event, context): return 'Hello World! >> now'")
    api = account.deploy({"GET /": mapped("AWS", uri=uri(arn))})

    assert account.call(api, "GET", "/").text == '"Hello World! >> now"'


@pytest.mark.parametrize(
    "content_type", [None, "text/plain;charset=UTF-8", "application/json; charset=utf-8", "x/y"]
)
def test_body_passes_through_whatever_its_type(
    account: Any, lambda_method: Any, content_type: str | None
) -> None:
    api = account.deploy({"POST /": lambda_method()})
    headers = {"Content-Type": content_type} if content_type else {}

    assert account.call(api, "POST", "/", '{"Id": "1"}', headers).text == '{"Id": "1"}'


@pytest.mark.parametrize(
    ("behavior", "content_type", "status"),
    [
        ("WHEN_NO_MATCH", "text/plain", 200),
        ("WHEN_NO_TEMPLATES", "text/plain", 415),
        ("NEVER", "text/plain", 415),
        ("NEVER", JSON, 200),
    ],
)
def test_passthrough_behavior(
    account: Any, lambda_method: Any, behavior: str, content_type: str, status: int
) -> None:
    method = lambda_method(passthroughBehavior=behavior, requestTemplates={JSON: '{"a": 1}'})
    api = account.deploy({"POST /": method})

    answer = account.call(api, "POST", "/", "{}", {"Content-Type": content_type})

    assert answer.status == status
    if status == 415:
        assert answer.text == '{"message": "Unsupported Media Type"}'


def test_template_makes_the_event(account: Any, lambda_method: Any) -> None:
    template = (
        '{"id": "$input.params(\'id\')", "name": $input.json(\'$.name\'), '
        '"agent": "$input.params().header.get(\'X-Agent\')", "stage": "$context.stage", '
        '"v": "$stageVariables.v"}'
    )
    method = lambda_method(requestTemplates={JSON: template})
    api = account.deploy({"POST /p/{id}": method}, stage={"variables": {"v": "w"}})

    answer = account.call(api, "POST", "/p/7", '{"name": "n\\"q"}', {"X-Agent": "a"})

    assert json.loads(answer.body) == {
        "id": "7",
        "name": 'n"q',
        "agent": "a",
        "stage": "prod",
        "v": "w",
    }


@pytest.mark.parametrize(
    ("message", "status"), [("not found: x", 404), ("bad\nthing", 400), ("else", 200)]
)
def test_selection_pattern_chooses_the_answer(
    account: Any, lambda_method: Any, message: str, status: int
) -> None:
    template = {JSON: '{"error": "$input.path(\'$.errorMessage\')"}'}
    method = lambda_method(
        {
            "200": {"statusCode": "200"},
            "400": {"statusCode": "400", "selectionPattern": "bad(\\n|.)*"},
            "404": {
                "statusCode": "404",
                "selectionPattern": "not found.*",
                "responseTemplates": template,
            },
        }
    )
    api = account.deploy({"POST /": method})

    answer = account.call(api, "POST", "/", json.dumps({"fail": message}))

    assert answer.status == status
    if status == 404:
        assert answer.text == f'{{"error": "{message}"}}'


def test_no_answer_that_fits_is_500(account: Any, lambda_method: Any) -> None:
    method = lambda_method({"404": {"statusCode": "404", "selectionPattern": "x"}})
    evil = lambda_method({"200": {"statusCode": "200", "selectionPattern": "(a|aa)+$"}})
    api = account.deploy({"POST /": method, "POST /evil": evil})
    body = json.dumps({"fail": "a" * 100 + "!"})

    for path in ("/", "/evil"):
        answer = account.call(api, "POST", path, body)
        assert (answer.status, answer.text) == (500, '{"message": "Internal server error"}')


def test_event_invocation_is_not_waited_for(account: Any, lambda_method: Any) -> None:
    parameters = {"integration.request.header.X-Amz-Invocation-Type": "'Event'"}
    responses = {"202": {"statusCode": "202"}}
    api = account.deploy({"POST /": lambda_method(responses, requestParameters=parameters)})

    answer = account.call(api, "POST", "/", "{}")

    assert (answer.status, answer.body) == (202, b"")


def test_answer_is_made_of_template_and_parameters(account: Any, lambda_method: Any) -> None:
    responses = {
        "200": {
            "statusCode": "201",
            "responseParameters": {
                "method.response.header.X-Static": "'s'",
                "method.response.header.X-Id": "integration.response.body.list[1].id",
                "method.response.header.X-Stage": "context.stage",
                "method.response.header.X-Missing": "integration.response.body.none",
                "method.response.header.X-Split": "integration.response.body.split",
            },
            "responseTemplates": {
                JSON: "#set($context.responseOverride.header.X-Over = 'o')$input.json('$.list')"
                "#set($context.responseOverride.status = 207)"
            },
        }
    }
    api = account.deploy({"POST /": lambda_method(responses)})
    body = json.dumps({"list": [{}, {"id": 5}], "split": "a\r\nSet-Cookie: x"})

    answer = account.call(api, "POST", "/", body)

    assert (answer.status, answer.text) == (207, '[{},{"id":5}]')
    assert answer.headers["x-static"] == "s"
    assert answer.headers["x-over"] == "o"
    assert answer.headers["x-id"] == "5"
    assert answer.headers["x-stage"] == "prod"
    assert not answer.headers.keys() & {"x-missing", "x-split", "set-cookie"}


def test_body_that_is_no_json_is_400(account: Any, lambda_method: Any) -> None:
    with_template = lambda_method(requestTemplates={JSON: "{\"a\": $input.json('$.a')}"})
    api = account.deploy({"POST /": lambda_method(), "POST /t": with_template})

    for path in ("/", "/t"):
        answer = account.call(api, "POST", path, "no json")
        assert answer.status == 400
        assert answer.text == '{"message": "Could not parse request body into json"}'


@pytest.mark.slow
@pytest.mark.parametrize(
    "template",
    [
        "#set($s = '" + "a" * 60 + "!')$s.matches('(a|aa)+')$s.replaceAll('^(a|a?)+$', 'x')",
        "#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in [1..1000])#end#end#end",
        "$a.b([" * 40,
        "#if(true)",
        "#include('/etc/passwd')",
    ],
    ids=["pattern", "loops", "parsing", "unreadable", "include"],
)
def test_template_that_does_harm_is_500(
    account: Any, mock: Any, lambda_method: Any, template: str
) -> None:
    api = account.deploy(
        {
            "POST /": lambda_method(requestTemplates={JSON: template}),
            "GET /ok": mock("$context.stage"),
        }
    )

    answer = account.call(api, "POST", "/", "{}")

    assert (answer.status, answer.text) == (500, '{"message": "Internal server error"}')
    assert account.call(api, "GET", "/ok").text == "prod"


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ('{"statusCode": 200}', 200),
        ("{statusCode: 404}", 404),
        ('{"statusCode": "404"}', 404),
        ('#if($input.params("q") == "x"){"statusCode": 404}#else{"statusCode": 200}#end', 404),
        ("{}", 500),
        ('{"statusCode": 418}', 500),
    ],
)
def test_mock_answers_with_the_status_of_its_template(
    account: Any, mapped: Any, template: str, status: int
) -> None:
    responses = {
        "200": {"statusCode": "200", "selectionPattern": "2\\d{2}"},
        "404": {"statusCode": "404", "selectionPattern": "404"},
    }
    api = account.deploy({"GET /": mapped("MOCK", responses, requestTemplates={JSON: template})})

    assert account.call(api, "GET", "/?q=x").status == status


def test_content_is_converted(account: Any, lambda_method: Any) -> None:
    method = lambda_method(
        {"200": {"statusCode": "200", "contentHandling": "CONVERT_TO_BINARY"}},
        contentHandling="CONVERT_TO_TEXT",
        requestTemplates={"image/png": '{"body": "$input.body"}'},
    )
    method["methodIntegration"]["integrationResponses"]["200"]["responseTemplates"] = {}
    echo = account.function("h", "def run(event, context): return event['body']")
    method["methodIntegration"]["uri"] = method["methodIntegration"]["uri"].replace(
        echo.rpartition(":")[0] + ":f", echo
    )
    api = account.deploy({"POST /": method}, api={"binaryMediaTypes": ["image/png"]})

    answer = account.call(api, "POST", "/", b"\x89PNG\xff", {"Content-Type": "image/png"})

    assert (answer.status, answer.body) == (200, b"\x89PNG\xff")


def test_service_that_is_not_there_is_500(account: Any, mapped: Any) -> None:
    uri = "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"
    api = account.deploy({"GET /": mapped("AWS", uri=uri)})

    answer = account.call(api, "GET", "/")

    assert (answer.status, answer.text) == (500, '{"message": "Internal server error"}')


def test_templates_see_path_parameters_as_sent(account: Any, lambda_method: Any) -> None:
    """The developer guide's "OpenAPI Definitions of Sample API Integrated with a Lambda Function"
    compares
    `$input.params('operator')` of `/calc/{operand1}/{operand2}/{operator}` with `'%2F'`.
    """
    template = '{"op": #if($input.params("operator") == "%2F")"/"#{else}"no"#end}'
    method = lambda_method(requestTemplates={JSON: template})
    api = account.deploy({"GET /calc/{operand1}/{operator}": method})
    assert json.loads(account.call(api, "GET", "/calc/1/%2F").body) == {"op": "/"}

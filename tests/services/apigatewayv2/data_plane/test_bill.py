"""Requests to APIs of both kinds are on the bill."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def test_requests_to_both_kinds_of_api_are_billed(
    account: Any, aws: Callable[..., Any], running: Any
) -> None:
    source = "def run(event, context):\n    return {'statusCode': 200, 'body': 'hello'}\n"
    arn = account.function("f", source)
    http = account.api("GET /", arn=arn)
    for _ in range(3):
        assert account.call(http, "GET", "/").status == 200
    assert account.call(http, "GET", "/nowhere").status == 404
    gateway = aws("apigateway")
    rest = gateway.create_rest_api(name="rest")["id"]
    (root,) = gateway.get_resources(restApiId=rest)["items"]
    place = {"restApiId": rest, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=rest, stageName="prod")
    for _ in range(2):
        assert account.call(rest, "GET", "/prod").status == 200
    now_s = int(time.time())
    owner = arn.split(":")[4]
    rows = running.run(running.platform.metering.usage(owner, now_s - 86_400, now_s + 86_400))
    billed = {
        (row["resource"], row["variant"]): row["requests"]
        for row in rows
        if row["service"] == "apigateway"
    }
    assert billed == {(f"{http}/$default", "http"): 4, (f"{rest}/prod", "rest"): 2}
    called = sum(row["requests"] for row in rows if row["service"] == "lambda")
    assert called == 5

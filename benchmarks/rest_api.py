"""A REST API with one method, GET, in front of a function: made by boto3 where a server has API Gateway."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from benchmarks import control

if TYPE_CHECKING:
    from benchmarks.target import Target

STAGE = "bench"
PATH = "hello"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an API's method answers: a path of an endpoint on the loopback, and the Host that it is asked by."""

    target: Target
    path: str
    authority: str


def create(target: Target, filename: str, runtime: str) -> Address:
    """Create the function `filename` and the API in front of it.

    Raises:
        ClientError, BotoCoreError, RuntimeError: the server will not have it.
    """
    functions = control.client(target)
    control.create(functions, target.function, runtime, 1769, filename)
    arn = functions.get_function_configuration(FunctionName=target.function)["FunctionArn"]
    functions.add_permission(
        FunctionName=target.function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    gateway = boto3.client(
        "apigateway",
        endpoint_url=target.endpoint,
        region_name=target.region,
        aws_access_key_id=target.credentials.access_key,
        aws_secret_access_key=target.credentials.secret_key,
        config=Config(retries={"total_max_attempts": 1}),
    )
    api = gateway.create_rest_api(name="bench")["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    resource = gateway.create_resource(restApiId=api, parentId=root["id"], pathPart=PATH)["id"]
    place = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    invoke = (
        f"arn:aws:apigateway:{target.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    )
    gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=invoke)
    gateway.create_deployment(restApiId=api, stageName=STAGE)
    return Address(
        replace(target),
        f"/{STAGE}/{PATH}",
        f"{api}.execute-api.localhost:{target.port}",
    )

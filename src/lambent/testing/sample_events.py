"""Sample events, as the sources of AWS send them to a function.

Each source is a function of this file; its parameters are what a test most often sets. Shapes from the pages "Using AWS
Lambda with ..." of AWS's developer guide, from API Gateway's "Set up Lambda proxy integrations" and from S3's "Event
message structure". Times, ids and ARNs are made up and stay the same from call to call.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import inspect
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Event = dict[str, Any]

ACCOUNT = "123456789012"
REGION = "us-east-1"
TIME = "2026-01-02T03:04:05.678Z"
TIME_MS = 1767323045678
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
SOURCE_IP = "192.0.2.1"
USER_AGENT = "curl/8.5.0"


class UnknownSource(LookupError):
    """There is no source of this name."""


class UnknownParameter(LookupError):
    """The source has no parameter of this name."""


def s3_put(
    bucket: str = "amzn-s3-demo-bucket", key: str = "HappyFace.jpg", size: str = "1024"
) -> Event:
    """An object was created."""
    record = _s3_record("ObjectCreated:Put", bucket, key)
    record["s3"]["object"] |= {"size": int(size), "eTag": "d41d8cd98f00b204e9800998ecf8427e"}
    return {"Records": [record]}


def s3_delete(bucket: str = "amzn-s3-demo-bucket", key: str = "HappyFace.jpg") -> Event:
    """An object was deleted."""
    return {"Records": [_s3_record("ObjectRemoved:Delete", bucket, key)]}


def sns(
    message: str = "Hello from SNS!", subject: str = "TestInvoke", topic: str = "sns-topic"
) -> Event:
    """A message to a topic."""
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"
    attribute = {"Type": "String", "Value": "TestString"}
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"{arn}:21be56ed-a058-49f5-8c98-aedd2564c486",
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": TIME,
                    "Signature": "EXAMPLE",
                    "SigningCertUrl": f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService.pem",
                    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                    "Message": message,
                    "MessageAttributes": {"Test": attribute},
                    "Type": "Notification",
                    "UnsubscribeUrl": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe",
                    "TopicArn": arn,
                    "Subject": subject,
                },
            }
        ]
    }


def sqs(body: str = "Hello from SQS!", queue: str = "my-queue") -> Event:
    """A batch of one message from a queue."""
    return {
        "Records": [
            {
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": str(TIME_MS),
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": str(TIME_MS + 7),
                },
                "messageAttributes": {},
                "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
                "awsRegion": REGION,
            }
        ]
    }


def dynamodb(table: str = "ExampleTable", message: str = "New item!") -> Event:
    """An item that was inserted and modified, from a table's stream."""
    keys = {"Id": {"N": "101"}}
    new = {"Message": {"S": message}, **keys}
    changed = {"Message": {"S": f"{message} (changed)"}, **keys}
    return {
        "Records": [
            _stream_record(table, 1, "INSERT", {"Keys": keys, "NewImage": new}),
            _stream_record(
                table, 2, "MODIFY", {"Keys": keys, "NewImage": changed, "OldImage": new}
            ),
        ]
    }


def kinesis(data: str = "Hello, this is a test.", stream: str = "lambda-stream") -> Event:
    """A record of a data stream."""
    sequence = "49590338271490256608559692538361571095921575989136588898"
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "1",
                    "sequenceNumber": sequence,
                    "data": base64.b64encode(data.encode()).decode(),
                    "approximateArrivalTimestamp": TIME_MS / 1000,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000006:{sequence}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
                "awsRegion": REGION,
                "eventSourceARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}",
            }
        ]
    }


def apigateway(
    method: str = "GET", path: str = "/my/path", body: str = "", stage: str = "$default"
) -> Event:
    """A request to a REST API (proxy integration, payload format 1.0)."""
    headers = {"Host": f"id.execute-api.{REGION}.amazonaws.com", "User-Agent": USER_AGENT}
    query = {"parameter1": "value1"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "id",
            "domainName": headers["Host"],
            "domainPrefix": "id",
            "extendedRequestId": "request-id",
            "httpMethod": method,
            "identity": {"sourceIp": SOURCE_IP, "userAgent": USER_AGENT},
            "path": f"/{stage}{path}",
            "protocol": "HTTP/1.1",
            "requestId": REQUEST_ID,
            "requestTime": "02/Jan/2026:03:04:05 +0000",
            "requestTimeEpoch": TIME_MS,
            "resourceId": "123456",
            "resourcePath": path,
            "stage": stage,
        },
        "pathParameters": None,
        "stageVariables": None,
        "body": body or None,
        "isBase64Encoded": False,
    }


def apigatewayv2(method: str = "GET", path: str = "/my/path", body: str = "") -> Event:
    """A request to an HTTP API (payload format 2.0)."""
    return _http_event(
        method, path, body, f"id.execute-api.{REGION}.amazonaws.com", f"{method} {path}"
    )


def function_url(method: str = "GET", path: str = "/my/path", body: str = "") -> Event:
    """A request to a function URL (payload format 2.0)."""
    return _http_event(method, path, body, f"id.lambda-url.{REGION}.on.aws", "$default")


def alb(method: str = "GET", path: str = "/", body: str = "") -> Event:
    """A request through an Application Load Balancer."""
    group = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/lambda-target/49e9d65c45c6791a"
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {"query": "1234ABCD"},
        "headers": {
            "host": f"lambda-alb-1234578498.{REGION}.elb.amazonaws.com",
            "user-agent": USER_AGENT,
            "x-forwarded-for": SOURCE_IP,
            "x-forwarded-port": "80",
            "x-forwarded-proto": "http",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def schedule(rule: str = "my-schedule") -> Event:
    """A rule of EventBridge that is due."""
    resource = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"
    return _bus_event("aws.events", "Scheduled Event", {}, [resource])


def eventbridge(
    source: str = "my.application", detail_type: str = "something happened", detail: str = "{}"
) -> Event:
    """An event of an event bus; `detail` is JSON."""
    return _bus_event(source, detail_type, json.loads(detail), [])


def cloudwatch_logs(
    message: str = "[ERROR] First test message", group: str = "testLogGroup"
) -> Event:
    """Log events that matched a subscription filter, gzipped and in base64."""
    document = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": "testLogStream",
        "subscriptionFilters": ["testFilter"],
        "logEvents": [{"id": "eventId1", "timestamp": TIME_MS, "message": message}],
    }
    data = gzip.compress(json.dumps(document).encode(), mtime=0)
    return {"awslogs": {"data": base64.b64encode(data).decode()}}


SOURCES: Mapping[str, Callable[..., Event]] = {
    source.__name__.replace("_", "-"): source
    for source in (
        s3_put, s3_delete, sns, sqs, dynamodb, kinesis, apigateway, apigatewayv2, function_url, alb, schedule,
        eventbridge, cloudwatch_logs,
    )
}  # fmt: skip


def generate(source: str, **parameters: str) -> Event:
    """The event of a source.

    Raises:
        UnknownSource, UnknownParameter: the text says what there is.
        ValueError: a parameter is not of its kind.
    """
    make = SOURCES.get(source)
    if make is None:
        raise UnknownSource(f"unknown source {source}; there are: {' '.join(SOURCES)}")
    known = inspect.signature(make).parameters
    for name in parameters:
        if name not in known:
            raise UnknownParameter(
                f"{source} has no parameter {name}; there are: {' '.join(known)}"
            )
    return make(**parameters)


def _s3_record(name: str, bucket: str, key: str) -> Event:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": TIME,
        "eventName": name,
        "userIdentity": {"principalId": "EXAMPLE"},
        "requestParameters": {"sourceIPAddress": SOURCE_IP},
        "responseElements": {
            "x-amz-request-id": "EXAMPLE123456789",
            "x-amz-id-2": "EXAMPLE/mnopqrst",
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "testConfigRule",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "EXAMPLE"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {"key": key, "sequencer": "0A1B2C3D4E5F678901"},
        },
    }


def _stream_record(table: str, number: int, name: str, images: Event) -> Event:
    return {
        "eventID": str(number),
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": TIME_MS // 1000,
            **images,
            "SequenceNumber": str(111 * number),
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/2026-01-02T00:00:00.000",
    }


def _http_event(method: str, path: str, body: str, domain: str, route: str) -> Event:
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "parameter1=value1&parameter1=value2",
        "cookies": ["cookie1", "cookie2"],
        "headers": {"host": domain, "user-agent": USER_AGENT, "x-forwarded-proto": "https"},
        "queryStringParameters": {"parameter1": "value1,value2"},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "id",
            "domainName": domain,
            "domainPrefix": "id",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": USER_AGENT,
            },
            "requestId": REQUEST_ID,
            "routeKey": route,
            "stage": "$default",
            "time": "02/Jan/2026:03:04:05 +0000",
            "timeEpoch": TIME_MS,
        },
        "isBase64Encoded": False,
    }
    return event | ({"body": body} if body else {})


def _bus_event(source: str, detail_type: str, detail: Any, resources: list[str]) -> Event:
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-01-02T03:04:05Z",
        "region": REGION,
        "resources": resources,
        "detail": detail,
    }

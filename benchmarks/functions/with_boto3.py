"""The measured function, which imports the AWS SDK."""

import boto3  # noqa: F401 - it is the import that is measured


def handler(event, context):  # type: ignore[no-untyped-def]  # the shape that users write
    return {"greeting": "Hello, " + event["name"], "token": event["token"]}

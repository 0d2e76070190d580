"""Behind an API: the query's token, sent back as an AWS_PROXY integration wants it."""

import json


def handler(event, context):  # type: ignore[no-untyped-def]  # the shape that users write
    token = event["queryStringParameters"]["token"]
    return {"statusCode": 200, "body": json.dumps({"token": token})}

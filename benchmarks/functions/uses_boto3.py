"""What a function that talks to AWS does before its first event: a client is made of its service's model."""

import boto3
from ends import end_soon

client = boto3.client("dynamodb", region_name="us-east-1")


def handler(event, context):
    end_soon(context)
    return {**event, "service": client.meta.service_model.service_name}

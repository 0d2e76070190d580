"""The measured function: as small as a function that reads its event and answers can be."""


def handler(event, context):  # type: ignore[no-untyped-def]  # the shape that users write
    return {"greeting": "Hello, " + event["name"], "token": event["token"]}

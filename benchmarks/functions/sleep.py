"""Half a second of waiting, as for another service."""

import time


def handler(event, context):  # type: ignore[no-untyped-def]  # the shape that users write
    time.sleep(0.5)
    return {"token": event["token"]}

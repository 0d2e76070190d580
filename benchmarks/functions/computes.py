"""Computes for as long as it is told."""

import time


def handler(event, context):  # type: ignore[no-untyped-def]  # the shape that users write
    until = time.monotonic() + event["seconds"]
    while time.monotonic() < until:
        pass

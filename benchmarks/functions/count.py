"""The measured function, which leaves a trace where it can: a byte in a file for each call."""

import os

# Isolated functions have no such file; who runs them is asked instead.
_counted = os.environ.get("COUNTED_IN")
_file = os.open(_counted, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if _counted else None


def handler(event, context):  # type: ignore[no-untyped-def]  # the shape that users write
    if _file is not None:
        os.write(_file, b".")
    return {"greeting": "Hello, " + event["name"], "token": event["token"]}

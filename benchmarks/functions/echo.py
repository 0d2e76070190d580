"""The event, sent back."""


def handler(event, context):  # type: ignore[no-untyped-def]  # the shape that users write
    return event

"""The floor's Python child: the frames of docs/design.md 4.1 on descriptor 3 and nothing else.

Run as `python -I -S child.py TASK_ROOT`. It imports the handler that ASSIGN names and answers INVOKE frames one
after the other; no logs, no context, no limits.
"""

from __future__ import annotations

import importlib
import json
import os
import struct
import sys

HEADER = struct.Struct("<IB16sQ")
READY, ASSIGN, INIT_DONE, INVOKE, RESULT, ERROR = range(6)
NO_ID = bytes(16)


def read_frame(held: bytearray) -> tuple[int, bytes, bytes]:
    """Return (type, request id, payload); exit when the other side is gone."""
    while len(held) < HEADER.size or len(held) < HEADER.size + HEADER.unpack_from(held)[0]:
        piece = os.read(3, 65536)
        if not piece:
            raise SystemExit(0)
        held += piece
    length, kind, request_id, _deadline = HEADER.unpack_from(held)
    payload = bytes(memoryview(held)[HEADER.size : HEADER.size + length])
    del held[: HEADER.size + length]
    return kind, request_id, payload


def write_frame(kind: int, request_id: bytes = NO_ID, payload: bytes = b"") -> None:
    rest = HEADER.pack(len(payload), kind, request_id, 0) + payload
    while rest:
        rest = rest[os.write(3, rest) :]


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    held = bytearray()
    write_frame(READY)
    _kind, _id, assignment = read_frame(held)
    module, _, name = json.loads(assignment)["handler"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    write_frame(INIT_DONE)
    while True:
        _kind, request_id, payload = read_frame(held)
        try:
            event = json.loads(payload[2 + int.from_bytes(payload[:2], "little") :])
            answer = json.dumps(handler(event, None)).encode()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the answer
            failure = {"errorType": type(error).__name__, "errorMessage": str(error)}
            write_frame(ERROR, request_id, json.dumps(failure).encode())
        else:
            write_frame(RESULT, request_id, answer)


main()

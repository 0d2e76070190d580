"""One signed invoke at a time, timed: for cold starts, where a load generator would only measure warm ones.

The request is made and signed before the clock starts, on a connection that is open already, so that the time is the
server's and the loopback's.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

if TYPE_CHECKING:
    from benchmarks.target import Target

TIMEOUT_S = 30.0
RECEIVED_AT_ONCE = 1 << 20  # a large answer should not cost the client more than the server


class AnswerWrong(Exception):
    """Not the answer of the function; the text holds what came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A right answer, how long it took, and the log's last lines if they were asked for."""

    ms: float
    log: str

    @property
    def init_ms(self) -> float | None:
        """`Init Duration` of the REPORT line: there is one if and only if the start was cold."""
        found = re.search(r"Init Duration: ([0-9.]+) ms", self.log)
        return float(found[1]) if found else None

    @property
    def restore_ms(self) -> float | None:
        """`Restore Duration` of the same: there is one if and only if the call was restored from a snapshot."""
        found = re.search(r"\tRestore Duration: ([0-9.]+) ms", self.log)
        return float(found[1]) if found else None


class Caller:
    """A keep-alive connection to one function.

    Args: the function; what its events carry beside a name and a token, and its answers must carry back.
    """

    def __init__(self, target: Target, echoed: str = "") -> None:
        self._target = target
        self._echoed = echoed
        self._socket = socket.create_connection((target.host, target.port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._count = 0
        self._begun = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def invoke(self) -> Answer:
        """Invoke once. Raises AnswerWrong, OSError."""
        self.send(self.prepare())
        return self.finish()

    def prepare(self) -> bytes:
        """The next request, signed."""
        self._count += 1
        event = {"name": "lambent", "token": self._token}
        return signed_invoke(self._target, event | ({"data": self._echoed} if self._echoed else {}))

    def send(self, request: bytes) -> None:
        self._begun = time.perf_counter_ns()
        self._socket.sendall(request)

    def finish(self) -> Answer:
        """The answer to what was sent. Raises AnswerWrong, OSError."""
        head, body = self._receive()
        ms = (time.perf_counter_ns() - self._begun) / 1e6
        if (
            not head.startswith("HTTP/1.1 200")
            or self._token.encode() not in body
            or self._echoed.encode() not in body
            or is_error(head)
        ):
            raise AnswerWrong(f"{head.splitlines()[0]} {body[:300].decode(errors='replace')}")
        return Answer(ms, _log_of(head))

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def _token(self) -> str:
        return f"call-{self._count:06}"

    def _receive(self) -> tuple[str, bytes]:
        held = bytearray()
        while (end := held.find(b"\r\n\r\n")) < 0 or len(held) < end + 4 + _length(held[:end]):
            piece = self._socket.recv(RECEIVED_AT_ONCE)
            if not piece:
                raise AnswerWrong("the connection was closed")
            held += piece
        return held[:end].decode("latin-1"), bytes(held[end + 4 :])


def signed_invoke(target: Target, event: dict[str, Any]) -> bytes:
    """The bytes of a signed Invoke with the log's tail asked for."""
    body = json.dumps(event).encode()
    request = AWSRequest(
        "POST",
        target.endpoint + target.path,
        data=body,
        headers={"X-Amz-Log-Type": "Tail"},
    )
    keys = BotocoreCredentials(target.credentials.access_key, target.credentials.secret_key)
    SigV4Auth(keys, "lambda", target.region).add_auth(request)
    request.headers["Host"] = f"{target.host}:{target.port}"
    request.headers["Content-Length"] = str(len(body))
    lines = [f"{name}: {value}\r\n" for name, value in request.headers.items()]
    return f"POST {target.path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body


def is_error(head: str) -> bool:
    return "x-amz-function-error:" in head.lower()


def _length(head: bytes | bytearray) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return int(found[1]) if found else 0


def _log_of(head: str) -> str:
    found = re.search(r"(?i)\r\nx-amz-log-result: *(\S+)", head)
    return base64.b64decode(found[1]).decode(errors="replace") if found else ""

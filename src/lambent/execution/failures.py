"""How an invocation fails when it is the platform that says so: AWS's error objects and log lines.

The texts are those of lambda-behaviours 27 and 28. What a handler raises is worded by the bootstraps.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

import orjson

from lambent.execution.report import iso_time

TIMED_OUT = "Sandbox.Timedout"
EXITED = "Runtime.ExitError"
INVALID_ENTRYPOINT = "Runtime.InvalidEntrypoint"
# Said by the platform about a function; whatever else a runtime says of its INIT is passed on as it is.
_OF_THE_PLATFORM = (INVALID_ENTRYPOINT, "Extension.")
OUT_OF_MEMORY = "Runtime.OutOfMemory"
RESPONSE_SIZE = "Function.ResponseSizeTooLarge"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a sandbox ended. `status`: exit code, or minus the signal; None when nobody can tell."""

    status: int | None
    is_out_of_memory: bool = False

    @property
    def error_type(self) -> str:
        return OUT_OF_MEMORY if self.is_out_of_memory else EXITED

    def describe(self) -> str:
        """As AWS words it; a clean exit is one without a reason."""
        if self.is_out_of_memory:
            return "Runtime exited with error: signal: killed"
        if not self.status:
            return "Runtime exited without providing a reason"
        if self.status > 0:
            return f"Runtime exited with error: exit status {self.status}"
        return f"Runtime exited with error: signal: {_signal_name(-self.status)}"


@dataclass(frozen=True, slots=True)
class Failure:
    """What the client gets (`payload`), what the log says, and what REPORT ends with."""

    error_type: str
    payload: bytes
    log_line: str
    report_status: str


def timed_out(request_id: str, timeout_s: float, now_ms: int) -> Failure:
    text = f"Task timed out after {timeout_s:.2f} seconds"
    return Failure(
        TIMED_OUT,
        error_payload(TIMED_OUT, f"RequestId: {request_id} Error: {text}"),
        f"{iso_time(now_ms)} {request_id} {text}\n",
        "Status: timeout",
    )


def stream_too_large() -> Failure:
    """A streamed answer over 200 MB (Lambda quotas)."""
    text = "Response payload size exceeded maximum allowed payload size (209715200 bytes)."
    return Failure(
        RESPONSE_SIZE,
        error_payload(RESPONSE_SIZE, text),
        f"{text}\n",
        f"Status: error\tError Type: {RESPONSE_SIZE}",
    )


def exited(request_id: str, end: Exit) -> Failure:
    text = f"RequestId: {request_id} Error: {end.describe()}"
    return Failure(
        end.error_type,
        error_payload(end.error_type, text),
        f"{text}\n{end.error_type}\n",
        f"Status: error\tError Type: {end.error_type}",
    )


def init_payload(request_id: str, payload: bytes) -> bytes:
    """The error object of an INIT as the caller sees it: what the platform says in it names the request."""
    error_type = error_type_of(payload)
    if not error_type.startswith(_OF_THE_PLATFORM):
        return payload
    text = orjson.loads(payload).get("errorMessage", "")
    return error_payload(error_type, f"RequestId: {request_id} Error: {text}")


def error_payload(error_type: str, message: str) -> bytes:
    """The error object of the Invoke API."""
    return orjson.dumps({"errorType": error_type, "errorMessage": message})


def error_type_of(payload: bytes) -> str:
    """The `errorType` of an error object that a bootstrap sent; it is not trusted to be one."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return "Unknown"
    error_type = document.get("errorType") if isinstance(document, dict) else None
    return error_type if isinstance(error_type, str) else "Unknown"


def error_message_of(payload: bytes) -> str:
    """The `errorMessage` of the same."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return ""
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return message if isinstance(message, str) else ""


RESPONSE_TOO_LARGE = error_payload(
    RESPONSE_SIZE,
    "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
)


def _signal_name(number: int) -> str:
    return (signal.strsignal(number) or f"signal {number}").lower()

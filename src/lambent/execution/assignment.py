"""What a pooled sandbox is made into, and the ASSIGN frame that tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from lambent.execution.frames import FrameType, head
from lambent.execution.leases import NO_ROLE
from lambent.execution.spec import NOBODY
from lambent.execution.variables import function_environment

if TYPE_CHECKING:
    from lambent.execution.leases import Lease
    from lambent.execution.log_stream import LogStream
    from lambent.execution.runtimes.table import Runtime
    from lambent.execution.spec import FunctionSpec, Observer


@dataclass(frozen=True, slots=True)
class Assignment:
    """The function, the runtime that serves it, the log of the environment, its credentials, and who is told of its
    invocations.
    """

    spec: FunctionSpec
    runtime: Runtime
    log: LogStream
    lease: Lease = NO_ROLE
    observer: Observer = NOBODY


# Their bootstraps take ASSIGN while the code is still being bound, and wait for BOUND before they touch it.
_PREPARING = frozenset({"python", "node"})


def assign_frames(
    assignment: Assignment, task_root: str, endpoint_url: str, *, is_executed: bool
) -> tuple[bytes, bytes]:
    """What the sandbox is sent at once, and what as soon as its code is bound.

    Args:
        task_root: where the code lies as the function sees it.
        endpoint_url: of the platform's own AWS endpoint, as the function finds it; "" for none.
        is_executed: its runtime starts only then, and finds ASSIGN in the socket.
    """
    payload = _assign_payload(assignment, task_root, endpoint_url)
    assign = head(FrameType.ASSIGN, len(payload)) + payload
    if assignment.runtime.language in _PREPARING and not is_executed:
        return assign, head(FrameType.BOUND, 0)
    return b"", assign


def _assign_payload(assignment: Assignment, task_root: str, endpoint_url: str) -> bytes:
    """The JSON of ASSIGN."""
    spec, log = assignment.spec, assignment.log
    variables = function_environment(
        spec,
        assignment.runtime,
        task_root,
        log.name,
        endpoint_url,
        assignment.lease.variables,
    )
    return orjson.dumps(
        {
            "handler": spec.handler,
            "environment": variables,
            "function_name": spec.function_name,
            "function_version": spec.function_version,
            "function_arn": spec.function_arn,
            "memory_mib": spec.memory_mib,
            "timeout_s": spec.timeout_s,
            "log_group": spec.log_group,
            "log_stream": log.name,
            "task_root": task_root,
            **({"compiles": True} if spec.compiles else {}),
        }
    )

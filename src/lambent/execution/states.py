"""The life of an execution environment, as a table.

    BOOTING -> POOLED -> ASSIGNED -> INIT -> READY <-> INVOKING -> (FROZEN <-> READY) -> DEAD

A cause that the table does not list for the present state is a breach of the protocol: whoever asks `after` gets None
and ends the environment. DEAD can be reached from everywhere (killed, exited, spawner gone) and is never left.

Numbers, because plain enums are hashed by Python code, and every invocation looks up two moves.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Why an environment ends that nothing is wrong with.
IDLE_TOO_LONG = "idle for the keep-alive time"
OUTDATED = "its credentials end soon"
RETIRED = "its function version is retired"


class State(IntEnum):
    """Where an environment stands."""

    BOOTING = auto()  # asked for, not locked and warmed up yet
    POOLED = auto()  # locked, anonymous, waiting
    ASSIGNED = auto()  # the spawner is binding a function's code into it
    INIT = auto()  # imports the handler
    READY = auto()  # idle, holds a function
    INVOKING = auto()  # runs one invocation
    FROZEN = auto()  # idle and stopped
    DEAD = auto()


class Cause(IntEnum):
    """What moves an environment: frames of the sandbox, and what core does."""

    READY_FRAME = auto()
    INIT_DONE_FRAME = auto()
    RESULT_FRAME = auto()
    ERROR_FRAME = auto()
    LAST_ERROR_FRAME = auto()  # ERROR that carries no request id: the runtime itself gives up
    STREAM_FRAME = auto()  # a piece of a streamed answer
    ASSIGN = auto()
    BOUND = auto()  # the spawner has bound the code
    INVOKE = auto()
    FREEZE = auto()
    THAW = auto()


TRANSITIONS: Mapping[State, Mapping[Cause, State]] = {
    State.BOOTING: {Cause.READY_FRAME: State.POOLED},
    State.POOLED: {Cause.ASSIGN: State.ASSIGNED},
    State.ASSIGNED: {
        Cause.BOUND: State.INIT,
        # The sandbox hears that its code is there before we do, and may be done before we know.
        Cause.INIT_DONE_FRAME: State.READY,
        Cause.LAST_ERROR_FRAME: State.DEAD,
    },
    State.INIT: {
        Cause.INIT_DONE_FRAME: State.READY,
        Cause.LAST_ERROR_FRAME: State.DEAD,
    },
    State.READY: {
        Cause.INVOKE: State.INVOKING,
        Cause.FREEZE: State.FROZEN,
    },
    State.INVOKING: {
        Cause.RESULT_FRAME: State.READY,
        Cause.ERROR_FRAME: State.READY,
        Cause.LAST_ERROR_FRAME: State.DEAD,
        Cause.STREAM_FRAME: State.INVOKING,
    },
    State.FROZEN: {Cause.THAW: State.READY},
    State.DEAD: {},
}


def after(state: State, cause: Cause) -> State | None:
    """The next state, or None where the cause is not allowed."""
    return TRANSITIONS[state].get(cause)

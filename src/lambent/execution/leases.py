"""Credentials of execution roles, for as long as an environment may have them.

An environment gets credentials once, when it is assigned, as variables: SDKs read them when a client is made, and no
runtime could be told of others later. So what is refreshed is the environment: it is replaced before its credentials
end, and so early that an invocation which begins in it can run to its time-out with them. AWS does the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.ports import RoleSessions
    from lambent.execution.spec import FunctionSpec

# SDKs refuse to start without any credentials. No endpoint accepts these.
_PLACEHOLDERS = {
    "AWS_ACCESS_KEY_ID": "placeholder",
    "AWS_SECRET_ACCESS_KEY": "placeholder",
    "AWS_SESSION_TOKEN": "placeholder",
}
# An invocation that begins at the last moment has this long beyond its time-out, for clocks that disagree.
_SLACK_S = 60


@dataclass(frozen=True, slots=True)
class Lease:
    """`variables` are the credentials; `lasts_s` says for how long, in seconds from now, invocations may begin."""

    variables: Mapping[str, str]
    lasts_s: float


NO_ROLE = Lease(_PLACEHOLDERS, math.inf)


class Leases:
    """Args: who makes the credentials; without it there are placeholders only."""

    def __init__(self, sessions: RoleSessions | None, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def take(self, spec: FunctionSpec) -> Lease:
        """For a new environment. A role that is gone gives nothing: what the function asks of AWS is refused."""
        made = None
        # What compiles a function's code is not the function.
        if self._sessions is not None and not spec.compiles:
            made = self._sessions.open(spec.role, spec.function_arn, spec.function_name)
        if made is None:
            return NO_ROLE
        variables = {
            "AWS_ACCESS_KEY_ID": made.access_key_id,
            "AWS_SECRET_ACCESS_KEY": made.secret_access_key,
            "AWS_SESSION_TOKEN": made.session_token,
        }
        left_s = made.expires_s - self._clock.wall().timestamp()
        return Lease(variables, left_s - spec.timeout_s - _SLACK_S)

"""Which runtime ids a function may be given on this host."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.execution.runtimes.table import RUNTIME_IDS, SERVED_LANGUAGES
from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from lambent.execution.runtimes.table import Runtime, Runtimes

_log = logging.getLogger(__name__)
# AWS names those that it would take; their order there is another each time.
_CREATABLE = [
    known.name
    for known in RUNTIME_IDS.values()
    if known.language in SERVED_LANGUAGES and not known.is_retired
]


@dataclass(frozen=True, slots=True)
class RuntimePolicy:
    """What to make of runtime ids.

    Args:
        runtimes: those that this host serves.
        is_strict: refuse ids whose exact version is not installed, instead of using the nearest.
        refuses_retired: refuse the ids that AWS has retired, as AWS does; old tools send them.
    """

    runtimes: Runtimes
    is_strict: bool = False
    refuses_retired: bool = False

    def admit(self, name: str, function_arn: str) -> Runtime:
        """The runtime that will serve the id; says in the log where it is not what was asked for.

        Raises:
            InvalidParameterValue: it is none, retired and refused, or nothing on this host serves it.
        """
        known = RUNTIME_IDS.get(name)
        if known is None:
            raise InvalidParameterValue(
                f"Value {name} at 'runtime' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(_CREATABLE)}] or be a valid ARN"
            )
        if known.is_retired:
            self._admit_retired(name, function_arn)
        runtime = self.runtimes.find(name)
        if runtime is None:
            raise InvalidParameterValue(self.runtimes.missing(name))
        if not runtime.is_exact:
            self._admit_nearest(runtime, function_arn)
        return runtime

    def interpreter(self, name: str) -> str | None:
        """The runtime id that stands for the interpreter to compile a package with; None where there is nothing to
        compile."""
        runtime = self.runtimes.find(name)
        return runtime.pool if runtime and runtime.language == "python" else None

    def version_arn(self, name: str, region: str) -> str | None:
        """RuntimeVersionArn: an id of the interpreter that runs the function now. None where there is none."""
        runtime = self.runtimes.find(name)
        return None if runtime is None else runtime.version_arn(region)

    def _admit_retired(self, name: str, function_arn: str) -> None:
        if self.refuses_retired:
            raise InvalidParameterValue(
                f"The runtime parameter of {name} is no longer supported for creating or updating "
                "AWS Lambda functions. We recommend you use a supported runtime while creating or "
                "updating functions."
            )
        _log.warning("%s uses the runtime %s, which AWS has retired", function_arn, name)

    def _admit_nearest(self, runtime: Runtime, function_arn: str) -> None:
        if self.is_strict:
            raise InvalidParameterValue(
                f"The runtime {runtime.name} is not installed on this host (the nearest is "
                f"{runtime.language} {runtime.version}), and runtimes.strict is set."
            )
        _log.warning(
            "%s asks for %s and runs on %s %s, the nearest installed",
            function_arn,
            runtime.name,
            runtime.language,
            runtime.version,
        )

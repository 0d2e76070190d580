"""Where the record of an asynchronous invocation may go: to a function, or through ports to other services."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.core.arn import Arn, InvalidArn
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.names import function_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.ports import Tx
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.ports import Target

# What AWS takes: functions, queues, topics, event buses, and buckets for failures.
_SERVICES = ("lambda", "sqs", "sns", "events", "s3")
_FUNCTION = re.compile(r"function:([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?")


@dataclass(frozen=True, slots=True)
class Destinations:
    """Args: the services that records can be delivered to, by their name in ARNs; functions need none."""

    targets: Mapping[str, Target] = field(default_factory=dict)

    def check(self, tx: Tx, ref: FunctionRef, config: Mapping[str, Any]) -> None:
        """Raises InvalidParameterValue for a destination that records cannot be delivered to."""
        for side in ("OnSuccess", "OnFailure"):
            destination = config.get(side, {}).get("Destination", "")
            if destination:
                self._check_one(tx, ref, destination)

    def check_dead_letter(self, request: Mapping[str, Any]) -> None:
        """Raises InvalidParameterValue for a dead-letter queue that messages cannot be delivered to."""
        target = request.get("DeadLetterConfig", {}).get("TargetArn", "")
        if not target:
            return
        service = target.split(":")[2]
        if service not in {"sqs", "sns"}:
            raise InvalidParameterValue(
                f"The provided target ARN {target} is invalid: a dead-letter queue is an SQS queue or an "
                "SNS topic."
            )
        if service not in self.targets:
            raise InvalidParameterValue(
                "Lambent does not support the parameter 'DeadLetterConfig' yet: the service "
                f"'{service}' of the target {target} is not there."
            )

    def _check_one(self, tx: Tx, ref: FunctionRef, destination: str) -> None:
        invalid = InvalidParameterValue(f"The destination ARN {destination} is invalid.")
        try:
            arn = Arn.parse(destination)
        except InvalidArn:
            raise invalid from None
        if arn.service not in _SERVICES:
            raise invalid
        if arn.service != "lambda":
            if arn.service not in self.targets:
                raise InvalidParameterValue(
                    f"Lambent cannot deliver to the destination {destination} yet: the service "
                    f"'{arn.service}' is not there."
                )
            return
        match = _FUNCTION.fullmatch(arn.resource)
        if match is None:
            raise invalid
        if f"{destination}:".startswith(f"{function_arn(ref.scope, ref.name)}:"):
            raise InvalidParameterValue(
                "You can't specify the function as a destination for itself."
            )
        is_ours = (arn.account_id, arn.region) == (ref.scope.account_id, ref.scope.region)
        if not is_ours or repository.find(tx, ref.scope, match[1]) is None:
            raise invalid

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
_FIFO = ".fifo"
_FUNCTION = re.compile(r"function:([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?")


@dataclass(frozen=True, slots=True)
class Destinations:
    """Args: the services that records can be delivered to, by their name in ARNs; functions need none."""

    targets: Mapping[str, Target] = field(default_factory=dict)

    def check(self, tx: Tx, ref: FunctionRef, config: Mapping[str, Any]) -> None:
        """Raises InvalidParameterValue for a destination that records cannot be delivered to."""
        given = {
            side: config.get(side, {}).get("Destination", "") for side in ("OnSuccess", "OnFailure")
        }
        for side, destination in given.items():
            if destination:
                arn = _parsed(destination)
                if not _is_possible(arn, ref, side):
                    raise InvalidParameterValue(
                        "The provided destination config DestinationConfig("
                        f"onSuccess=OnSuccess(destination={given['OnSuccess']}), "
                        f"onFailure=OnFailure(destination={given['OnFailure']})) is invalid."
                    )
                self._check_one(tx, ref, arn)

    def check_dead_letter(self, ref: FunctionRef, request: Mapping[str, Any]) -> None:
        """Raises InvalidParameterValue for a dead-letter queue that messages cannot be delivered to."""
        target = request.get("DeadLetterConfig", {}).get("TargetArn", "")
        if not target:
            return
        service, region = [*target.split(":"), ""][2:4]
        if fault := _dead_letter_fault(target, service, region == ref.scope.region):
            raise InvalidParameterValue(f"Invalid dead letter queue ARN: {fault}")
        if service not in self.targets:
            raise InvalidParameterValue(
                "Lambent does not support the parameter 'DeadLetterConfig' yet: the service "
                f"'{service}' of the target {target} is not there."
            )

    def _check_one(self, tx: Tx, ref: FunctionRef, arn: Arn) -> None:
        if arn.service != "lambda":
            if arn.service == "sns" and arn.resource.endswith(_FIFO):
                raise InvalidParameterValue(
                    "FIFO-type Amazon SNS topics aren't supported as a destination."
                )
            if arn.service not in self.targets:
                raise InvalidParameterValue(
                    f"Lambent cannot deliver to the destination {arn} yet: the service "
                    f"'{arn.service}' is not there."
                )
            return
        match = _FUNCTION.fullmatch(arn.resource)
        if match is None:
            raise _invalid(str(arn))
        if f"{arn}:".startswith(f"{function_arn(ref.scope, ref.name)}:"):
            raise InvalidParameterValue(
                "You can't specify the function as a destination for itself."
            )
        is_ours = (arn.account_id, arn.region) == (ref.scope.account_id, ref.scope.region)
        if not is_ours or repository.find(tx, ref.scope, match[1]) is None:
            raise _invalid(str(arn))


def _parsed(destination: str) -> Arn:
    try:
        return Arn.parse(destination)
    except InvalidArn:
        raise _invalid(destination) from None


def _invalid(destination: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"The destination ARN {destination} is invalid.")


def _is_possible(arn: Arn, ref: FunctionRef, side: str) -> bool:
    """Is it of a service that AWS delivers to, in the function's region, and no FIFO queue?"""
    if arn.service == "s3":
        return side == "OnFailure"
    if arn.service not in _SERVICES or arn.region != ref.scope.region:
        return False
    return not (arn.service == "sqs" and arn.resource.endswith(_FIFO))


def _dead_letter_fault(target: str, service: str, is_in_region: bool) -> str:
    if not is_in_region:
        return (
            "The resource specified by the TargetArn must be in the same region as the Lambda function "
            "it's associated with."
        )
    if service not in {"sqs", "sns"}:
        return (
            "The service specified by the TargetArn is not supported for dead letter configuration."
        )
    if service == "sqs" and target.endswith(_FIFO):
        return "FIFO SQS queue is not supported for dead letter configuration"
    return ""

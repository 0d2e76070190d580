"""Asynchronous invocations by other services of the platform (`core.ports.FunctionInvoker`).

Whether a service may is up to the function's resource policy: it acts for somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.core.arn import Arn, InvalidArn
from lambent.core.context import Scope
from lambent.core.errors import ServiceError
from lambent.core.ports import InvocationRefused
from lambent.services.lambda_ import policies
from lambent.services.lambda_.names import FunctionRef, parse_function_name
from lambent.services.lambda_.permissions import statements_of

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.ports import Database, ServiceCaller
    from lambent.services.lambda_.async_invocations import AsyncInvocations
    from lambent.services.lambda_.invocations import Invocations


@dataclass(frozen=True, slots=True)
class ServiceInvoker:
    """Args: `is_open` lets everybody in (`auth = "open"`)."""

    database: Database
    invocations: Invocations
    accepting: AsyncInvocations
    clock: Clock
    is_open: bool

    async def check(self, function_arn: str, caller: ServiceCaller) -> None:
        await self._invocable(function_arn, caller)

    async def send(self, function_arn: str, payload: bytes, caller: ServiceCaller) -> None:
        ref = await self._invocable(function_arn, caller)
        now_ms = self.clock.calendar_ms()
        digits = ids.hex_id(40)
        await self.accepting.put(
            ref,
            payload,
            request_id=ids.request_id(),
            now_ms=now_ms,
            trace_id=f"Root=1-{now_ms // 1000:08x}-{digits[:24]};Parent={digits[24:]};Sampled=0",
        )

    async def _invocable(self, function_arn: str, caller: ServiceCaller) -> FunctionRef:
        """Raises InvocationRefused."""
        try:
            arn = Arn.parse(function_arn)
            ref = parse_function_name(function_arn, Scope(arn.account_id, arn.region))
            await self.invocations.require(ref)
        except (InvalidArn, AssertionError) as error:
            raise InvocationRefused(f"{function_arn} is not the ARN of a function") from error
        except ServiceError as error:
            raise InvocationRefused(error.message or error.code) from error
        if not self.is_open and not await self._is_allowed(ref, caller):
            raise InvocationRefused(
                f"the policy of {function_arn} does not let {caller.principal} invoke it for "
                f"{caller.source_arn}"
            )
        return ref

    async def _is_allowed(self, ref: FunctionRef, caller: ServiceCaller) -> bool:
        statements = await self.database.read(lambda tx: statements_of(tx, ref))
        facts = {
            "aws:sourcearn": caller.source_arn,
            "aws:sourceaccount": caller.source_account,
        }
        # Services may be named with their region, too.
        name, _, domain = caller.principal.partition(".")
        says = [
            policies.effect(
                statements, "lambda:InvokeFunction", policies.Caller(service=principal), facts
            )
            for principal in (caller.principal, f"{name}.{ref.scope.region}.{domain}")
        ]
        return "Deny" not in says and "Allow" in says

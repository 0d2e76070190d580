"""Mapping templates, rendered where they can do no harm.

A template may loop, explode or run a pattern for ever, so it is rendered in a compute process with limits on time and
output. Those that only hand on what is there anyway are most of those in use, and need no engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import orjson

from lambent.process.compute import ComputeDied, ComputeTimedOut
from lambent.services.apigateway.data_plane.failures import BAD_JSON, Failure, misconfigured
from lambent.services.apigateway.data_plane.vtl.render import (
    Inputs,
    Rendered,
    TemplateFault,
    render,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

# A template of AWS's largest size over a body of a megabyte takes a tenth of it here.
TIME_S = 2.0
_WHOLE_BODY = frozenset({"$input.json('$')", '$input.json("$")'})


class Compute(Protocol):
    """Runs functions where they can be stopped (`process.compute`)."""

    async def run(self, fn: Callable[..., T], *args: object, timeout_s: float) -> T: ...


class Templates:
    """Renders templates. Args: compute processes that nothing else has to wait for."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute

    async def render(self, template: str, inputs: Inputs) -> Rendered:
        """Raises Failure where the template cannot be rendered, or the body is no JSON and the template needs it."""
        short = _short_form(template, inputs.body)
        if short is not None:
            return Rendered(short)
        try:
            return await self._compute.run(render, template, inputs, timeout_s=TIME_S)
        except TemplateFault as fault:
            if fault.is_about_body:
                raise Failure(BAD_JSON, log=f"Execution failed: {fault}") from fault
            raise misconfigured(f"Unable to transform request: {fault}") from fault
        except ComputeTimedOut:
            raise misconfigured(f"The mapping template took over {TIME_S:g} seconds") from None
        except (ComputeDied, MemoryError):
            raise misconfigured("The mapping template took too much memory") from None


def _short_form(template: str, body: str) -> str | None:
    if "$" not in template and "#" not in template and "\\" not in template:
        return template
    text = template.strip()
    if text == "$input.body" and text == template:
        return body
    if text in _WHOLE_BODY and body:
        try:
            return orjson.dumps(orjson.loads(body)).decode()
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            return None  # the engine says what is wrong
    return None

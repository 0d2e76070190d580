"""From a template and a request to a text. Runs in a compute process: everything here can be pickled."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lambent.services.apigateway.data_plane.vtl.faults import TemplateFault
from lambent.services.apigateway.data_plane.vtl.values import of_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.apigateway.data_plane.vtl.scope import Scope

__all__ = ["Inputs", "Rendered", "TemplateFault", "render"]

# "Mapping template size: 300 KB" (quotas); a process keeps some.
MAX_TEMPLATE = 307_200
_KEPT = 256


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a template is told: the body, `$input.params()`, `$context` and `$stageVariables`."""

    body: str = ""
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    stage_variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text, and what the template put into `$context.requestOverride` and `$context.responseOverride`."""

    text: str
    request_override: dict[str, Any] = field(default_factory=dict)
    response_override: dict[str, Any] = field(default_factory=dict)


def render(template: str, inputs: Inputs) -> Rendered:
    """Raises TemplateFault."""
    # Here, because core, which only needs the names above, would otherwise carry the engine.
    from lambent.services.apigateway.data_plane.vtl.scope import Scope, Stop  # noqa: PLC0415
    from lambent.services.apigateway.data_plane.vtl.values import Overrides  # noqa: PLC0415
    from lambent.services.apigateway.data_plane.vtl.variables import Input, Util  # noqa: PLC0415

    if len(template) > MAX_TEMPLATE:
        raise TemplateFault("the template is over 300 KB")
    run = _compiled(template)
    context = of_json(inputs.context)
    for name in ("requestOverride", "responseOverride"):
        given = context.get(name) or {}
        context[name] = Overrides(given)
        for part in ("header", "path", "querystring"):
            context[name][part] = Overrides(given.get(part) or {})
    params = {"path": inputs.path, "querystring": inputs.query, "header": inputs.headers}
    scope = Scope(
        {
            "context": context,
            "input": Input(inputs.body, params),
            "stageVariables": dict(inputs.stage_variables),
            "util": Util(),
        }
    )
    try:
        run(scope)
    except Stop:
        pass
    except (TypeError, ValueError, IndexError, ArithmeticError, AttributeError) as error:
        raise TemplateFault(str(error)) from None
    except RecursionError:
        raise TemplateFault("the template is nested too deeply") from None
    return Rendered(
        "".join(scope.out), _plain(context["requestOverride"]), _plain(context["responseOverride"])
    )


@lru_cache(_KEPT)
def _compiled(template: str) -> Callable[[Scope], None]:
    from lambent.services.apigateway.data_plane.vtl.compiler import compiled  # noqa: PLC0415

    return compiled(template)


def _plain(value: Any) -> Any:
    """Without what only templates know."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

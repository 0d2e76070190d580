"""An empty template is told as null, as the AWS CLI's examples of get-integration and get-method show."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document

    Run = Callable[[Tx, RequestContext, Mapping[str, Any]], Document]

_TEMPLATES = ("requestTemplates", "responseTemplates")


def nulled(run: Run) -> Run:
    """The operation, with its answer told so."""

    @wraps(run)
    def told(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
        document: Document = _nulled(run(tx, context, request))
        return document

    return told


def _nulled(value: Any) -> Any:
    if isinstance(value, list):
        return [_nulled(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {kind: text or None for kind, text in item.items()}
        if name in _TEMPLATES
        else _nulled(item)
        for name, item in value.items()
    }

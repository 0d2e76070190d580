"""How AWS writes a refused value into its message: as Java's `toString` does."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambent.protocol.text_values import write_boolean
from lambent.protocol.timestamps import to_iso8601

if TYPE_CHECKING:
    from lambent.protocol.shapes import Shape


def lower_first(name: str) -> str:
    """The name of a member as Java has it: `FunctionName` becomes `functionName`, `KMSKeyArn` `kMSKeyArn`."""
    return name[:1].lower() + name[1:]


def render(value: Any, shape: Shape) -> str:
    """A value as text: `[a, b]`, `{k=v}`, `Tag(key=k, value=null)`."""
    if value is None:
        return "null"
    kind = shape.type_name
    if kind == "list":
        return f"[{', '.join(render(item, shape.member) for item in value)}]"
    if kind == "map":
        pairs = (f"{key}={render(item, shape.value)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if kind == "structure" and isinstance(value, dict):
        members = (
            f"{lower_first(name)}={render(value.get(name), member)}"
            for name, member in shape.members.items()
        )
        return f"{shape.name}({', '.join(members)})"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return write_boolean(value)
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, datetime):
        return to_iso8601(value)
    return str(value)

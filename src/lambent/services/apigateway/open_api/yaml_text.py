"""Documents as YAML in the way that AWS writes them: texts in double quotes, names without as far as that goes."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

# What can only be read as a text.
_PLAIN = re.compile(
    r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z/$_][\w/{}+$@.-]*", re.IGNORECASE
)


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # untyped
    """Without anchors: what comes twice is written twice."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if _PLAIN.fullmatch(key.value):
                key.style = None
        return node


def _quoted(dumper: _Dumper, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Dumper.add_representer(str, _quoted)


def yaml_text(document: dict[str, Any]) -> str:
    return str(
        yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    )

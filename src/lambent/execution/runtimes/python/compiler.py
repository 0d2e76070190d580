"""Compiles a package inside a sandbox: its source is a stranger's, and parsing it is the first thing done to it.

The event is a list of files below the function's code, the answer what becomes of each: the bytes of its .pyc, deflated
and in base64, or null where it does not compile, which is the function's own failure, at import.
"""

from __future__ import annotations

import binascii
import importlib.util
import marshal
import sys
import zlib
from typing import Any

# The name that tracebacks show: where a function finds its code.
_SHOWN_ROOT = "/var/task"
# PEP 552: a hash instead of a time, and nobody looks at it again: sealed code does not change.
_UNCHECKED_HASH = (1).to_bytes(4, "little")
_FASTEST = 1


def compile_files(event: list[str], context: object) -> dict[str, Any]:
    """`tag`: what this interpreter calls its .pyc files; `files`: as the module says. The code is where we are."""
    return {"tag": sys.implementation.cache_tag, "files": [_compiled(name) for name in event]}


def pyc(source: bytes, name: str) -> bytes:
    """The content of the .pyc of a file of the function. Raises what compile raises."""
    code = compile(source, f"{_SHOWN_ROOT}/{name}", "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
    return head + marshal.dumps(code)


def _compiled(name: str) -> str | None:
    try:
        with open(name, "rb") as file:  # noqa: PTH123 - pathlib would be one more import
            source = file.read()
        compiled = pyc(source, name)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError, OSError):
        return None
    content = zlib.compress(compiled, _FASTEST)
    return binascii.b2a_base64(content, newline=False).decode("ascii")

"""Compiles a package before anybody waits for it: without .pyc files a cold start costs four times as much.

The work is done by the interpreter that will run the code, in a sandbox of its own like any function: what is in a
package is a stranger's, and an interpreter's parser is not made for that.
"""

from __future__ import annotations

import binascii
import logging
import os
import re
import zlib
from typing import TYPE_CHECKING

import orjson

from lambent.core import ids
from lambent.execution.spec import (
    FunctionSpec,
    Invocation,
    RuntimeUnavailable,
    SandboxFailed,
    Throttled,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lambent.services.lambda_.ports import Plane

_log = logging.getLogger(__name__)

# 250 MB of source compile in about a minute altogether; a single batch takes less than a second.
BATCH_LIMIT_S = 30
# Source of one batch, which comes back as .pyc files in an answer of at most 6 MB.
BATCH_BYTES = 1_000_000
# One CPU's worth (AWS: 1,769 MB).
_MEMORY_MIB = 1769
# Batches that fail are halved until the file that is to blame is alone. After so many the rest stays as it is.
_MOST_FAILURES = 32
_MOST_COMPILED_BYTES = 64 << 20
_TAG = re.compile(r"[a-z0-9_-]{1,64}")


class Compiler:
    """Args: the plane, in whose sandboxes it happens."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def compile(self, tree: str, sources: Sequence[Source], runtime: str) -> list[Compiled]:
        """The .pyc files of a sealed, uncompiled tree. A file that does not compile has none.

        Args:
            tree: the digest.
            sources: its Python files.
            runtime: the id whose interpreter will run it.
        """
        spec = _spec(tree, runtime)
        found: list[Compiled] = []
        waiting = _batches(sources)
        failures = 0
        try:
            while waiting and failures < _MOST_FAILURES:
                batch = waiting.pop()
                compiled = await self._compile_batch(spec, [source.path for source in batch])
                if compiled is not None:
                    found += compiled
                    continue
                failures += 1
                if len(batch) > 1:
                    half = len(batch) // 2
                    waiting += [batch[:half], batch[half:]]
        except (SandboxFailed, RuntimeUnavailable, Throttled) as error:
            _log.warning("the code %s is left uncompiled: %s", tree, error)
        finally:
            self._plane.retire(spec.key)
        return found

    async def _compile_batch(self, spec: FunctionSpec, paths: list[str]) -> list[Compiled] | None:
        """None: it took too long, or too much, or ended the interpreter."""
        invocation = Invocation(
            ids.request_id(), orjson.dumps(paths), spec.function_arn, wants_log=False
        )
        outcome = await self._plane.invoke(spec, invocation)
        if outcome.is_error:
            return None
        return read_answer(outcome.payload, paths)


class Source:
    """A Python file of a package. Args: its path below the package, and its size in bytes."""

    __slots__ = ("path", "size")

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.size = size


class Compiled:
    """What a file was compiled to. Args: where that goes, below the package, and its bytes, deflated."""

    __slots__ = ("content", "path")

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content


def find_sources(directory: Path) -> list[Source]:
    """The Python files below `directory`, sorted. Names that JSON cannot hold are left out."""
    found = []
    for path in sorted(directory.rglob("*.py")):
        name = str(path.relative_to(directory))
        if path.is_file() and name.isprintable():
            found.append(Source(name, path.stat().st_size))
    return found


def read_answer(payload: bytes, paths: Sequence[str]) -> list[Compiled] | None:
    """What the sandbox answered, which is not to be trusted: the names are ours. None where it is no such answer."""
    try:
        answer = orjson.loads(payload)
        tag, files = answer["tag"], answer["files"]
        if not _TAG.fullmatch(tag) or len(files) != len(paths):
            return None
        return [
            Compiled(_compiled_path(path, tag), binascii.a2b_base64(content))
            for path, content in zip(paths, files, strict=True)
            if content is not None
        ]
    except (ValueError, LookupError, TypeError):
        return None


def write(directory: Path, compiled: Sequence[Compiled]) -> None:
    """Put .pyc files where an import looks for them; one that the package brought is replaced."""
    for each in compiled:
        inflater = zlib.decompressobj()
        try:
            content = inflater.decompress(each.content, _MOST_COMPILED_BYTES)
        except zlib.error:
            continue
        path = directory / each.path
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o755)  # whatever the umask: sandboxes read it under uids of their own
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, 0o644)


def _compiled_path(path: str, tag: str) -> str:
    """PEP 3147."""
    directory, _, name = path.rpartition("/")
    name = f"__pycache__/{name.removesuffix('.py')}.{tag}.pyc"
    return f"{directory}/{name}" if directory else name


def _batches(sources: Sequence[Source]) -> list[list[Source]]:
    batches: list[list[Source]] = []
    size = 0
    for source in sources:
        if not batches or size + source.size > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(source)
        size += source.size
    return batches


def _spec(tree: str, runtime: str) -> FunctionSpec:
    """A function of nobody: no account pays for it and no log holds what it prints."""
    return FunctionSpec(
        key=f"compilation/{ids.hex_id()}",
        runtime=runtime,
        handler="",
        code=tree,
        memory_mib=_MEMORY_MIB,
        timeout_s=BATCH_LIMIT_S,
        function_name="",
        function_version="",
        function_arn="",
        region="",
        log_group="",
        compiles=True,
    )

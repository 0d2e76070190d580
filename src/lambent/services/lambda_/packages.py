"""Deployment packages: from the bytes of a zip to a sealed tree that sandboxes can be given.

A package becomes the function's code in steps: the archive is stored (durable, by its SHA-256), a compute process
unpacks and checks it into a staging directory, the spawner copies and seals that, a sandbox with the sealed tree
compiles it, what comes out is added to the staging directory and sealed once more, the function's row is written.
Whatever fails leaves at most files that no row mentions, and `cleaning` collects those.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.core.errors import RequestTooLarge
from lambent.execution.spec import SealFailed
from lambent.process.compute import ComputeFailed
from lambent.services.lambda_ import compilation
from lambent.services.lambda_.compilation import Compiler
from lambent.services.lambda_.errors import CodePreparationFailed, InvalidParameterValue
from lambent.storage.code_store import CodeRejected, unpack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from lambent.services.lambda_.ports import Blobs, Compute, Plane

# "50 MB (zipped, for direct upload)" (Lambda quotas).
MAX_ARCHIVE_BYTES = 52_428_800
# 250 MB unpack in a few seconds on a slow disk; a bomb is stopped by its size long before.
UNPACK_LIMIT_S = 120.0


class Packages:
    """The code of functions on disk.

    Args:
        code_dir: holds `staging`, which is ours, and `sealed`, which is the spawner's.
    """

    def __init__(self, blobs: Blobs, compute: Compute, plane: Plane, code_dir: Path) -> None:
        self._blobs = blobs
        self._compute = compute
        self._plane = plane
        self._compiler = Compiler(plane)
        self._uncompiled: set[str] = set()
        self._staging_dir = code_dir / "staging"
        self._sealed_dir = code_dir / "sealed"
        self._deploys = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = asyncio.Event()
        self._open.set()

    @asynccontextmanager
    async def deploying(self) -> AsyncIterator[None]:
        """Held from before `prepare` until the row is written: nothing is collected meanwhile."""
        while not self._open.is_set():
            await self._open.wait()
        self._deploys += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._deploys -= 1
            if not self._deploys:
                self._idle.set()

    @asynccontextmanager
    async def collecting(self) -> AsyncIterator[None]:
        """Held while it is found out that something is not needed, and removed: no deployment begins meanwhile."""
        while self._deploys or not self._open.is_set():
            await self._idle.wait()
            await self._open.wait()
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    async def store(self, archive: bytes) -> str:
        """Put a zip on the disk, as it is; returns its SHA-256.

        Raises:
            InvalidParameterValue: it is empty.
            RequestTooLarge: it is over 50 MB.
        """
        if not archive:
            raise InvalidParameterValue("Uploaded file must be a non-empty zip")
        if len(archive) > MAX_ARCHIVE_BYTES:
            raise RequestTooLarge(f"Zipped size must be smaller than {MAX_ARCHIVE_BYTES} bytes")
        return await self._blobs.put(archive)

    async def check(self, archive: str) -> None:
        """Unpack a stored zip and throw the result away. Raises InvalidParameterValue as `seal`."""
        async with self._unpacked(archive):
            pass

    async def seal(self, archive: str, interpreter: str | None) -> str:
        """Unpack, check, compile and seal a stored zip; returns the digest of the tree.

        Raises:
            InvalidParameterValue: it is no zip, too large unpacked, or holds what may not be unpacked.
            CodePreparationFailed: the spawner would not seal it.
        """
        return (await self.seal_measured(archive, interpreter))[0]

    async def seal_measured(self, archive: str, interpreter: str | None) -> tuple[str, int]:
        """As `seal`, with the bytes that the zip unpacks to."""
        async with self._unpacked(archive) as (name, unpacked):
            try:
                tree = await self._plane.seal(name)
                if interpreter:
                    tree = await self._compiled(tree, name, interpreter)
            except SealFailed as failed:
                raise CodePreparationFailed(f"The code could not be sealed: {failed}") from failed
            return tree, unpacked

    async def _compiled(self, tree: str, name: str, interpreter: str) -> str:
        """The digest of `tree` with its .pyc files. `name` is the staging directory that it was sealed from."""
        staging = self._staging_dir / name
        sources = await asyncio.to_thread(compilation.find_sources, staging)
        if not sources:
            return tree
        self._uncompiled.add(tree)
        compiled = await self._compiler.compile(tree, sources, interpreter)
        if not compiled:
            return tree
        await asyncio.to_thread(compilation.write, staging, compiled)
        return await self._plane.seal(name)

    def take_uncompiled(self) -> set[str]:
        """The digests of trees that were sealed only to be compiled, each told once: `cleaning` looks after them."""
        trees, self._uncompiled = self._uncompiled, set()
        return trees

    @asynccontextmanager
    async def _unpacked(self, archive: str) -> AsyncIterator[tuple[str, int]]:
        """The name of a staging directory with the unpacked zip, for as long as it is needed, and its bytes."""
        name = ids.hex_id()
        staging = self._staging_dir / name
        try:
            unpacked = await self._compute.run(
                unpack, self._blobs.path(archive), staging, timeout_s=UNPACK_LIMIT_S
            )
            yield name, unpacked.bytes
        except CodeRejected as rejected:
            raise InvalidParameterValue(rejected.message) from rejected
        except ComputeFailed as failed:
            raise CodePreparationFailed(f"The code could not be unpacked: {failed}") from failed
        finally:
            await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)

    def sweep_staging(self) -> None:
        """Remove what an earlier run has left half unpacked. For the start, off the event loop."""
        for staging in self._staging_dir.glob("*"):
            shutil.rmtree(staging, ignore_errors=True)

    def has_tree(self, tree: str) -> bool:
        """Is this tree in the store?"""
        return (self._sealed_dir / tree).is_dir()

    def sealed_trees(self) -> set[str]:
        """The digests of the trees on the disk; none where the spawner has not made the directory yet."""
        try:
            return {tree.name for tree in self._sealed_dir.iterdir()}
        except FileNotFoundError:
            return set()

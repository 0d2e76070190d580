"""Binds code and layers into a sandbox that is already locked in, from outside.

The sandbox itself can mount nothing. We clone the sealed tree here, make the copy read-only, step into the sandbox's
mount namespace for the moment of attaching it, and come back.

Cloning is the longer part, and the same for every sandbox of a function: one clone of each tree that was used lately
lies ready, and a new one is made when the call that took it is under way.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING

from lambent.execution.sandbox import mounts, namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE_TARGET = "/var/task"
LAYERS_TARGET = "/opt"
SCRATCH_TARGET = "/tmp"  # noqa: S108 - the sandbox's own
# Each costs a descriptor and a few hundred bytes in the kernel.
_SPARES = 128


class Mounter:
    """Args: the directory of sealed trees, and an empty directory of ours to assemble layers on."""

    def __init__(self, sealed_dir: str, workbench: str) -> None:
        self._sealed_dir = sealed_dir
        self._workbench = workbench
        self._own = namespaces.open_own("mnt")
        self._spares: OrderedDict[str, int] = OrderedDict()

    def prepare(self, tree: str) -> None:
        """Have a clone of `tree` ready; one that is not there is left for `bind` to complain about."""
        if tree in self._spares:
            return
        try:
            self._spares[tree] = self._clone(tree)
        except OSError:
            return
        if len(self._spares) > _SPARES:
            os.close(self._spares.popitem(last=False)[1])

    def forget(self, tree: str) -> None:
        """`tree` is going to be removed."""
        spare = self._spares.pop(tree, -1)
        if spare >= 0:
            os.close(spare)

    def bind(self, pidfd: int, code: str, layers: Sequence[str], scratch: int = -1) -> None:
        """Show the tree `code` at /var/task and `layers` at /opt, later ones over earlier ones.

        Args:
            pidfd: of the sandbox.
            code: digest of the tree.
            layers: digests.
            scratch: a detached mount for /tmp, which is taken over; -1: /tmp stays as it is.

        Raises:
            OSError: a tree is not there, or the sandbox is gone.
        """
        spare = self._take_spare(code)
        pieces = [(scratch, SCRATCH_TARGET)] if scratch >= 0 else []
        try:
            pieces.append((spare if spare >= 0 else self._clone(code), CODE_TARGET))
            if layers:
                pieces.append((self._layers(layers), LAYERS_TARGET))
            namespaces.enter(pidfd, namespaces.NEWNS)
            try:
                while pieces:
                    mounts.attach(*pieces.pop(0))
            finally:
                namespaces.enter(self._own, namespaces.NEWNS)
        finally:
            for descriptor, _ in pieces:
                os.close(descriptor)

    def _take_spare(self, tree: str) -> int:
        """The clone of `tree` that lies ready; -1 where there is none.

        One that was made while the tree was being removed shows a directory that is gone, though there may be another.
        """
        spare = self._spares.pop(tree, -1)
        if spare >= 0 and not os.fstat(spare).st_nlink:
            os.close(spare)
            return -1
        return spare

    def _layers(self, layers: Sequence[str]) -> int:
        if len(layers) == 1:
            return self._clone(layers[0])
        # Relative names keep five digests within the page that mount(2) allows for its options.
        os.chdir(self._sealed_dir)
        lower = ":".join(reversed(layers))
        mounts.mount("overlay", self._workbench, "overlay", mounts.MS_RDONLY, f"lowerdir={lower}")
        try:
            return mounts.clone_readonly(self._workbench)
        finally:
            mounts.detach(self._workbench)
            os.chdir("/")

    def _clone(self, tree: str) -> int:
        return mounts.clone_readonly(os.path.join(self._sealed_dir, tree))  # noqa: PTH118

"""Binds code and layers into a sandbox that is already locked in, from outside.

The sandbox itself can mount nothing. We clone the sealed tree here, make the copy read-only, step into the sandbox's
mount namespace for the moment of attaching it, and come back.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lambent.execution.sandbox import mounts, namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE_TARGET = "/var/task"
LAYERS_TARGET = "/opt"


class Mounter:
    """Args: the directory of sealed trees, and an empty directory of ours to assemble layers on."""

    def __init__(self, sealed_dir: str, workbench: str) -> None:
        self._sealed_dir = sealed_dir
        self._workbench = workbench
        self._own = namespaces.open_own("mnt")

    def bind(self, pidfd: int, code: str, layers: Sequence[str]) -> None:
        """Show the tree `code` at /var/task and `layers` at /opt, later ones over earlier ones.

        Raises:
            OSError: a tree is not there, or the sandbox is gone.
        """
        pieces = [(mounts.clone_readonly(os.path.join(self._sealed_dir, code)), CODE_TARGET)]  # noqa: PTH118
        try:
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

    def _layers(self, layers: Sequence[str]) -> int:
        if len(layers) == 1:
            return mounts.clone_readonly(os.path.join(self._sealed_dir, layers[0]))  # noqa: PTH118
        # Relative names keep five digests within the page that mount(2) allows for its options.
        os.chdir(self._sealed_dir)
        lower = ":".join(reversed(layers))
        mounts.mount("overlay", self._workbench, "overlay", mounts.MS_RDONLY, f"lowerdir={lower}")
        try:
            return mounts.clone_readonly(self._workbench)
        finally:
            mounts.detach(self._workbench)
            os.chdir("/")

"""An environment that serves one call: the next one has to start another. For versions, which cannot be changed."""

import os
import threading

# The answer is out by then, and the environment not yet frozen.
_DELAY_S = 0.02


def end_soon(context: object) -> None:
    """`context` None: a process that serves one call anyway."""
    if context is not None:
        threading.Timer(_DELAY_S, os._exit, [0]).start()

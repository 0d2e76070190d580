"""Where a sandbox finds the platform's own AWS endpoint: a listener in its own network, which core serves.

It is made inside, by the sandbox itself once it is locked, and handed out over the frame socket ahead of everything
else. So it takes no network device, and nobody outside the sandbox can connect to it.
"""

from __future__ import annotations

import os
import socket

# The platform's own default: code that has the endpoint written into it finds it inside as it does outside.
PORT = 4566
ADDRESS = ("127.0.0.1", PORT)
URL = f"http://127.0.0.1:{PORT}"
GREETING = b"E"
_BACKLOG = 128


def hand_out(frames: int) -> None:
    """Make the listener and send it over the frame socket `frames`, as the only descriptor with `GREETING`.

    Raises:
        OSError: there is no network of our own.
    """
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener,
        socket.socket(fileno=os.dup(frames)) as channel,
    ):
        listener.bind(ADDRESS)
        listener.listen(_BACKLOG)
        socket.send_fds(channel, [GREETING], [listener.fileno()])

"""Messages between the spawner, core and zygotes, at their end."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from lambent.execution.runtimes.python import keeper
from lambent.execution.spawner import packets

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("receive", [packets.receive, keeper.receive])
@pytest.mark.parametrize("is_unread", [False, True])
def test_a_dead_end_is_the_end_whatever_it_had_not_read(
    receive: Callable[[socket.socket], tuple[bytes, list[int]]], is_unread: bool
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        theirs.send(b"last words")
        if is_unread:
            ours.send(b"never read")
        theirs.close()
        said = receive(ours)
        if said[0]:
            assert said == (b"last words", [])
            said = receive(ours)
        assert said == (b"", [])

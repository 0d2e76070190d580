"""The users that a sandbox knows: root, nobody, and the one it is.

A program asks for its own name and home by its uid (getpwuid(3)): Node's `os.homedir()` fails without an entry, and
with it every client of the AWS SDK. The uid differs from sandbox to sandbox, so the files are in a tmpfs of its own.
"""

from __future__ import annotations

import os

from lambent.execution.sandbox import mounts

DIRECTORY = "/run/users"
# As a function finds itself on AWS.
NAME = "sbx_user1051"
_USERS = (
    "root:x:0:0:root:/:/sbin/nologin\n"
    "{name}:x:{uid}:{gid}::/home/{name}:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n"
)
_GROUPS = "root:x:0:\n{name}:x:{gid}:\nnogroup:x:65534:\n"


def mount(uid: int, gid: int) -> None:
    """Write the files for a sandbox with these ids. Needs a mount namespace of our own."""
    flags = mounts.MS_NOSUID | mounts.MS_NODEV | mounts.MS_NOEXEC
    mounts.mount("tmpfs", DIRECTORY, "tmpfs", flags, "size=8k,mode=755")
    for file, text in (("passwd", _USERS), ("group", _GROUPS)):
        descriptor = os.open(f"{DIRECTORY}/{file}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(descriptor, text.format(name=NAME, uid=uid, gid=gid).encode())
        finally:
            os.close(descriptor)
    mounts.mount(
        "none", DIRECTORY, "", mounts.MS_REMOUNT | mounts.MS_BIND | mounts.MS_RDONLY | flags
    )

"""Small file systems for the /tmp of sandboxes: a sparse ext4 image on a loop device, mounted nowhere yet.

Nothing has to be cleaned up, whoever dies: the image has no name, the loop device ends with its mount (AUTOCLEAR), the
mount with the last descriptor of it and the last mount namespace it is attached to. Memory would be charged to the
function (tmpfs pages count as its own); what lies here is cache that the kernel can write back.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import struct
import subprocess

from lambent.execution.sandbox import mounts

_MIB = 1_048_576
_FROM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
# No journal: it would outlive nothing. Inode tables stay holes until they are used.
_FEATURES = ("-O", "^has_journal,^resize_inode", "-m", "0", "-E", "lazy_itable_init=1,nodiscard")
# An inode for each so many bytes: a tmpfs would have one for each page.
_INODE_EVERY = 16_384
_CONTROL = "/dev/loop-control"

# linux/loop.h, linux/fs.h, fs/ext4/ext4.h
_LOOP_CONFIGURE = 0x4C0A
_LOOP_CTL_GET_FREE = 0x4C82
_LO_FLAGS_AUTOCLEAR = 4
_LO_FLAGS_DIRECT_IO = 16
_CONFIG = struct.Struct("<II52xI176x64x")  # fd, block size, loop_info64 with its flags, reserved
_FICLONE = 0x40049409
_EXT4_IOC_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = struct.pack("I", 2)
# Somebody else may take the free device first.
_ATTEMPTS = 32


def problem() -> str:
    """Why there are no such file systems here; "" where there are."""
    if shutil.which("mkfs.ext4", path=_FROM_PATH) is None:
        return "no mkfs.ext4 (e2fsprogs)"
    try:
        control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return f"no loop devices: {_CONTROL}: {error.strerror}"
    os.close(control)
    return ""


class Disks:
    """Makes them. Args: a directory for the images, on the disk that they may use."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._templates: dict[int, int] = {}  # MiB -> image with an empty file system

    def make(self, mib: int) -> int:
        """A detached mount with room for `mib` MiB that everybody may write to; returns its descriptor.

        Raises:
            OSError: the host does not let us.
        """
        template = self._templates.get(mib)
        if template is None:
            template = self._templates[mib] = self._format(mib)
        image = self._nameless()
        try:
            _copy(template, image)
            device, number = _attach(image)
        finally:
            os.close(image)
        try:
            disk = mounts.make("ext4", {"source": f"/dev/loop{number}"})
        finally:
            os.close(device)
        root = _open_root(disk)
        os.fchmod(root, 0o1777)
        with contextlib.suppress(OSError):
            os.rmdir("lost+found", dir_fd=root)
        os.close(root)
        return disk

    def _format(self, mib: int) -> int:
        # What ext4 keeps for itself comes on top.
        size = (mib + mib // 32 + 8) * _MIB
        image = self._nameless()
        os.ftruncate(image, size)
        program = shutil.which("mkfs.ext4", path=_FROM_PATH) or "mkfs.ext4"
        inodes = str(mib * _MIB // _INODE_EVERY)
        command = [program, "-q", "-F", *_FEATURES, "-N", inodes, f"/proc/self/fd/{image}"]
        run = subprocess.run(
            command, check=False, capture_output=True, pass_fds=[image], stdin=subprocess.DEVNULL
        )
        if run.returncode:
            os.close(image)
            raise OSError(errno.EIO, f"mkfs.ext4: {run.stderr.decode('utf-8', 'replace')[:200]}")
        return image

    def _nameless(self) -> int:
        return os.open(self._directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)


def discard(disk: int) -> None:
    """Let go of a mount; what is still to be written is forgotten, not written. May take a tenth of a second."""
    with contextlib.suppress(OSError):
        root = _open_root(disk)
        fcntl.ioctl(root, _EXT4_IOC_SHUTDOWN, _NO_LOG_FLUSH)
        os.close(root)
    os.close(disk)


def _open_root(disk: int) -> int:
    return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=disk)


def _copy(source: int, target: int) -> None:
    """The same content, holes included; shared blocks where the file system has them."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        pass
    else:
        return
    os.ftruncate(target, os.fstat(source).st_size)
    position = 0
    while True:
        try:
            start = os.lseek(source, position, os.SEEK_DATA)
        except OSError:  # ENXIO: only a hole is left
            return
        position = os.lseek(source, start, os.SEEK_HOLE)
        os.pwrite(target, os.pread(source, position - start, start), start)


def _attach(image: int) -> tuple[int, int]:
    """A loop device on `image`: its descriptor, which keeps it until it is mounted, and its number."""
    control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(_ATTEMPTS):
            number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
            device = os.open(f"/dev/loop{number}", os.O_RDWR | os.O_CLOEXEC)
            try:
                _configure(device, image)
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:
                    raise
            else:
                return device, number
    finally:
        os.close(control)
    raise OSError(errno.EBUSY, "every free loop device was taken by somebody else")


def _configure(device: int, image: int) -> None:
    # Past the page cache of the file below: the data would lie in memory twice.
    direct = _CONFIG.pack(image, 4096, _LO_FLAGS_AUTOCLEAR | _LO_FLAGS_DIRECT_IO)
    try:
        fcntl.ioctl(device, _LOOP_CONFIGURE, direct)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        fcntl.ioctl(device, _LOOP_CONFIGURE, _CONFIG.pack(image, 0, _LO_FLAGS_AUTOCLEAR))

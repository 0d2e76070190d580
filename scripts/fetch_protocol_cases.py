#!/usr/bin/env python3
"""Fetches the test cases that botocore carries in its source archive, at the version of the lock file.

    .cache/protocol-cases/   requests and answers of every wire protocol (tests/protocol)
    .cache/sigv4-vectors/    AWS's published Signature Version 4 vectors (the gateway's tests)

The archive comes through pip, with whatever index pip is set up for, and is checked against the lock file's hash.
When the right version is there already, nothing is done.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
# Folder in the archive -> folder in the cache.
WANTED = {
    "tests/unit/protocols": "protocol-cases",
    "tests/unit/auth/aws4_testsuite": "sigv4-vectors",
}
STAMP = "botocore-version"


def locked_botocore() -> tuple[str, str]:
    """Version and SHA-256 of botocore's source archive, as the lock file has them."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    package = next(p for p in lock["package"] if p["name"] == "botocore")
    return package["version"], package["sdist"]["hash"].removeprefix("sha256:")


def is_current(version: str) -> bool:
    """True when every folder is there and of this version."""
    stamps = (CACHE / folder / STAMP for folder in WANTED.values())
    return all(stamp.is_file() and stamp.read_text() == version for stamp in stamps)


def download(version: str, sha256: str, into: Path) -> Path:
    """The source archive, checked; pip looks at its metadata on the way, which takes some seconds."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-binary", "botocore", "--dest", str(into)]
    subprocess.run([*command, f"botocore=={version}"], check=True)
    archive = next(into.glob("botocore-*.tar.gz"))
    if hashlib.sha256(archive.read_bytes()).hexdigest() != sha256:
        sys.exit(f"{archive.name}: the hash is not the one in uv.lock")
    return archive


def unpack(archive: Path, into: Path) -> None:
    """Write the wanted files below `into`, each under its folder's name in the cache."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
            for source, folder in WANTED.items():
                if member.isfile() and path.is_relative_to(source):
                    target = into / folder / path.relative_to(source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    content = tar.extractfile(member)
                    assert content is not None
                    target.write_bytes(content.read())


def install(staged: Path, version: str) -> None:
    """Put the folders in place; the stamp goes in first, so a folder in place is a complete one."""
    for folder in WANTED.values():
        (staged / folder / STAMP).write_text(version)
        shutil.rmtree(CACHE / folder, ignore_errors=True)
        (staged / folder).rename(CACHE / folder)


def main() -> None:
    version, sha256 = locked_botocore()
    if is_current(version):
        return
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        archive = download(version, sha256, Path(scratch))
        unpack(archive, Path(scratch) / "staged")
        install(Path(scratch) / "staged", version)
    print(f"protocol cases of botocore {version}: {CACHE / 'protocol-cases'}")


if __name__ == "__main__":
    main()

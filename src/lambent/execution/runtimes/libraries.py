"""What functions may import without bringing it, as on AWS: the AWS SDKs.

Python functions get the boto3 that is installed beside us, package by package, because our own dependencies must not
become theirs. Node functions get the packages that `npm ci` has put beside the Node bootstrap (`scripts/setup` does
it); they are shown a second time above the code, because `import` looks for packages nowhere else. Standard library
only.
"""

from __future__ import annotations

import importlib.machinery
import site
import sys
from pathlib import Path

# boto3, and what it is made of; the hooks of SnapStart.
_PYTHON_PACKAGES = (
    *("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"),
    "snapshot_restore_py",
)
# "Requires: Python >=3.10", says boto3 since 2026.
_PYTHON_OLDEST = (3, 10)
_NODE_PACKAGES = Path(__file__).parent / "node" / "node_modules"
NODE_TARGET = "/var/node_modules"


def python_target(version: str) -> str:
    """Where AWS's newer runtimes have them. `version` begins with major and minor."""
    major, minor = version.split(".")[:2]
    return f"/var/lang/lib/python{major}.{minor}/site-packages"


def libraries(language: str, version: str) -> list[list[str]]:
    """[path on the host, path in a sandbox] of each package or directory of packages that is there."""
    if language == "node":
        return [[str(_NODE_PACKAGES), NODE_TARGET]] if _NODE_PACKAGES.is_dir() else []
    if language != "python" or tuple(map(int, version.split(".")[:2])) < _PYTHON_OLDEST:
        return []
    target = python_target(version)
    return [
        [path, f"{target}/{Path(path).name}"] for path in map(_path_of, _PYTHON_PACKAGES) if path
    ]


def lacks(language: str) -> str:
    """How to install what functions of this language do without; "" where nothing is missing."""
    if language == "node" and not _NODE_PACKAGES.is_dir():
        return f"npm ci --ignore-scripts --prefix {_NODE_PACKAGES.parent}"
    if language == "python" and not all(map(_path_of, _PYTHON_PACKAGES)):
        return f"{sys.executable} -m pip install boto3 snapshot-restore-py"
    return ""


def _search_path() -> list[str]:
    """Where our own packages are, also for a process that was started without them (-S), as the launcher is."""
    prefix = str(Path(sys.executable).parent.parent)
    return [*sys.path, *site.getsitepackages([prefix])]


def _path_of(package: str) -> str:
    """The package's directory, or the file of a module that is none; "" where it is not installed."""
    spec = importlib.machinery.PathFinder.find_spec(package, _search_path())
    if spec is None or spec.origin is None:
        return ""
    return str(Path(spec.origin).parent if spec.submodule_search_locations else spec.origin)

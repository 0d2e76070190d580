"""The runtime ids of AWS Lambda, and which interpreter of this host serves each.

Ids as in the `Runtime` enumeration of AWS's Lambda API (2015-03-31). An id is *retired* once its deprecation date in
AWS's list of runtimes has passed; retired ids keep working here. Standard library only: the privileged processes
read this file too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RuntimeId:
    """What an id asks for. `version` is (major, minor) for Python and Ruby, (major,) for Node.

    For Java it is (major,). For `provided` it is the Amazon Linux whose libraries a bootstrap may count on.
    """

    name: str
    language: str
    version: tuple[int, ...] = ()
    is_retired: bool = False


def _python(minor: int, *, major: int = 3, retired: bool = False) -> RuntimeId:
    return RuntimeId(f"python{major}.{minor}", "python", (major, minor), retired)


def _node(name: str, major: int, *, retired: bool = False) -> RuntimeId:
    return RuntimeId(name, "node", (major,), retired)


def _java(name: str, *, retired: bool = False) -> RuntimeId:
    major = int(name.removeprefix("java").partition(".")[0])
    return RuntimeId(name, "java", (major,), retired)


def _ruby(name: str, *, retired: bool = False) -> RuntimeId:
    major, minor = map(int, name.removeprefix("ruby").split("."))
    return RuntimeId(name, "ruby", (major, minor), retired)


def _provided(name: str, *version: int, retired: bool = False) -> RuntimeId:
    return RuntimeId(name, "provided", version, retired)


# Known and not served yet: their bootstraps come with later work.
_UNSERVED = {
    "dotnet": "dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 dotnet6 dotnet8 dotnet10",
    "go": "go1.x",
    "custom": "custom",
}

RUNTIME_IDS: Mapping[str, RuntimeId] = {
    entry.name: entry
    for entry in (
        _python(7, major=2, retired=True),
        *(_python(minor, retired=True) for minor in (6, 7, 8, 9)),
        *(_python(minor) for minor in (10, 11, 12, 13, 14, 15)),
        _node("nodejs", 0, retired=True),  # 0.10
        _node("nodejs4.3", 4, retired=True),
        _node("nodejs4.3-edge", 4, retired=True),
        _node("nodejs6.10", 6, retired=True),
        _node("nodejs8.10", 8, retired=True),
        *(_node(f"nodejs{major}.x", major, retired=True) for major in (10, 12, 14, 16, 18)),
        *(_node(f"nodejs{major}.x", major) for major in (20, 22, 24, 26)),
        _provided("provided", 2018, 3, retired=True),
        _provided("provided.al2", 2),
        _provided("provided.al2023", 2023),
        _java("java8", retired=True),
        *map(
            _java,
            [
                "java8.al2",
                "java8.al2023",
                "java11",
                "java11.al2023",
                "java17",
                "java17.al2023",
                "java21",
                "java25",
            ],
        ),
        *(_ruby(name, retired=True) for name in ("ruby2.5", "ruby2.7")),
        *map(_ruby, ["ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0"]),
        *(
            RuntimeId(name, language)
            for language, names in _UNSERVED.items()
            for name in names.split()
        ),
    )
}

SERVED_LANGUAGES = ("python", "node", "java", "ruby", "provided")
_WANTED = {
    "python": "python3.9 or newer",
    "node": "Node.js 12 or newer",
    "java": "JDK 17 or newer with Jackson and JNA",
    "ruby": "Ruby 2.7 or newer",
}


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime id with the interpreter that serves it.

    `version` is the interpreter's full version; `is_exact` is false where the id asks for another one. `pool` is the id
    that stands for all ids on the same interpreter, because they share their pre-warmed sandboxes.
    """

    name: str
    language: str
    interpreter: str
    version: str
    is_exact: bool
    pool: str

    def version_arn(self, region: str) -> str:
        """AWS's name for a version of a runtime, opaque text here: an id of the interpreter."""
        identity = f"{self.language} {self.version} {self.interpreter}"
        digest = hashlib.sha256(identity.encode()).hexdigest()
        return f"arn:aws:lambda:{region}::runtime:{digest}"


class Runtimes:
    """The runtimes of this host. Args: what `discovery.discover()` returned."""

    def __init__(self, discovered: Mapping[str, Mapping[str, Any]]) -> None:
        self._by_name: dict[str, Runtime] = {}
        pools: dict[str, str] = {}
        # Exact ids first, so that a pool is named after the version it really has.
        for name, found in sorted(discovered.items(), key=lambda item: not item[1]["exact"]):
            interpreter = found["interpreter"]
            self._by_name[name] = Runtime(
                name=name,
                language=found["language"],
                interpreter=interpreter,
                version=found["version"],
                is_exact=found["exact"],
                pool=pools.setdefault(interpreter, name),
            )

    def find(self, name: str) -> Runtime | None:
        """The runtime with this id, or None when nothing on this host serves it."""
        return self._by_name.get(name)

    def missing(self, name: str) -> str:
        """Why `find` returned None, as a sentence for whoever asked for it."""
        known = RUNTIME_IDS.get(name)
        if known is None:
            return f"unknown runtime: {name}"
        if known.language not in SERVED_LANGUAGES:
            return f"the runtime {name} is not served yet"
        wanted = _WANTED.get(known.language, "interpreter")
        return f"no interpreter for the runtime {name}: no {wanted} was found on this host"

    def names(self) -> list[str]:
        """Every id that is served, sorted."""
        return sorted(self._by_name)

"""How the sandboxes of a pool are started, and which pool a function takes its own from.

A sandbox of the common kind holds a runtime that has started long before it hears of its function. Some variables act
only while a program starts; a function that sets one of them gets a sandbox whose runtime is executed when it has its
function, with its variables: that is as slow as starting the interpreter is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.execution.runtimes.table import Runtime
    from lambent.execution.spec import FunctionSpec

# The wrapper is AWS's; what the dynamic linker and the C library read, they read once.
_ANY_LANGUAGE = r"AWS_LAMBDA_EXEC_WRAPPER|LD_\w+|GLIBC_TUNABLES|MALLOC_\w+|LOCPATH"
_AT_START = {
    # PYTHONPATH is applied in place.
    "python": re.compile(rf"{_ANY_LANGUAGE}|PYTHON(?!PATH$)\w+"),
    # The others (NODE_PATH, NODE_ENV, NODE_TLS_REJECT_UNAUTHORIZED) are read when they are needed.
    "node": re.compile(
        rf"{_ANY_LANGUAGE}|NODE_(OPTIONS|EXTRA_CA_CERTS|DEBUG|DEBUG_NATIVE|ICU_DATA|NO_WARNINGS|V8_COVERAGE"
        r"|PENDING_DEPRECATION|PRESERVE_SYMLINKS|PRESERVE_SYMLINKS_MAIN|REDIRECT_WARNINGS|COMPILE_CACHE"
        r"|USE_SYSTEM_CA|USE_ENV_PROXY)|UV_\w+|OPENSSL_CONF|SSL_CERT_(FILE|DIR)"
    ),
}


@dataclass(frozen=True, slots=True)
class Start:
    """`runtime`: the id that stands for the interpreter. `execs`: the runtime is executed once it has its function."""

    runtime: str
    execs: bool = False

    @classmethod
    def of(cls, runtime: Runtime, spec: FunctionSpec) -> Start:
        """What the function needs."""
        return cls(runtime.pool, acts_at_start(runtime.language, spec.environment))

    @property
    def name(self) -> str:
        """What its pool is called."""
        return f"{self.runtime} by exec" if self.execs else self.runtime

    def request(self) -> dict[str, Any]:
        """The fields of a `create` request."""
        return {"runtime": self.runtime, **({"execs": True} if self.execs else {})}


def acts_at_start(language: str, variables: Mapping[str, str]) -> bool:
    """Whether one of the variables would be without effect on a runtime that has started before."""
    pattern = _AT_START.get(language)
    return pattern is not None and any(pattern.fullmatch(name) for name in variables)

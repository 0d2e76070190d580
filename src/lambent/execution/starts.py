"""How the sandboxes of a pool are started, and which pool a function takes its own from.

A sandbox of the common kind holds a runtime that has started long before it hears of its function. Some variables act
only while a program starts; a function that sets one of them gets a sandbox whose runtime is executed when it has its
function, with its variables: that is as slow as starting the interpreter is.

Python functions that import boto3, and bring none, are forked from a process that has imported it. A JVM's heap is set
when it starts, too: each common memory size has a pool of its own, other sizes are executed.
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
    # GEM_PATH, GEM_HOME and RUBYLIB are applied in place.
    "ruby": re.compile(
        rf"{_ANY_LANGUAGE}|RUBY(?!LIB$)\w+|LC_(ALL|CTYPE)|OPENSSL_CONF|SSL_CERT_(FILE|DIR)"
    ),
    "java": re.compile(
        rf"{_ANY_LANGUAGE}|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH"
    ),
}
_COMMON_MIB = frozenset({128, 256, 512, 1024, 1536, 2048, 3008, 4096})


@dataclass(frozen=True, slots=True)
class Start:
    """`runtime`: the id that stands for the interpreter. `execs`: the runtime is executed once it has its function.

    `memory_mib`: what the function has, where the runtime must know it from the start; else 0. `preload`: the AWS SDK
    is imported already. `network`: what it reaches (internet, platform, none) where a rule says so;
    else "".
    """

    runtime: str
    execs: bool = False
    memory_mib: int = 0
    preload: bool = False
    network: str = ""

    @classmethod
    def of(
        cls, runtime: Runtime, spec: FunctionSpec, *, has_extensions: bool, uses_boto3: bool
    ) -> Start:
        """What the function needs. Extensions are launched before the runtime, so that it is executed after them."""
        if spec.compiles:
            return cls(runtime.pool)
        if has_extensions and runtime.language != "provided":
            return cls(runtime.pool, execs=True)
        return cls.for_settings(runtime, spec.memory_mib, spec.environment, uses_boto3=uses_boto3)

    @classmethod
    def for_settings(
        cls,
        runtime: Runtime,
        memory_mib: int,
        environment: Mapping[str, str],
        *,
        uses_boto3: bool = False,
    ) -> Start:
        """What a function with these settings needs. `uses_boto3`: that of the runtime, not one of its own."""
        if acts_at_start(runtime.language, environment):
            return cls(runtime.pool, execs=True)
        if runtime.language == "python" and uses_boto3:
            return cls(runtime.pool, preload=True)
        if runtime.language != "java":
            return cls(runtime.pool)
        if memory_mib not in _COMMON_MIB:
            return cls(runtime.pool, execs=True)
        return cls(runtime.pool, memory_mib=memory_mib)

    @property
    def name(self) -> str:
        """What its pool is called."""
        name = self._kind
        return f"{name}, network {self.network}" if self.network else name

    @property
    def _kind(self) -> str:
        if self.execs:
            return f"{self.runtime} by exec"
        if self.preload:
            return f"{self.runtime} with boto3"
        return f"{self.runtime} at {self.memory_mib} MB" if self.memory_mib else self.runtime

    def request(self) -> dict[str, Any]:
        """The fields of a `create` request."""
        request: dict[str, Any] = {"runtime": self.runtime}
        if self.execs:
            request["execs"] = True
        if self.preload:
            request["preload"] = True
        if self.memory_mib:
            request["memory_mib"] = self.memory_mib
        if self.network:
            request["network"] = self.network
        return request


def acts_at_start(language: str, variables: Mapping[str, str]) -> bool:
    """Whether one of the variables would be without effect on a runtime that has started before."""
    pattern = _AT_START.get(language)
    return pattern is not None and any(pattern.fullmatch(name) for name in variables)

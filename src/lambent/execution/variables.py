"""The environment variables a function sees, as AWS documents them ("Defined runtime environment variables").

The function's own win over the defaults; nothing wins over the reserved ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.execution.spec import SNAP_START

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.execution.runtimes.table import Runtime
    from lambent.execution.spec import FunctionSpec

_RUNTIME_DIR = "/var/runtime"


def function_environment(
    spec: FunctionSpec,
    runtime: Runtime,
    task_root: str,
    log_stream: str,
    endpoint_url: str,
    credentials: Mapping[str, str],
) -> dict[str, str]:
    """The complete environment.

    Args:
        task_root: where the code lies as the function sees it.
        endpoint_url: of the platform's own AWS endpoint; "" where the function cannot reach it.
        credentials: those of its role, as variables.
    """
    is_os_only = runtime.language == "provided"
    return {
        **_defaults(runtime, task_root),
        # What SDKs of today look at by themselves; a function may send its clients elsewhere.
        **({"AWS_ENDPOINT_URL": endpoint_url} if endpoint_url else {}),
        **spec.environment,
        **credentials,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        # "Not defined for OS-only runtimes".
        **({} if is_os_only else {"AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}"}),
        "AWS_LAMBDA_FUNCTION_NAME": spec.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.function_version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mib),
        # "Not available in Lambda SnapStart functions": they would be those of the snapshot.
        **(_log_names(spec, log_stream) if spec.initialization != SNAP_START else {}),
        "AWS_LAMBDA_INITIALIZATION_TYPE": spec.initialization,
        **_logging(spec),
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": _RUNTIME_DIR,
        "_HANDLER": spec.handler,
    }


def _log_names(spec: FunctionSpec, log_stream: str) -> dict[str, str]:
    return {
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
    }


def _logging(spec: FunctionSpec) -> dict[str, str]:
    """A level is for JSON alone: with text AWS sets none, and loggers keep the levels that they have by themselves."""
    if spec.log_format != "JSON":
        return {"AWS_LAMBDA_LOG_FORMAT": spec.log_format}
    return {
        "AWS_LAMBDA_LOG_FORMAT": spec.log_format,
        "AWS_LAMBDA_LOG_LEVEL": spec.application_log_level,
    }


def _defaults(runtime: Runtime, task_root: str) -> dict[str, str]:
    """What AWS sets and functions may override."""
    # The interpreter's own directory first, so that a child process finds the same one.
    directory, slash, _ = runtime.interpreter.rpartition("/")
    own = f"{directory}:" if slash else ""
    defaults = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"{own}/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "LD_LIBRARY_PATH": f"/var/lang/lib:/lib64:/usr/lib64:{_RUNTIME_DIR}:{_RUNTIME_DIR}/lib:"
        f"{task_root}:{task_root}/lib:/opt/lib",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        # Where X-Ray's SDKs look by themselves. No daemon listens there: calls are never sampled.
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    }
    if runtime.language == "node":
        defaults["NODE_PATH"] = (
            f"/opt/nodejs/node{_node_major(runtime)}/node_modules:/opt/nodejs/node_modules:"
            f"{_RUNTIME_DIR}/node_modules:{_RUNTIME_DIR}:{task_root}"
        )
    elif runtime.language == "python":
        defaults["PYTHONPATH"] = _RUNTIME_DIR
    elif runtime.language == "ruby":
        gems = f"{_ruby_version(runtime)}.0"
        defaults["GEM_PATH"] = f"{task_root}/vendor/bundle/ruby/{gems}:/opt/ruby/gems/{gems}"
        defaults["RUBYLIB"] = f"{task_root}:{_RUNTIME_DIR}/lib:/opt/ruby/lib"
    return defaults


def _node_major(runtime: Runtime) -> str:
    """The version that the function asked for, which its layers are made for, whatever stands in for it."""
    asked = re.match(r"nodejs(\d+)", runtime.name)
    return asked[1] if asked else runtime.version.split(".")[0]


def _ruby_version(runtime: Runtime) -> str:
    """As for Node: layers and packages are made for it."""
    return runtime.name.removeprefix("ruby")

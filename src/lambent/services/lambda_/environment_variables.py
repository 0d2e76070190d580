"""The variables that a function may be given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Mapping

# "4 KB, for all environment variables associated with the function, in aggregate" (Lambda quotas).
MAX_BYTES = 4096
# "Reserved environment variables" of the Lambda developer guide, and the two that the credentials come in.
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_REFUSED = (
    "Lambda was unable to configure your environment variables because the environment variables "
    "you have provided "
)


def check_environment(variables: Mapping[str, str]) -> None:
    """Raises InvalidParameterValue for reserved names, for more than 4 KB and for what no process could be given."""
    if reserved := [name for name in variables if name in RESERVED]:
        raise InvalidParameterValue(
            f"{_REFUSED}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if any("\0" in value for value in variables.values()):
        raise InvalidParameterValue(f"{_REFUSED}contain a null character.")
    size = len(orjson.dumps(dict(variables)))
    if size > MAX_BYTES:
        raise InvalidParameterValue(
            f"{_REFUSED}exceeded the 4KB limit. Measured size: {size} bytes"
        )

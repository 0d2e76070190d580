"""The `context` object of a handler, with the attributes and methods that AWS documents."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from lambent.execution.runtimes.python.faults import CONTEXT_UNMARSHAL_ERROR, Fault


class _Record:
    """Attributes from a mapping; those that are missing are None."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: dict[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        shown = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{shown}])"


class CognitoIdentity(_Record):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, values: dict[str, Any]) -> None:
        # One is made for every call, and few calls have any.
        self.cognito_identity_id = values.get("cognitoIdentityId")
        self.cognito_identity_pool_id = values.get("cognitoIdentityPoolId")


class Client(_Record):
    __slots__ = (
        "app_package_name",
        "app_title",
        "app_version_code",
        "app_version_name",
        "installation_id",
    )


class ClientContext(_Record):
    __slots__ = ("client", "custom", "env")

    def __init__(self, values: dict[str, Any]) -> None:
        client = values.get("client")
        super().__init__({**values, "client": None if client is None else Client(client)})


class LambdaContext:
    """Made for each invocation. Args: the function's side (ASSIGN), the call's (INVOKE), its id and deadline in ms."""

    def __init__(
        self, function: dict[str, Any], call: dict[str, Any], request_id: str, deadline: int
    ) -> None:
        self.aws_request_id = request_id
        self.log_group_name = function["log_group"]
        self.log_stream_name = function["log_stream"]
        self.function_name = function["function_name"]
        self.memory_limit_in_mb = str(function["memory_mib"])
        self.function_version = function["function_version"]
        self.invoked_function_arn = call.get("invoked_function_arn") or function["function_arn"]
        self.tenant_id = call.get("tenant_id")
        self.client_context = _client_context(call.get("client_context"))
        self.identity = _identity(call.get("identity"))
        self._epoch_deadline_time_in_ms = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out; 0 afterwards."""
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log, without a line end of its own."""
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        shown = ",".join(f"{k}={v}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"LambdaContext([{shown}])"


def _client_context(sent: Any) -> ClientContext | None:
    values = _parsed(sent, "Client Context")
    return None if values is None else ClientContext(values)


def _identity(sent: Any) -> CognitoIdentity:
    return CognitoIdentity(_parsed(sent, "Cognito Identity") or {})


def _parsed(sent: Any, name: str) -> Any:
    if not sent:
        return None
    if not isinstance(sent, str):
        return sent
    try:
        return json.loads(sent)
    except ValueError as error:
        message = f"Unable to parse {name} JSON: {error}"
        raise Fault(CONTEXT_UNMARSHAL_ERROR, message) from None

"""Function names as callers write them: a name, a partial ARN or a full ARN, each with or without a qualifier.

The service model has checked the pattern by then. Here the parts are told apart and held against where the request
goes: `name[:qualifier]`, `123456789012:function:name[:qualifier]` or
`arn:aws:lambda:eu-west-1:123456789012:function:name[:qualifier]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.core.arn import Arn
from lambent.core.errors import AccessDenied
from lambent.services.lambda_.errors import InvalidParameterValue, ResourceNotFound

if TYPE_CHECKING:
    from lambent.core.context import Scope

LATEST = "$LATEST"
# "Function names ... limited to 64 characters" (Lambda API reference, CreateFunction, FunctionName).
MAX_NAME_LENGTH = 64
# The model's pattern of FunctionName, with a group per part that we read. `my-function:7` looks as if it began with a
# region; a region is one only if an account or the word `function` follows.
_QUALIFIED_NAME = re.compile(
    r"(?:arn:[a-zA-Z-]*:lambda:)?(?:([a-z]+(?:-[a-z0-9]+)+):(?=\d{12}:|function:))?(?:(\d{12}):)?(?:function:)?"
    r"([a-zA-Z0-9-_.]+)(?::(.+))?"
)


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function as the caller named it. `qualifier` is empty when none was given."""

    scope: Scope
    name: str
    qualifier: str = ""

    @property
    def arn(self) -> str:
        """The ARN, with the qualifier if there is one."""
        arn = function_arn(self.scope, self.name)
        return f"{arn}:{self.qualifier}" if self.qualifier else arn

    @property
    def is_latest(self) -> bool:
        return self.qualifier in {"", LATEST}

    def qualified(self, qualifier: str) -> FunctionRef:
        """The same function with this qualifier."""
        return replace(self, qualifier=qualifier)

    def invoked(self) -> FunctionRef:
        """With the qualifier that Invoke takes when none is given."""
        return self if self.qualifier else replace(self, qualifier=LATEST)


def function_arn(scope: Scope, name: str) -> str:
    """The unqualified ARN of a function."""
    return str(Arn("lambda", scope.region, scope.account_id, f"function:{name}"))


def not_found(ref: FunctionRef) -> ResourceNotFound:
    return ResourceNotFound(f"Function not found: {ref.arn}")


def parse_function_name(text: str, scope: Scope, qualifier: str = "") -> FunctionRef:
    """The function that `text` means for a request to `scope`.

    Args:
        text: FunctionName as sent.
        qualifier: the Qualifier parameter, if the operation has one.

    Raises:
        InvalidParameterValue: the name is too long, or the two qualifiers differ.
        ResourceNotFound: the ARN is of another region.
        AccessDenied: the ARN is of another account.
    """
    if ":" not in text:
        return FunctionRef(scope, _checked(text, text), qualifier)
    match = _QUALIFIED_NAME.fullmatch(text)
    assert match is not None, "the service model states the pattern"
    region, account_id, name, derived = match.groups(default="")
    if region and region != scope.region:
        raise ResourceNotFound(
            f"Functions from '{region}' are not reachable in this region ('{scope.region}')"
        )
    if account_id and account_id != scope.account_id:
        raise AccessDenied(None)
    if qualifier and derived and qualifier != derived:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return FunctionRef(scope, _checked(name, text), qualifier or derived)


def parse_unqualified(text: str, scope: Scope) -> FunctionRef:
    """As `parse_function_name`, for operations on a function as a whole: a qualifier in the name is looked over."""
    return replace(parse_function_name(text, scope), qualifier="")


def _checked(name: str, text: str) -> str:
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidParameterValue(
            f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy "
            f"constraint: Member must have length less than or equal to {MAX_NAME_LENGTH}"
        )
    return name

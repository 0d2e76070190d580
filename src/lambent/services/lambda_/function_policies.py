"""Small settings of a function that are kept beside it: runtime updates, recursive loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.names import (
    LATEST,
    not_found,
    parse_function_name,
    parse_unqualified,
)
from lambent.services.lambda_.qualifiers import find_version
from lambent.services.lambda_.resources import RECURSION, RUNTIME_MANAGEMENT

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        GetFunctionRecursionConfigRequestTypeDef,
        GetRuntimeManagementConfigRequestTypeDef,
        PutFunctionRecursionConfigRequestTypeDef,
        PutRuntimeManagementConfigRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.runtime_policy import RuntimePolicy


@dataclass(frozen=True, slots=True)
class FunctionPolicies:
    """The operations on these settings, with what they need."""

    policy: RuntimePolicy

    def get_runtime_management_config(
        self, tx: Tx, context: RequestContext, request: GetRuntimeManagementConfigRequestTypeDef
    ) -> Document:
        ref, _ = _version(tx, context, request["FunctionName"], request.get("Qualifier", ""))
        row = RUNTIME_MANAGEMENT.find(tx, ref.scope, ref.name, ref.qualifier)
        return {**(row or {"UpdateRuntimeOn": "Auto"}), "FunctionArn": ref.arn}

    def put_runtime_management_config(
        self, tx: Tx, context: RequestContext, request: PutRuntimeManagementConfigRequestTypeDef
    ) -> Document:
        name, qualifier = request["FunctionName"], request.get("Qualifier", "")
        ref, function = _version(tx, context, name, qualifier)
        mode = request["UpdateRuntimeOn"]
        row: dict[str, str] = {"UpdateRuntimeOn": mode}
        arn = request.get("RuntimeVersionArn", "")
        if mode == "Manual" and not arn:
            raise InvalidParameterValue(
                "Missing runtime version ARN. A runtime version ARN is required when "
                "UpdateRuntimeVersionOn=Manual. Provide a valid runtime version ARN and retry the "
                "request."
            )
        if mode != "Manual" and arn:
            raise InvalidParameterValue(
                f"Unexpected runtime version ARN when UpdateRuntimeVersionOn={mode}. "
                "Remove the runtime version ARN and retry the request."
            )
        if arn:
            if not arn.startswith(f"arn:aws:lambda:{ref.scope.region}::runtime:"):
                raise InvalidParameterValue(
                    f"Invalid runtime version ARN ({arn}). "
                    "Check the runtime version ARN and retry the request."
                )
            if arn != self.policy.version_arn(function.settings.runtime, ref.scope.region):
                raise InvalidParameterValue(
                    f"The runtime version {arn} is not installed: Lambent runs a function on the "
                    "interpreter of this host."
                )
            row["RuntimeVersionArn"] = arn
        RUNTIME_MANAGEMENT.put(tx, ref.scope, ref.name, ref.qualifier, row)
        return {**row, "FunctionArn": ref.arn}

    def get_function_recursion_config(
        self, tx: Tx, context: RequestContext, request: GetFunctionRecursionConfigRequestTypeDef
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        return RECURSION.find(tx, ref.scope, ref.name, "") or {"RecursiveLoop": "Terminate"}

    def put_function_recursion_config(
        self, tx: Tx, context: RequestContext, request: PutFunctionRecursionConfigRequestTypeDef
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        row = {"RecursiveLoop": request["RecursiveLoop"]}
        RECURSION.put(tx, ref.scope, ref.name, "", row)
        return row


def refuse_pinned(tx: Tx, ref: FunctionRef) -> None:
    """Raises InvalidParameterValue where $LATEST is tied to one version of its runtime."""
    row = RUNTIME_MANAGEMENT.find(tx, ref.scope, ref.name, LATEST)
    if row is not None and row["UpdateRuntimeOn"] == "Manual":
        raise InvalidParameterValue(
            "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. "
            "Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry."
        )


def _function(tx: Tx, context: RequestContext, name: str) -> FunctionRef:
    ref = parse_unqualified(name, context.scope)
    if repository.find(tx, ref.scope, ref.name) is None:
        raise not_found(ref)
    return ref


def _version(
    tx: Tx, context: RequestContext, name: str, qualifier: str
) -> tuple[FunctionRef, Function]:
    """The version named, $LATEST if none is; aliases have no such setting of their own."""
    ref = parse_function_name(name, context.scope, qualifier).invoked()
    if not ref.is_latest and not ref.qualifier.isdigit():
        raise InvalidParameterValue(
            f"The provided function name {ref.arn} is invalid. Aliases are not allowed."
        )
    return ref, find_version(tx, ref, ref.qualifier)

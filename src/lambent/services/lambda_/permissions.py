"""Resource policies of functions, versions and aliases: one each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from lambent.policy.documents import MalformedPolicy, parse
from lambent.services.lambda_ import policies
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceNotFound,
)
from lambent.services.lambda_.names import LATEST, parse_function_name
from lambent.services.lambda_.resources import POLICIES

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        AddPermissionRequestTypeDef,
        GetPolicyRequestTypeDef,
        RemovePermissionRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.revisions import Revisions

_MISSING = "The resource you requested does not exist."


@dataclass(frozen=True, slots=True)
class Permissions:
    """The operations on resource policies, with what they need."""

    revisions: Revisions

    def add_permission(
        self, tx: Tx, context: RequestContext, request: AddPermissionRequestTypeDef
    ) -> Document:
        ref = _policy_of(context, request["FunctionName"], request.get("Qualifier", ""))
        if "FunctionUrlAuthType" in request and request["Action"] != "lambda:InvokeFunctionUrl":
            raise InvalidParameterValue(
                "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
            )
        self._check_revision(tx, ref, request.get("RevisionId", ""))
        statement = policies.statement(request, ref.arn)
        self._put(tx, ref, policies.added(statements_of(tx, ref), statement))
        self.revisions.renew(tx, ref)
        return {"Statement": policies.text(statement)}

    def remove_permission(
        self, tx: Tx, context: RequestContext, request: RemovePermissionRequestTypeDef
    ) -> Document:
        ref = _policy_of(context, request["FunctionName"], request.get("Qualifier", ""))
        self._check_revision(tx, ref, request.get("RevisionId", ""))
        left = policies.removed(statements_of(tx, ref), request["StatementId"])
        self._put(tx, ref, left)
        self.revisions.renew(tx, ref)
        return {}

    def get_policy(
        self, tx: Tx, context: RequestContext, request: GetPolicyRequestTypeDef
    ) -> Document:
        ref = parse_function_name(
            request["FunctionName"], context.scope, request.get("Qualifier", "")
        )
        revision = self.revisions.current(tx, ref)
        return self._shown(tx, ref, revision)

    def put_resource_policy(
        self, tx: Tx, context: RequestContext, request: dict[str, Any]
    ) -> Document:
        ref = _policy_of(context, request["ResourceArn"], "")
        self._check_revision(tx, ref, request.get("RevisionId", ""))
        statements = _parsed(request["Policy"])
        self._put(tx, ref, statements)
        return self._shown(tx, ref, self.revisions.renew(tx, ref))

    def get_resource_policy(
        self, tx: Tx, context: RequestContext, request: dict[str, Any]
    ) -> Document:
        ref = parse_function_name(request["ResourceArn"], context.scope)
        return self._shown(tx, ref, self.revisions.current(tx, ref))

    def delete_resource_policy(
        self, tx: Tx, context: RequestContext, request: dict[str, Any]
    ) -> Document:
        ref = _policy_of(context, request["ResourceArn"], "")
        self._check_revision(tx, ref, request.get("RevisionId", ""))
        if not statements_of(tx, ref):
            raise ResourceNotFound(_MISSING)
        self._put(tx, ref, [])
        self.revisions.renew(tx, ref)
        return {}

    def _put(self, tx: Tx, ref: FunctionRef, statements: list[policies.Statement]) -> None:
        """Write a policy; without statements there is none."""
        if statements:
            POLICIES.put(tx, ref.scope, ref.name, ref.qualifier, {"statements": statements})
        else:
            POLICIES.remove(tx, ref.scope, ref.name, ref.qualifier)
        tx.after_commit(self.revisions.registry.book.put, ref.arn, statements)

    def _shown(self, tx: Tx, ref: FunctionRef, revision: str) -> Document:
        statements = statements_of(tx, ref)
        if not statements:
            raise ResourceNotFound(_MISSING)
        return {"Policy": policies.policy_text(statements), "RevisionId": revision}

    def _check_revision(self, tx: Tx, ref: FunctionRef, expected: str) -> None:
        current = self.revisions.current(tx, ref)
        if expected and expected != current:
            raise PreconditionFailed("GetPolicy")


def statements_of(tx: Tx, ref: FunctionRef) -> list[policies.Statement]:
    """The statements of a policy; none where there is no policy."""
    row = POLICIES.find(tx, ref.scope, ref.name, ref.qualifier)
    return [] if row is None else row["statements"]


def _policy_of(context: RequestContext, name: str, qualifier: str) -> FunctionRef:
    ref = parse_function_name(name, context.scope, qualifier)
    if ref.qualifier == LATEST:
        raise InvalidParameterValue("We currently do not support adding policies for $LATEST.")
    return ref


def _parsed(text: str) -> list[policies.Statement]:
    """The statements of a policy as a caller writes it. Raises InvalidParameterValue."""
    try:
        parse(text, "resource")
    except MalformedPolicy as fault:
        raise InvalidParameterValue(fault.message, headers=(fault.header,)) from fault
    statements = orjson.loads(text)["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not all(map(_is_statement, statements)):
        raise InvalidParameterValue(
            "The policy must be an object with statements that have Effect, Principal and Action."
        )
    return policies.checked_size(statements)


def _is_statement(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("Effect") not in {"Allow", "Deny"}:
        return False
    condition = value.get("Condition", {})
    return (
        _are_texts(value.get("Action"))
        and _is_principal(value.get("Principal"))
        and isinstance(value.get("Sid", ""), str)
        and isinstance(condition, dict)
        and all(isinstance(keys, dict) for keys in condition.values())
    )


def _is_principal(value: Any) -> bool:
    return value == "*" or (
        isinstance(value, dict) and bool(value) and all(map(_are_texts, value.values()))
    )


def _are_texts(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return bool(texts) and all(isinstance(text, str) for text in texts)

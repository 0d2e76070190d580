"""Who may use a layer version: the policy operations, and the question that functions ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.services.lambda_ import policies
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceNotFound,
)
from lambent.services.lambda_.layer_arns import LayerRef, parse_layer
from lambent.services.lambda_.resources import LAYER_POLICIES, LAYER_VERSIONS

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        AddLayerVersionPermissionRequestTypeDef,
        GetLayerVersionPolicyRequestTypeDef,
        RemoveLayerVersionPermissionRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.resource_book import ResourceBook

_NO_POLICY = "No policy is associated with the given resource."


@dataclass(frozen=True, slots=True)
class LayerPolicies:
    """The operations on policies of layer versions."""

    book: ResourceBook

    def add_permission(
        self, tx: Tx, context: RequestContext, request: AddLayerVersionPermissionRequestTypeDef
    ) -> Document:
        ref = _existing(tx, context, request["LayerName"], request["VersionNumber"])
        row = _row(tx, ref)
        _check_revision(row, request.get("RevisionId", ""))
        if request.get("OrganizationId") and request["Principal"] != "*":
            raise InvalidParameterValue(
                "If organization id is specified then principal should be *"
            )
        statement = policies.statement(request, ref.version_arn)
        statements = policies.added(row["statements"], statement)
        revision = self._put(tx, ref, statements)
        return {"Statement": policies.text(statement), "RevisionId": revision}

    def remove_permission(
        self, tx: Tx, context: RequestContext, request: RemoveLayerVersionPermissionRequestTypeDef
    ) -> Document:
        ref = _existing(tx, context, request["LayerName"], request["VersionNumber"])
        row = _row(tx, ref)
        _check_revision(row, request.get("RevisionId", ""))
        self._put(tx, ref, policies.removed(row["statements"], request["StatementId"]))
        return {}

    def get_policy(
        self, tx: Tx, context: RequestContext, request: GetLayerVersionPolicyRequestTypeDef
    ) -> Document:
        ref = _existing(tx, context, request["LayerName"], request["VersionNumber"])
        row = _row(tx, ref)
        if not row["statements"]:
            raise ResourceNotFound(_NO_POLICY)
        return {
            "Policy": policies.policy_text(row["statements"]),
            "RevisionId": row["revision"],
        }

    def _put(self, tx: Tx, ref: LayerRef, statements: list[policies.Statement]) -> str:
        revision = ids.uuid()
        row = {"statements": statements, "revision": revision}
        LAYER_POLICIES.put(tx, ref.scope, ref.name, ref.id, row)
        tx.after_commit(self.book.put, ref.version_arn, statements)
        return revision


def is_shared(tx: Tx, ref: LayerRef, account_id: str) -> bool:
    """Has the layer's owner given that account leave to use this version?"""
    statements = _row(tx, ref)["statements"]
    caller = policies.Caller(account_id)
    return policies.effect(statements, "lambda:GetLayerVersion", caller, {}) == "Allow"


def _existing(tx: Tx, context: RequestContext, name: str, version: int) -> LayerRef:
    ref = parse_layer(name, context.scope, version)
    if ref.scope != context.scope or LAYER_VERSIONS.find(tx, ref.scope, ref.name, ref.id) is None:
        raise ResourceNotFound(f"Layer version {ref.version_arn} does not exist.")
    return ref


def _row(tx: Tx, ref: LayerRef) -> dict[str, Any]:
    row = LAYER_POLICIES.find(tx, ref.scope, ref.name, ref.id)
    return row or {"statements": [], "revision": ""}


def _check_revision(row: dict[str, Any], expected: str) -> None:
    if expected and expected != row["revision"]:
        raise PreconditionFailed("GetLayerPolicy")

"""Aliases: names for one version of a function, or for two with weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.services.lambda_ import repository, resources
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.services.lambda_.names import LATEST, not_found, parse_unqualified
from lambent.services.lambda_.paging import page
from lambent.services.lambda_.qualifiers import find_version
from lambent.services.lambda_.resources import ALIASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_lambda.type_defs import (
        CreateAliasRequestTypeDef,
        DeleteAliasRequestTypeDef,
        GetAliasRequestTypeDef,
        ListAliasesRequestTypeDef,
        UpdateAliasRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.provisioned import ProvisionedConcurrency
    from lambent.services.lambda_.registry import Registry


@dataclass(frozen=True, slots=True)
class Aliases:
    """The operations on aliases, with what they need."""

    registry: Registry
    provisioned: ProvisionedConcurrency

    def create_alias(
        self, tx: Tx, context: RequestContext, request: CreateAliasRequestTypeDef
    ) -> Document:
        ref = _function(tx, request["FunctionName"], context)
        name = request["Name"]
        _check_version(tx, ref, request["FunctionVersion"])
        routing = _routing(tx, ref, request["FunctionVersion"], request.get("RoutingConfig"))
        if ALIASES.find(tx, ref.scope, ref.name, name) is not None:
            raise ResourceConflict(f"Alias already exists: {ref.arn}:{name}")
        document = {
            "AliasArn": f"{ref.arn}:{name}",
            "Name": name,
            "FunctionVersion": request["FunctionVersion"],
            "Description": request.get("Description", ""),
            **routing,
            "RevisionId": ids.uuid(),
        }
        self._put(tx, ref, document)
        return document

    def update_alias(
        self, tx: Tx, context: RequestContext, request: UpdateAliasRequestTypeDef
    ) -> Document:
        ref = _function(tx, request["FunctionName"], context)
        name = request["Name"]
        document = ALIASES.find(tx, ref.scope, ref.name, name)
        if document is None:
            raise ResourceNotFound(f"Alias not found: {ref.arn}:{name}")
        if request.get("RevisionId", document["RevisionId"]) != document["RevisionId"]:
            raise PreconditionFailed
        if "FunctionVersion" in request:
            _check_version(tx, ref, request["FunctionVersion"])
            document["FunctionVersion"] = request["FunctionVersion"]
        routing = request.get("RoutingConfig", document.get("RoutingConfig"))
        routing = _routing(tx, ref, document["FunctionVersion"], routing)
        document.pop("RoutingConfig", None)
        document |= routing
        if "Description" in request:
            document["Description"] = request["Description"]
        document["RevisionId"] = ids.uuid()
        self._put(tx, ref, document)
        return document

    def get_alias(
        self, tx: Tx, context: RequestContext, request: GetAliasRequestTypeDef
    ) -> Document:
        ref = _function(tx, request["FunctionName"], context)
        document = ALIASES.find(tx, ref.scope, ref.name, request["Name"])
        if document is None:
            raise ResourceNotFound(f"Cannot find alias arn: {ref.arn}:{request['Name']}")
        return document

    def list_aliases(
        self, tx: Tx, context: RequestContext, request: ListAliasesRequestTypeDef
    ) -> Document:
        ref = _function(tx, request["FunctionName"], context)
        found = [row.document for row in ALIASES.of(tx, ref.scope, ref.name)]
        if version := request.get("FunctionVersion"):
            found = [alias for alias in found if version in _versions_of(alias)]
        shown, document = page(found, request, lambda alias: str(alias["Name"]), "Aliases")
        document["Aliases"] = shown
        return document

    def delete_alias(
        self, tx: Tx, context: RequestContext, request: DeleteAliasRequestTypeDef
    ) -> Document:
        """Deleting an alias that is not there succeeds, as on AWS."""
        ref = _function(tx, request["FunctionName"], context)
        if ALIASES.remove(tx, ref.scope, ref.name, request["Name"]):
            resources.remove_qualifier(tx, ref.scope, ref.name, request["Name"])
            tx.after_commit(self.registry.book.forget, ref.qualified(request["Name"]).arn)
            self._changed(tx, ref, request["Name"])
        return {}

    def _put(self, tx: Tx, ref: FunctionRef, document: Mapping[str, Any]) -> None:
        ALIASES.put(tx, ref.scope, ref.name, document["Name"], document)
        self._changed(tx, ref, document["Name"])

    def _changed(self, tx: Tx, ref: FunctionRef, name: str) -> None:
        key = (ref.scope.account_id, ref.scope.region, ref.name)
        tx.after_commit(self.registry.forget_qualifiers, key)
        self.provisioned.alias_changed(tx, ref.qualified(name))


def refuse_aliased(tx: Tx, ref: FunctionRef) -> None:
    """Raises ResourceConflict while an alias leads to the version that `ref` names."""
    aliases = [
        row.id
        for row in ALIASES.of(tx, ref.scope, ref.name)
        if ref.qualifier in _versions_of(row.document)
    ]
    if aliases:
        raise ResourceConflict(
            f"Unable to delete version because the following aliases reference it: [{', '.join(aliases)}]"
        )


def _function(tx: Tx, name: str, context: RequestContext) -> FunctionRef:
    ref = parse_unqualified(name, context.scope)
    if repository.find(tx, ref.scope, ref.name) is None:
        raise not_found(ref)
    return ref


def _check_version(tx: Tx, ref: FunctionRef, version: str) -> None:
    """Raises ResourceNotFound; ResourceConflict for a version that has failed."""
    found = find_version(tx, ref.qualified(version), version)
    if found.state == "Failed":
        code = found.snapshot.reason_code if found.snapshot else ""
        raise ResourceConflict(
            "The operation cannot be performed at this time. The function is currently in the "
            f"following state: 'Failed', StateReasonCode: '{code}'"
        )


def _versions_of(alias: Mapping[str, Any]) -> set[str]:
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return {alias["FunctionVersion"], *weights}


def _routing(
    tx: Tx, ref: FunctionRef, version: str, given: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The member RoutingConfig; nothing where no weights are given. Raises InvalidParameterValue, ResourceNotFound."""
    weights = (given or {}).get("AdditionalVersionWeights") or {}
    if not weights:
        return {}
    if len(weights) > 1:
        raise InvalidParameterValue(
            "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
    (other,) = weights
    if other == version:
        raise InvalidParameterValue(
            f"Invalid function version {other}. Function version {other} is already included in "
            "routing configuration."
        )
    if version == LATEST:
        raise InvalidParameterValue(
            "$LATEST is not supported for an alias pointing to more than 1 version"
        )
    _check_version(tx, ref, other)
    return {"RoutingConfig": {"AdditionalVersionWeights": dict(weights)}}

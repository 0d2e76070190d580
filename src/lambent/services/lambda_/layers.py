"""Layers: publish, show, list and delete their versions, and who may use them.

A layer is the number of its last version; a version holds its own code. Functions copy what they need of a version
(`model.LayerUse`), so a deleted version keeps working where it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from lambent.core.errors import AccessDenied
from lambent.services.lambda_.errors import ResourceNotFound
from lambent.services.lambda_.layer_arns import LayerRef, parse_layer, parse_layer_version
from lambent.services.lambda_.layer_policies import is_shared
from lambent.services.lambda_.paging import page
from lambent.services.lambda_.resources import LAYER_POLICIES, LAYER_VERSIONS, LAYERS
from lambent.services.lambda_.timestamps import calendar_ms, last_modified
from lambent.services.lambda_.unserved import refuse_unserved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_lambda.type_defs import (
        DeleteLayerVersionRequestTypeDef,
        GetLayerVersionByArnRequestTypeDef,
        GetLayerVersionRequestTypeDef,
        ListLayersRequestTypeDef,
        ListLayerVersionsRequestTypeDef,
        PublishLayerVersionRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.changes import Changes
    from lambent.services.lambda_.cleaning import Cleaning
    from lambent.services.lambda_.code_links import CodeLinks
    from lambent.services.lambda_.code_sources import CodeSources
    from lambent.services.lambda_.model import Code
    from lambent.services.lambda_.resource_book import ResourceBook
    from lambent.services.lambda_.runtime_policy import RuntimePolicy

MISSING = "The resource you requested does not exist."
_OPTIONAL = ("CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo")


@dataclass(frozen=True, slots=True)
class Layers:
    """The operations on layers, with what they need."""

    database: Database
    changes: Changes
    cleaning: Cleaning
    sources: CodeSources
    links: CodeLinks
    policy: RuntimePolicy
    book: ResourceBook

    async def publish_layer_version(
        self, context: RequestContext, request: PublishLayerVersionRequestTypeDef
    ) -> Document:
        refuse_unserved("PublishLayerVersion", request)
        ref = parse_layer(request["LayerName"], context.scope)
        content = cast("Mapping[str, Any]", request["Content"])
        self.sources.check(content)
        runtime = _compiled_for(request.get("CompatibleRuntimes", ()), self.policy)
        archive = await self.sources.fetch(content)
        async with self.changes.package(archive, self.policy.interpreter(runtime)) as code:
            row = await self.database.write(
                partial(_add, ref=ref, request=request, context=context, code=code, runtime=runtime)
            )
        return self._shown(row, context)

    def get_layer_version(
        self, tx: Tx, context: RequestContext, request: GetLayerVersionRequestTypeDef
    ) -> Document:
        ref = parse_layer(request["LayerName"], context.scope, request["VersionNumber"])
        return self._shown(find_readable(tx, ref, context), context)

    def get_layer_version_by_arn(
        self, tx: Tx, context: RequestContext, request: GetLayerVersionByArnRequestTypeDef
    ) -> Document:
        ref = parse_layer_version(request["Arn"])
        return self._shown(find_readable(tx, ref, context), context)

    def list_layer_versions(
        self, tx: Tx, context: RequestContext, request: ListLayerVersionsRequestTypeDef
    ) -> Document:
        ref = parse_layer(request["LayerName"], context.scope)
        if ref.scope.account_id != context.scope.account_id:  # nothing can grant this
            raise _forbidden("ListLayerVersions", ref.arn, context)
        rows = [each.document for each in LAYER_VERSIONS.of(tx, ref.scope, ref.name)]
        found = [row for row in reversed(rows) if _is_wanted(row, request)]
        shown, document = page(found, request, lambda row: str(row["Version"]), "LayerVersions")
        document["LayerVersions"] = [_listed(row) for row in shown]
        return document

    def list_layers(
        self, tx: Tx, context: RequestContext, request: ListLayersRequestTypeDef
    ) -> Document:
        newest: dict[str, dict[str, Any]] = {}
        for each in LAYER_VERSIONS.all(tx, context.scope):  # by name, then by number
            if _is_wanted(each.document, request):
                newest[each.owner] = each.document
        shown, document = page(list(newest.items()), request, lambda item: item[0], "Layers")
        document["Layers"] = [
            {"LayerName": name, "LayerArn": row["LayerArn"], "LatestMatchingVersion": _listed(row)}
            for name, row in shown
        ]
        return document

    def delete_layer_version(
        self, tx: Tx, context: RequestContext, request: DeleteLayerVersionRequestTypeDef
    ) -> Document:
        """Deleting what is not there succeeds. Functions that use it keep it."""
        ref = parse_layer(request["LayerName"], context.scope, request["VersionNumber"])
        row = LAYER_VERSIONS.find(tx, ref.scope, ref.name, ref.id)
        if row is not None and ref.scope == context.scope:
            LAYER_VERSIONS.remove(tx, ref.scope, ref.name, ref.id)
            LAYER_POLICIES.remove(tx, ref.scope, ref.name, ref.id)
            tx.after_commit(self.cleaning.offer, [row["archive"]], [row["tree"]])
            tx.after_commit(self.book.forget, ref.version_arn)
        return {}

    def _shown(self, row: Mapping[str, Any], context: RequestContext) -> Document:
        location = self.links.make(context.endpoint, row["archive"])
        content = {"Location": location, "CodeSha256": row["sha256"], "CodeSize": row["size"]}
        return {"Content": content, "LayerArn": row["LayerArn"], **_listed(row)}


def find_version(tx: Tx, ref: LayerRef) -> dict[str, Any]:
    """The row of a layer version. Raises ResourceNotFound."""
    row = LAYER_VERSIONS.find(tx, ref.scope, ref.name, ref.id)
    if row is None:
        raise ResourceNotFound(MISSING)
    return row


def find_readable(tx: Tx, ref: LayerRef, context: RequestContext) -> dict[str, Any]:
    """As `find_version`, of another account only with its permission. Raises AccessDenied."""
    if ref.scope.account_id != context.scope.account_id and not is_shared(
        tx, ref, context.scope.account_id
    ):
        raise _forbidden("GetLayerVersion", ref.version_arn, context)
    return find_version(tx, ref)


def _forbidden(action: str, arn: str, context: RequestContext) -> AccessDenied:
    return AccessDenied(
        f"User: {context.principal.arn} is not authorized to perform: lambda:{action} on resource: "
        f"{arn} because no resource-based policy allows the lambda:{action} action"
    )


def _add(
    tx: Tx,
    ref: LayerRef,
    request: Mapping[str, Any],
    context: RequestContext,
    code: Code,
    runtime: str,
) -> dict[str, Any]:
    if ref.scope != context.scope:
        raise AccessDenied(None)
    last = (LAYERS.find(tx, ref.scope, "", ref.name) or {"last": 0})["last"]
    number = last + 1
    LAYERS.put(tx, ref.scope, "", ref.name, {"last": number})
    version = ref.at(number)
    row: dict[str, Any] = {
        "LayerArn": ref.arn,
        "LayerVersionArn": version.version_arn,
        "Description": request.get("Description", ""),
        "CreatedDate": last_modified(calendar_ms(context.now)),
        "Version": number,
        **{name: request[name] for name in _OPTIONAL if request.get(name)},
        "archive": code.archive,
        "sha256": code.sha256,
        "size": code.size,
        "tree": code.tree,
        "unpacked": code.unpacked,
        "runtime": runtime,
    }
    LAYER_VERSIONS.put(tx, ref.scope, ref.name, version.id, row)
    return row


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("LayerVersionArn", "Version", "Description", "CreatedDate", *_OPTIONAL)
    return {name: row[name] for name in names if name in row}


def _is_wanted(row: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """A version that names no runtimes (or architectures) is compatible with none that is asked for."""
    runtime = request.get("CompatibleRuntime")
    architecture = request.get("CompatibleArchitecture")
    return (runtime is None or runtime in row.get("CompatibleRuntimes", ())) and (
        architecture is None or architecture in row.get("CompatibleArchitectures", ())
    )


def _compiled_for(runtimes: Any, policy: RuntimePolicy) -> str:
    """The first of the runtimes that wants its code compiled; "" for none."""
    return next((name for name in runtimes if policy.interpreter(name)), "")

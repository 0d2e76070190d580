"""Code signing configurations, and which function has which.

Lambent cannot verify signatures, and packages come unsigned: a configuration that warns changes nothing, one that
enforces refuses every deployment, as it does on AWS for unsigned code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.core.arn import Arn
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import (
    CodeSigningConfigNotFound,
    CodeVerificationFailed,
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
)
from lambent.services.lambda_.names import function_arn, not_found, parse_unqualified
from lambent.services.lambda_.paging import page
from lambent.services.lambda_.resources import SIGNING, SIGNING_CONFIGS
from lambent.services.lambda_.tags import check_tags
from lambent.services.lambda_.timestamps import calendar_ms, last_modified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_lambda.type_defs import (
        CreateCodeSigningConfigRequestTypeDef,
        DeleteCodeSigningConfigRequestTypeDef,
        DeleteFunctionCodeSigningConfigRequestTypeDef,
        GetCodeSigningConfigRequestTypeDef,
        GetFunctionCodeSigningConfigRequestTypeDef,
        ListCodeSigningConfigsRequestTypeDef,
        ListFunctionsByCodeSigningConfigRequestTypeDef,
        PutFunctionCodeSigningConfigRequestTypeDef,
        UpdateCodeSigningConfigRequestTypeDef,
    )

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.resource_book import ResourceBook


class CodeSigning:
    """The operations on code signing. `book` is told which tags configurations have."""

    def __init__(self, book: ResourceBook) -> None:
        self._book = book

    def create(
        self, tx: Tx, context: RequestContext, request: CreateCodeSigningConfigRequestTypeDef
    ) -> Document:
        check_tags(request.get("Tags", {}))
        id_ = f"csc-{ids.hex_id(17)}"
        scope = context.scope
        config: dict[str, Any] = {
            "CodeSigningConfigId": id_,
            "CodeSigningConfigArn": str(
                Arn("lambda", scope.region, scope.account_id, f"code-signing-config:{id_}")
            ),
            "AllowedPublishers": request["AllowedPublishers"],
            "CodeSigningPolicies": {
                "UntrustedArtifactOnDeployment": "Warn",
                **request.get("CodeSigningPolicies", {}),
            },
            "LastModified": last_modified(calendar_ms(context.now)),
        }
        if "Description" in request:
            config["Description"] = request["Description"]
        row = {"config": config, "tags": request.get("Tags", {})}
        SIGNING_CONFIGS.put(tx, scope, "", id_, row)
        tx.after_commit(self._book.put_tags, config["CodeSigningConfigArn"], row["tags"])
        return {"CodeSigningConfig": config}

    def update(
        self, tx: Tx, context: RequestContext, request: UpdateCodeSigningConfigRequestTypeDef
    ) -> Document:
        row = _find(tx, context.scope, request["CodeSigningConfigArn"])
        config = row["config"]
        for member in ("Description", "AllowedPublishers"):
            if member in request:
                config[member] = request[member]
        config["CodeSigningPolicies"] |= request.get("CodeSigningPolicies", {})
        config["LastModified"] = last_modified(calendar_ms(context.now))
        SIGNING_CONFIGS.put(tx, context.scope, "", config["CodeSigningConfigId"], row)
        return {"CodeSigningConfig": config}

    def get(
        self, tx: Tx, context: RequestContext, request: GetCodeSigningConfigRequestTypeDef
    ) -> Document:
        row = _find(tx, context.scope, request["CodeSigningConfigArn"])
        return {"CodeSigningConfig": row["config"]}

    def list(
        self, tx: Tx, context: RequestContext, request: ListCodeSigningConfigsRequestTypeDef
    ) -> Document:
        rows = [row.document["config"] for row in SIGNING_CONFIGS.all(tx, context.scope)]
        shown, document = page(
            rows, request, lambda row: str(row["CodeSigningConfigId"]), "CodeSigningConfigs"
        )
        document["CodeSigningConfigs"] = shown
        return document

    def delete(
        self, tx: Tx, context: RequestContext, request: DeleteCodeSigningConfigRequestTypeDef
    ) -> Document:
        arn = request["CodeSigningConfigArn"]
        row = _find(tx, context.scope, arn)
        if _users(tx, context.scope, arn):
            raise ResourceConflict(
                f"The code signing configuration is in use by one or more functions: {arn}"
            )
        SIGNING_CONFIGS.remove(tx, context.scope, "", row["config"]["CodeSigningConfigId"])
        tx.after_commit(self._book.put_tags, row["config"]["CodeSigningConfigArn"], {})
        return {}

    def list_functions(
        self,
        tx: Tx,
        context: RequestContext,
        request: ListFunctionsByCodeSigningConfigRequestTypeDef,
    ) -> Document:
        arn = request["CodeSigningConfigArn"]
        _find(tx, context.scope, arn)
        shown, document = page(_users(tx, context.scope, arn), request, str, "FunctionArns")
        document["FunctionArns"] = shown
        return document

    def put_of_function(
        self, tx: Tx, context: RequestContext, request: PutFunctionCodeSigningConfigRequestTypeDef
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        arn = request["CodeSigningConfigArn"]
        attach(tx, ref, arn)
        return {"CodeSigningConfigArn": arn, "FunctionName": ref.name}

    def get_of_function(
        self, tx: Tx, context: RequestContext, request: GetFunctionCodeSigningConfigRequestTypeDef
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        return {**(SIGNING.find(tx, ref.scope, ref.name, "") or {}), "FunctionName": ref.name}

    def delete_of_function(
        self,
        tx: Tx,
        context: RequestContext,
        request: DeleteFunctionCodeSigningConfigRequestTypeDef,
    ) -> Document:
        ref = _function(tx, context, request["FunctionName"])
        SIGNING.remove(tx, ref.scope, ref.name, "")
        return {}


def attach(tx: Tx, ref: FunctionRef, arn: str) -> None:
    """Give a function this configuration. Raises CodeSigningConfigNotFound, InvalidParameterValue for one of another
    account."""
    _of_deployment(tx, ref.scope, arn)
    SIGNING.put(tx, ref.scope, ref.name, "", {"CodeSigningConfigArn": arn})


def refuse_unsigned(tx: Tx, ref: FunctionRef, arn: str = "") -> None:
    """Raises CodeVerificationFailed where unsigned code must not be deployed, CodeSigningConfigNotFound.

    Args:
        arn: the configuration; "": the one that the function has, if any.
    """
    if not arn:
        row = SIGNING.find(tx, ref.scope, ref.name, "")
        if row is None:
            return
        arn = row["CodeSigningConfigArn"]
    config = _of_deployment(tx, ref.scope, arn)
    if config["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"] == "Enforce":
        raise CodeVerificationFailed(
            "Lambda cannot deploy the function. The function or layer might be signed using a "
            "signature that the client is not configured to accept. "
            f"Check the provided signature for {ref.name}."
        )


def _find(tx: Tx, scope: Scope, arn: str) -> dict[str, Any]:
    row = SIGNING_CONFIGS.find(tx, scope, "", arn.rpartition(":")[2])
    if row is None or row["config"]["CodeSigningConfigArn"] != arn:
        raise ResourceNotFound(f"The Lambda code signing configuration {arn} can not be found.")
    return row


def _of_deployment(tx: Tx, scope: Scope, arn: str) -> Mapping[str, Any]:
    if Arn.parse(arn).account_id != scope.account_id:
        raise InvalidParameterValue(
            "The code signing configuration must be in the same account as the Lambda function. "
            f"Check the provided ARN: {arn}."
        )
    try:
        config: Mapping[str, Any] = _find(tx, scope, arn)["config"]
    except ResourceNotFound:
        raise CodeSigningConfigNotFound(
            "The code signing configuration cannot be found. "
            f"Check that the provided configuration is not deleted: {arn}."
        ) from None
    return config


def _users(tx: Tx, scope: Scope, arn: str) -> list[str]:
    return [
        function_arn(scope, row.owner)
        for row in SIGNING.all(tx, scope)
        if row.document["CodeSigningConfigArn"] == arn
    ]


def _function(tx: Tx, context: RequestContext, name: str) -> FunctionRef:
    ref = parse_unqualified(name, context.scope)
    if repository.find(tx, ref.scope, ref.name) is None:
        raise not_found(ref)
    return ref

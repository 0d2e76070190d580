"""API keys: 40 characters that name a caller. With usage plans they open stages; with `stageKeys` without a plan."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import STAGES
from lambent.apis.errors import BadRequest, Conflict, LimitExceeded, NotFound
from lambent.apis.tag_rules import check_tags
from lambent.core import ids
from lambent.services.apigateway.documents import (
    API_KEY_VALUES,
    API_KEYS,
    USAGE_PLAN_KEYS,
    USAGE_PLANS,
)
from lambent.services.apigateway.paging import page, shown
from lambent.services.apigateway.patches import PatchTable, boolean, custom, member

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "API keys per account per Region: 10,000" (API Gateway quotas).
MAX_KEYS = 10_000
# "The value must be between 20 and 128 characters" (CreateApiKey).
MIN_VALUE, MAX_VALUE = 20, 128


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The operations on API keys."""

    publisher: Publisher

    def create_api_key(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        key = _new_key(tx, context, request)
        _add(tx, context.scope, key)
        self.publisher.keys_changed(tx, context.scope, key["id"])
        return shown(key)

    def get_api_key(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        hidden = () if request.get("includeValue") else ("value",)
        return shown(find_key(tx, context.scope, request["apiKey"]), *hidden)

    def get_api_keys(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        name, customer = request.get("nameQuery") or "", request.get("customerId")
        keys = [
            key
            for key in API_KEYS.of(tx, context.scope)
            if key.get("name", "").startswith(name)
            and customer in (None, "", key.get("customerId"))
        ]
        hidden = () if request.get("includeValues") else ("value",)
        return page(keys, request, lambda key: str(key["id"]), *hidden)

    def update_api_key(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        key = _PATCHES.apply(find_key(tx, context.scope, request["apiKey"]), request)
        _check_stage_keys(tx, context.scope, key["stageKeys"])
        key["lastUpdatedDate"] = int(context.now.timestamp())
        API_KEYS.put(tx, context.scope, "", key["id"], key)
        self.publisher.keys_changed(tx, context.scope, key["id"])
        return shown(key, "value")

    def delete_api_key(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, key_id = context.scope, request["apiKey"]
        key = find_key(tx, scope, key_id)
        for plan in USAGE_PLANS.of(tx, scope):
            USAGE_PLAN_KEYS.remove(tx, scope, plan["id"], key_id)
        API_KEY_VALUES.remove(tx, scope, "", key["value"])
        API_KEYS.remove(tx, scope, "", key_id)
        self.publisher.key_deleted(tx, scope, key_id)
        return {}

    def import_api_keys(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        made: list[str] = []
        warnings: list[str] = []
        for number, row in enumerate(_rows(request["body"]), 2):
            try:
                made.append(self._import(tx, context, row))
            except (BadRequest, Conflict, NotFound) as problem:
                warnings.append(f"Line {number}: {problem.message}")
        if warnings and request.get("failOnWarnings"):
            raise BadRequest("; ".join(warnings))
        self.publisher.keys_changed(tx, context.scope, *made)
        return {"ids": made, "warnings": warnings}

    def _import(self, tx: Tx, context: RequestContext, row: Mapping[str, str]) -> str:
        plans = [each for each in row.get("usageplanids", "").split(",") if each]
        for plan_id in plans:
            if USAGE_PLANS.find(tx, context.scope, "", plan_id) is None:
                raise NotFound("Invalid Usage Plan ID specified")
        members = {
            "name": row["name"],
            "value": row["key"],
            "description": row.get("description", ""),
            "enabled": row.get("enabled", "").lower() == "true",
        }
        key = _new_key(tx, context, members)
        _add(tx, context.scope, key)
        for plan_id in plans:
            USAGE_PLAN_KEYS.put(tx, context.scope, plan_id, key["id"], {"type": "API_KEY"})
        return str(key["id"])


def find_key(tx: Tx, scope: Scope, key_id: str) -> Document:
    """Raises NotFound."""
    key = API_KEYS.find(tx, scope, "", key_id)
    if key is None:
        raise NotFound("Invalid API Key identifier specified")
    return key


def _new_key(tx: Tx, context: RequestContext, request: Request) -> Document:
    value = request.get("value") or ids.alphanumeric(40)
    if len(value) < MIN_VALUE:
        raise BadRequest("API Key value should be at least 20 characters")
    if len(value) > MAX_VALUE:
        raise BadRequest("API Key value exceeds maximum size of 128 characters")
    check_tags(request.get("tags") or {})
    now = int(context.now.timestamp())
    key: Document = {"id": ids.lower_alphanumeric(10), "value": value}
    for name in ("name", "customerId", "description"):
        if request.get(name):
            key[name] = request[name]
    key |= {
        "enabled": bool(request.get("enabled")),
        "createdDate": now,
        "lastUpdatedDate": now,
        "stageKeys": [
            f"{each.get('restApiId', '')}/{each.get('stageName', '')}"
            for each in request.get("stageKeys") or ()
        ],
    }
    if request.get("tags"):
        key["tags"] = dict(request["tags"])
    _check_stage_keys(tx, context.scope, key["stageKeys"])
    return key


def _add(tx: Tx, scope: Scope, key: Document) -> None:
    if API_KEY_VALUES.find(tx, scope, "", key["value"]) is not None:
        raise Conflict("API Key already exists")
    if API_KEYS.count(tx, scope) >= MAX_KEYS:
        raise LimitExceeded("Maximum number of API Keys has been reached")
    API_KEYS.put(tx, scope, "", key["id"], key)
    API_KEY_VALUES.put(tx, scope, "", key["value"], {"id": key["id"]})


def _check_stage_keys(tx: Tx, scope: Scope, stage_keys: Iterable[str]) -> None:
    for each in stage_keys:
        api_id, _, stage = each.partition("/")
        if STAGES.find(tx, scope, api_id, stage) is None:
            raise BadRequest(f"Invalid stage identifier specified: {each}")


def _rows(body: bytes) -> list[dict[str, str]]:
    """The lines of a CSV file with a header, column names in small letters ("API Gateway API key file format")."""
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"Unable to parse API Key file: {error}") from None
    header = [name.strip().lower() for name in lines[0]] if lines else []
    if "name" not in header or "key" not in header:
        raise BadRequest("API Key file must have the columns: name, key")
    return [
        dict(zip(header, (cell.strip() for cell in line), strict=False)) | {}
        for line in lines[1:]
        if len(line) >= len(header)
    ]


def _change_stage(document: Document, op: str, value: str, names: Sequence[str]) -> None:
    kept = [each for each in document["stageKeys"] if each != value]
    document["stageKeys"] = kept if op == "remove" else [*kept, value]


_PATCHES = PatchTable(
    (
        member("/name"),
        member("/description"),
        member("/enabled", convert=boolean, required=True),
        member("/customerId"),
        custom("/stages", _change_stage, "add", "remove"),
    )
)

"""Resource policies of APIs: how they are kept and shown, which is AWS's own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.errors import BadRequest
from lambent.apis.json_text import parse_json
from lambent.policy.documents import POLICY_ELEMENTS, STATEMENT_ELEMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambent.core.context import Scope

    Document = dict[str, Any]

# "execute-api:/stage/METHOD/path": of the API that has the policy, whose id nobody knows before it is made.
_OWN = "execute-api:/"


def policy_text(policy: str) -> str:
    """A resource policy as it is kept and shown: JSON text as it stands inside a JSON string, as AWS answers it.

    Raises BadRequest where it is no JSON object.
    """
    try:
        document = parse_json(policy)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise BadRequest(
            "Invalid policy document. Please check the policy syntax and ensure that "
            "Principals are valid."
        )
    return _kept(document)


def plain_policy(kept: str) -> str:
    """The JSON text again."""
    return str(orjson.loads(f'"{kept}"'))


def name_own_resources(scope: Scope, api: Document) -> None:
    """Write out the resources of an API's policy that say which API only by having the policy."""
    if "policy" not in api:
        return
    document = orjson.loads(plain_policy(api["policy"]))
    statements = document.get("Statement")
    arn = f"arn:aws:execute-api:{scope.region}:{scope.account_id}:{api['id']}/"
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict):
            for member in ("Resource", "NotResource"):
                if member in statement:
                    statement[member] = _written_out(statement[member], arn)
    api["policy"] = _kept(document)


def _written_out(resource: object, arn: str) -> object:
    if isinstance(resource, list):
        return [_written_out(each, arn) for each in resource]
    if isinstance(resource, str) and resource.startswith(_OWN):
        return arn + resource.removeprefix(_OWN)
    return resource


def _kept(document: Document) -> str:
    """In the grammar's order, with slashes escaped, too."""
    document = _ordered(document, POLICY_ELEMENTS)
    statements = document.get("Statement")
    if isinstance(statements, list):
        document["Statement"] = [
            _ordered(each, STATEMENT_ELEMENTS) if isinstance(each, dict) else each
            for each in statements
        ]
    elif isinstance(statements, dict):
        document["Statement"] = _ordered(statements, STATEMENT_ELEMENTS)
    return orjson.dumps(orjson.dumps(document).decode()).decode()[1:-1].replace("/", "\\/")


def _ordered(members: Document, names: Sequence[str]) -> Document:
    """What has no place in the order stands last."""
    known = {name: members[name] for name in names if name in members}
    return known | members

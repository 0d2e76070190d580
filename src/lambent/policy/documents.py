"""Policy documents as they are written: read, checked, and still with their positions.

`parse` takes the text apart by the grammar ("Grammar of the IAM JSON policy language", IAM user guide); what a kind of
policy may say besides is in `rules`. What comes out holds no surprises: every element has its type, is there once, and
an element that a statement may not have is refused, so nothing is ever overlooked that would have limited it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lambent.policy import rules
from lambent.policy.faults import SYNTAX, MalformedPolicy, malformed
from lambent.policy.json_text import Array, BadJson, Object, Position, Scalar, position, read
from lambent.policy.operator_names import operator_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.policy.json_text import Node
    from lambent.policy.operator_names import OperatorName
    from lambent.policy.rules import Kind

__all__ = ["Condition", "MalformedPolicy", "PolicyDocument", "Principals", "Statement", "parse"]

Effect = Literal["Allow", "Deny"]
# "2008-10-17" is what a document without Version has ("Version", IAM JSON policy elements reference).
OLD_VERSION, VERSION = "2008-10-17", "2012-10-17"
# The largest policy that any service takes is a trust or managed policy of a few KB; this is far above, and bounds
# what evaluating one can cost.
MAX_LENGTH = 262_144

# What policies and their statements may say, in the order of "Grammar of the IAM JSON policy language".
POLICY_ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_DOCUMENT = frozenset(POLICY_ELEMENTS)
_STATEMENT = frozenset(STATEMENT_ELEMENTS)
_PRINCIPAL_TYPES = frozenset({"AWS", "Federated", "Service", "CanonicalUser"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator, with the values that it is held against."""

    operator: OperatorName
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principals:
    """Who a statement is about: names by their type (`AWS`, `Service`, `Federated`, `CanonicalUser`).

    The principal `"*"` is the name `*` under `AWS`.
    """

    names: Mapping[str, tuple[str, ...]]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. The flags tell Action from NotAction and Resource from NotResource; a statement of a trust
    policy has no resources.
    """

    number: int  # from 0
    sid: str
    effect: Effect
    actions: tuple[str, ...]
    is_not_action: bool
    resources: tuple[str, ...]
    is_not_resource: bool
    principals: Principals | None
    conditions: tuple[Condition, ...]
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    version: str
    id: str
    statements: tuple[Statement, ...]

    @property
    def has_variables(self) -> bool:
        """`${...}` is a variable; in documents of the older version it is plain text."""
        return self.version == VERSION


def parse(text: str, kind: Kind) -> PolicyDocument:
    """The document that `text` is.

    Args:
        kind: where the policy is to stand, which decides what it may say: "identity" (inline, of a user, group or
            role), "managed", "boundary", "session", "trust" (of a role), "resource".

    Raises:
        MalformedPolicy: with the message that IAM answers, and where the fault is.
    """
    try:
        return _document(text, kind)
    except MalformedPolicy as fault:
        raise fault.placed(position(text, fault.offset)) from None


def _document(text: str, kind: Kind) -> PolicyDocument:
    if len(text) > MAX_LENGTH:
        raise malformed(SYNTAX, "the document is too long", MAX_LENGTH)
    if text[:1].isspace() and kind != "resource":
        raise malformed("JSON strings must not have leading spaces", "", 0)
    try:
        root = read(text)
    except BadJson as bad:
        message = rules.NO_JSON.get(kind, SYNTAX)
        raise malformed(message, bad.reason, bad.offset) from None
    if not isinstance(root, Object):
        raise malformed(SYNTAX, "a policy is an object", root.start)
    _check_members(root, _DOCUMENT, kind)
    version = _version(root, kind)
    if "Statement" not in root.members:
        raise malformed(SYNTAX, "Statement is missing", root.start)
    nodes = _objects(root.members["Statement"])
    statements = tuple(_statement(text, node, number, kind) for number, node in enumerate(nodes))
    rules.check_sids(statements, nodes, kind)
    return PolicyDocument(version, _optional_text(root, "Id"), statements)


def _version(root: Object, kind: Kind) -> str:
    node = root.members.get("Version")
    version = OLD_VERSION if node is None else _text(node)
    rules.check_version(version, kind, root.start if node is None else node.start)
    return version


def _objects(node: Node) -> list[Object]:
    items = node.items if isinstance(node, Array) else (node,)
    if not items:
        raise malformed(SYNTAX, "there is no statement", node.start)
    found = []
    for item in items:
        if not isinstance(item, Object):
            raise malformed(SYNTAX, "a statement is an object", item.start)
        found.append(item)
    return found


def _statement(text: str, node: Object, number: int, kind: Kind) -> Statement:
    _check_members(node, _STATEMENT, kind)
    rules.check_elements(node, kind)
    for name in ("Action", "Resource", "Principal"):
        if name in node.members and f"Not{name}" in node.members:
            where = node.names[f"Not{name}"]
            raise malformed(SYNTAX, f"{name} and Not{name} exclude each other", where)
    actions, is_not_action = _either(node, "Action")
    resources, is_not_resource = _either(node, "Resource")
    statement = Statement(
        number=number,
        sid=_optional_text(node, "Sid"),
        effect=_effect(node),
        actions=tuple(each for each, _ in actions),
        is_not_action=is_not_action,
        resources=tuple(each for each, _ in resources),
        is_not_resource=is_not_resource,
        principals=_principals(node, kind),
        conditions=_conditions(node, kind),
        start=position(text, node.start),
        end=position(text, node.end),
    )
    rules.check_values(actions, resources, kind)
    rules.check_statement(statement, node, kind)
    return statement


def _effect(node: Object) -> Effect:
    if "Effect" not in node.members:
        raise malformed(SYNTAX, "Effect is missing", node.start)
    found = node.members["Effect"]
    text = _text(found)
    if text == "Allow":
        return "Allow"
    if text == "Deny":
        return "Deny"
    raise malformed(rules.LEGACY, "Effect is Allow or Deny", found.start)


def _either(node: Object, name: str) -> tuple[list[tuple[str, int]], bool]:
    """The values of an element or of its negation, with their offsets; none when it has neither."""
    negated = f"Not{name}"
    if negated in node.members:
        return _texts(node.members[negated]), True
    if name in node.members:
        return _texts(node.members[name]), False
    return [], False


def _principals(node: Object, kind: Kind) -> Principals | None:
    is_negated = "NotPrincipal" in node.members
    found = node.members.get("NotPrincipal" if is_negated else "Principal")
    if found is None:
        return None
    if isinstance(found, Scalar):
        if found.text != "*" or not found.is_string:
            raise malformed(SYNTAX, "a principal is an object or *", found.start)
        rules.check_anybody(kind, found.start)
        return Principals({"AWS": ("*",)}, is_negated)
    if not isinstance(found, Object):
        raise malformed(SYNTAX, "a principal is an object or *", found.start)
    rules.check_somebody(found.members, kind, found.start)
    names = {}
    for type_, values in found.members.items():
        if type_ not in _PRINCIPAL_TYPES:
            raise malformed(SYNTAX, f"{type_} is no type of principals", found.names[type_])
        if isinstance(values, Array):
            rules.check_somebody(values.items, kind, values.start)
        names[type_] = rules.checked_principals(type_, _texts(values))
    return Principals(names, is_negated)


def _conditions(node: Object, kind: Kind) -> tuple[Condition, ...]:
    found = node.members.get("Condition")
    if found is None:
        return ()
    if not isinstance(found, Object):
        raise malformed(SYNTAX, "a condition is an object", found.start)
    conditions = []
    for written, keys in found.members.items():
        operator = operator_name(written)
        if operator is None:
            where = found.names[written]
            raise malformed(SYNTAX, f"{written} is no condition operator", where)
        if not isinstance(keys, Object):
            raise malformed(SYNTAX, "an operator holds an object of keys", keys.start)
        for key, values in keys.members.items():
            texts = _scalars(values)
            rules.check_condition(operator, key, texts, kind, keys.names[key])
            conditions.append(Condition(operator, key, tuple(each for each, _ in texts)))
    return tuple(conditions)


def _check_members(node: Object, known: frozenset[str], kind: Kind) -> None:
    for name, offset in node.names.items():
        if name not in known:
            raise malformed(rules.unknown_element(name, kind), f"{name} is no element", offset)


def _optional_text(node: Object, name: str) -> str:
    found = node.members.get(name)
    return "" if found is None else _text(found)


def _text(node: Node) -> str:
    if not isinstance(node, Scalar) or node.text is None or not node.is_string:
        raise malformed(SYNTAX, "a string was expected", node.start)
    return node.text


def _texts(node: Node) -> list[tuple[str, int]]:
    """A string or a list of them, with their offsets."""
    items = node.items if isinstance(node, Array) else (node,)
    if not items:
        raise malformed(SYNTAX, "there is no value", node.start)
    return [(_text(item), item.start) for item in items]


def _scalars(node: Node) -> list[tuple[str, int]]:
    """As `_texts`; numbers and booleans may stand without quotes. An empty list is none of the values."""
    items = node.items if isinstance(node, Array) else (node,)
    texts = []
    for item in items:
        if not isinstance(item, Scalar) or item.text is None:
            raise malformed(SYNTAX, "a value is a string, number or boolean", item.start)
        texts.append((item.text, item.start))
    return texts

"""How the tables of needs are written.

A row is what an operation needs, all of it: an action, the resource it is about, and the condition keys that the
request brings for it. Most operations need the action of their own name: `named` makes their rows from lists of names
by resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Document = Mapping[str, Any]


class Where(NamedTuple):
    """A request as the tables see it: its input, and where it was sent."""

    document: Document
    account_id: str
    region: str
    caller_arn: str = ""

    def text(self, path: str) -> str:
        """The member at a dotted path (`Code.S3Bucket`), "" where there is none."""
        found: Any = self.document
        for name in path.split("."):
            if not isinstance(found, Mapping):
                return ""
            found = found.get(name)
        return "" if found is None else str(found)


# The ARNs that a request is about: one, or a list of them (each must be allowed; an empty list needs nothing).
Resource = Callable[[Where], "str | list[str]"]
# The values of a condition key, none where the request brings no such key.
Values = Callable[[Where], tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """One permission.

    Attributes:
        keys: condition keys in lower case.
        is_closed: the resource's own policy must allow it, within its account too (roles).
        is_own_side: only the caller's side decides, whosever the resource is.
    """

    action: str
    resource: Resource
    keys: Mapping[str, Values] = field(default_factory=dict)
    has_tags: str = ""
    is_closed: bool = False
    is_own_side: bool = False


Needs = tuple[Need, ...]
NOTHING: Needs = ()


def named(service: str, names: Mapping[Resource, str]) -> dict[str, Needs]:
    """Rows of operations that need the action of their own name: resource -> names with spaces between."""
    return {
        name: (Need(f"{service}:{name}", resource),)
        for resource, listed in names.items()
        for name in listed.split()
    }


def any_resource(_where: Where) -> str:
    """For actions that are about no resource in particular."""
    return "*"


def canonical(arn: str) -> str:
    """The ARN as policies write it. Whoever names a resource in another way, which the operation would understand, must
    not get past a policy that names it in this one: there is one partition here, whatever the request says.
    """
    parts = arn.split(":", 2)
    return f"arn:aws:{parts[2]}" if len(parts) == 3 and parts[0] == "arn" else arn


def arn_in(path: str) -> Resource:
    """The ARN that stands in a member; nothing is needed where the member is not there."""

    def resource(where: Where) -> str | list[str]:
        return canonical(where.text(path)) or []

    return resource


def member(path: str) -> Values:
    """A condition key with the value of a member."""

    def values(where: Where) -> tuple[str, ...]:
        text = where.text(path)
        return (text,) if text else ()

    return values


def members(path: str) -> Values:
    """A condition key with the values of a list."""

    def values(where: Where) -> tuple[str, ...]:
        outer, _, inner = path.rpartition(".")
        found = where.document.get(outer) if outer else where.document
        listed = found.get(inner) if isinstance(found, Mapping) else None
        return tuple(map(str, listed or ()))

    return values


def always(value: str) -> Values:
    def values(_where: Where) -> tuple[str, ...]:
        return (value,)

    return values


def request_tags(document: Document, name: str) -> dict[str, tuple[str, ...]]:
    """`aws:RequestTag/...` and `aws:TagKeys` of what a request brings: a map, a list of pairs, or keys alone."""
    tags = document.get(name)
    if not tags:
        return {}
    if isinstance(tags, Mapping):
        pairs = {str(key): str(value) for key, value in tags.items()}
    else:
        pairs = {}
        for tag in tags:
            if isinstance(tag, Mapping):
                key = tag.get("Key", tag.get("key", ""))
                pairs[str(key)] = str(tag.get("Value", tag.get("value", "")))
            else:
                pairs[str(tag)] = ""
    keys = {"aws:tagkeys": tuple(pairs)}
    if isinstance(tags, Mapping) or any(isinstance(tag, Mapping) for tag in tags):
        keys.update({f"aws:requesttag/{key.lower()}": (value,) for key, value in pairs.items()})
    return keys

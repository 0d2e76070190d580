"""A service model with the names that its query protocol had, where the current model has only those of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def with_query_names(
    description: dict[str, Any], names: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, Any]:
    """A copy in which `names` (shape, member or `key` or `value`, traits) are laid over the shapes."""
    shapes = dict(description["shapes"])
    for shape, members in names.items():
        shapes[shape] = _renamed(shapes[shape], members)
    return {**description, "shapes": shapes}


def _renamed(shape: dict[str, Any], traits: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    if shape["type"] == "map":
        return {**shape, **{part: {**shape[part], **traits[part]} for part in traits}}
    members = {
        name: {**member, **traits.get(name, {})} for name, member in shape["members"].items()
    }
    return {**shape, "members": members}

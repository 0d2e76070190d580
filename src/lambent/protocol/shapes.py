"""The service models as objects: services, operations, shapes.

Ours, not botocore's, though they are much alike: importing `botocore.model` brings its HTTP client and signers along,
for 0.2 s and 20 MB of every start. Of botocore only the data is read (`models.py`).

A shape is seen through a reference (a member, a list's item); the reference's traits lie over the shape's own.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Shape:
    """A type of the model. `traits` are the entries of the model, such as `locationName`, `max` or `flattened`.

    `members` is for structures, `member` for lists, `key` and `value` for maps; they are made when first asked for,
    as shapes may hold themselves.
    """

    def __init__(self, name: str, traits: Mapping[str, Any], service: ServiceModel) -> None:
        self.name = name
        self.type_name: str = traits["type"]
        self.traits = traits
        self._service = service

    def wire_name(self, name: str) -> str:
        """What the member `name`, which is this shape, is called on the wire."""
        wire_name: str = self.traits.get("locationName", name)
        return wire_name

    @property
    def required(self) -> list[str]:
        """The names of the members that must be there."""
        return list(self.traits.get("required", ()))

    @cached_property
    def members(self) -> dict[str, Shape]:
        references = self.traits.get("members", {})
        return {name: self._service.shape(each) for name, each in references.items()}

    @cached_property
    def member(self) -> Shape:
        return self._service.shape(self.traits["member"])

    @cached_property
    def key(self) -> Shape:
        return self._service.shape(self.traits["key"])

    @cached_property
    def value(self) -> Shape:
        return self._service.shape(self.traits["value"])

    @cached_property
    def event_stream_name(self) -> str | None:
        """The name of the member that is an event stream, if there is one."""
        streams = (name for name, each in self.members.items() if each.traits.get("eventstream"))
        return next(streams, None)

    @property
    def error_code(self) -> str:
        """What an error is called in the query protocol: its own name unless the model says another."""
        code: str = self.traits.get("error", {}).get("code", self.name)
        return code


class OperationModel:
    """One operation. `http` holds `method`, `requestUri` and perhaps `responseCode`."""

    def __init__(self, name: str, facts: Mapping[str, Any], service: ServiceModel) -> None:
        self.name = name
        self.http: Mapping[str, Any] = facts.get("http", {})
        self.may_be_compressed = "requestcompression" in facts
        self.may_be_unsigned = facts.get("authtype") == "none"
        self.input_shape = service.shape(facts["input"]) if "input" in facts else None
        self.output_shape = service.shape(facts["output"]) if "output" in facts else None


class ServiceModel:
    """One service. `metadata` is the model's: protocols, names, versions."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self.metadata: Mapping[str, Any] = description["metadata"]
        self._operations = description["operations"]
        self._shapes = description["shapes"]
        self._made: dict[str, Shape] = {}

    @property
    def operation_names(self) -> list[str]:
        return list(self._operations)

    def operation(self, name: str) -> OperationModel:
        """Raises KeyError for an operation that the service does not have."""
        return OperationModel(name, self._operations[name], self)

    def error_shapes(self) -> list[Shape]:
        """Every shape that is an error."""
        return [
            self.shape({"shape": name})
            for name, shape in self._shapes.items()
            if shape.get("exception")
        ]

    def shape(self, reference: Mapping[str, Any]) -> Shape:
        """The shape that a reference names, with the reference's traits."""
        name = reference["shape"]
        if len(reference) > 1:
            return Shape(name, {**self._shapes[name], **reference}, self)
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Shape(name, self._shapes[name], self)
        return made

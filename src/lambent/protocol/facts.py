"""A service as its codecs see it: the model, what the model leaves out, and its errors by code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.protocol.quirks import Quirks
    from lambent.protocol.shapes import ServiceModel, Shape


class ServiceFacts:
    """Shared by all codecs of one service in one protocol."""

    def __init__(self, model: ServiceModel, quirks: Quirks) -> None:
        self.model = model
        self.quirks = quirks
        self.is_query_compatible = "awsQueryCompatible" in model.metadata
        shapes = model.error_shapes()
        self._errors = {shape.name: shape for shape in shapes}
        for shape in shapes:
            self._errors.setdefault(shape.error_code, shape)

    def error_shape(self, code: str) -> Shape | None:
        """The modelled shape of an error; the code may be the shape's name or what queries call it."""
        return self._errors.get(code)

    def query_code(self, code: str) -> str:
        """What the query protocol calls an error."""
        shape = self._errors.get(code)
        if shape is None:
            return code
        return self.quirks.error_codes.get(shape.name, shape.error_code)

    def shape_name(self, code: str) -> str:
        """What the JSON protocols call an error."""
        shape = self._errors.get(code)
        return code if shape is None else shape.name

"""Layers as callers name them: a name, the ARN of a layer, the ARN of a version."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lambent.core.arn import Arn
from lambent.core.context import Scope
from lambent.services.lambda_.errors import InvalidParameterValue, ResourceNotFound

# Ids sort as text, so they are padded; a longer number stands for no version.
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class LayerRef:
    """A layer, or (`version` from 1 on) one version of it."""

    scope: Scope
    name: str
    version: int = 0

    @property
    def arn(self) -> str:
        """Of the layer, without a version."""
        return str(Arn("lambda", self.scope.region, self.scope.account_id, f"layer:{self.name}"))

    @property
    def version_arn(self) -> str:
        return f"{self.arn}:{self.version}"

    @property
    def id(self) -> str:
        """Of the version's row."""
        return f"{self.version:0{_DIGITS}}"

    def at(self, version: int) -> LayerRef:
        return replace(self, version=version)


def parse_layer(text: str, scope: Scope, version: int | None = None) -> LayerRef:
    """A layer by name or ARN, or the version of it with that number. The model has checked the pattern.

    Raises:
        InvalidParameterValue: the number is below 1.
    """
    if version is not None and version < 1:
        raise InvalidParameterValue("Layer Version Cannot be less than 1")
    ref = LayerRef(scope, text)
    if ":" in text:
        arn = Arn.parse(text)
        ref = LayerRef(Scope(arn.account_id, arn.region), arn.resource.split(":")[1])
    return replace(ref, version=version or 0)


def parse_layer_version(text: str) -> LayerRef:
    """A version by its ARN. Raises ResourceNotFound for AWS's own layers, which are not here."""
    if not text.split(":")[3]:  # arn:aws:lambda:::awslayer:name
        raise ResourceNotFound("The resource you requested does not exist.")
    arn = Arn.parse(text)
    _, name, version = arn.resource.split(":")
    number = int(version) if len(version) <= _DIGITS else 0
    return LayerRef(Scope(arn.account_id, arn.region), name, number)

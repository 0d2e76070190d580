"""The layers of a function: from the ARNs in a request to what sandboxes are given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.errors import ServiceError
from lambent.services.lambda_.errors import InvalidParameterValue, ResourceNotFound
from lambent.services.lambda_.layer_arns import parse_layer_version
from lambent.services.lambda_.layers import find_readable
from lambent.services.lambda_.model import LayerUse
from lambent.storage.code_archive import MAX_UNZIPPED_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database, Tx
    from lambent.services.lambda_.layer_arns import LayerRef

# "Layers: five per function" (Lambda quotas).
MAX_LAYERS = 5


@dataclass(frozen=True, slots=True)
class LayerUses:
    """Looks layers up for functions."""

    database: Database

    async def resolve(
        self, context: RequestContext, arns: Sequence[str], used: Sequence[LayerUse] = ()
    ) -> tuple[LayerUse, ...]:
        """What these ARNs mean, in their order.

        Args:
            used: what the function uses already; a version that was deleted since stays usable for it.

        Raises:
            InvalidParameterValue: too many, twice the same layer, another region, or a version that is not there.
            AccessDenied: of another account that has not shared it.
        """
        if not arns:
            return ()
        _check(arns)
        known = {layer.arn: layer for layer in used}
        return await self.database.read(partial(_resolve, context=context, arns=arns, known=known))


def check_unpacked(code_bytes: int, layers: Sequence[LayerUse]) -> None:
    """Raises InvalidParameterValue where the layers, or code and layers together, are over 250 MB."""
    of_layers = sum(layer.unpacked for layer in layers)
    if of_layers > MAX_UNZIPPED_BYTES:
        raise InvalidParameterValue(
            f"Layers consume more than the available size of {MAX_UNZIPPED_BYTES} bytes"
        )
    total = code_bytes + of_layers
    if layers and total > MAX_UNZIPPED_BYTES:
        raise InvalidParameterValue(
            "Function code combined with layers exceeds the maximum allowed size of "
            f"{MAX_UNZIPPED_BYTES} bytes. The actual size is {total} bytes."
        )


def _check(arns: Sequence[str]) -> None:
    if len(arns) > MAX_LAYERS:
        raise InvalidParameterValue(f"Cannot reference more than {MAX_LAYERS} layers.")
    seen: dict[str, str] = {}
    for arn in arns:
        layer = arn.rpartition(":")[0]
        if layer in seen:
            raise InvalidParameterValue(
                "Two different versions of the same layer are not allowed to be referenced in the "
                f"same function. {seen[layer]} and {arn} versions are referenced."
            )
        seen[layer] = arn


def _resolve(
    tx: Tx, context: RequestContext, arns: Sequence[str], known: dict[str, LayerUse]
) -> tuple[LayerUse, ...]:
    uses = []
    for arn in arns:
        ref = parse_layer_version(arn)
        try:
            if ref.scope.account_id == context.scope.account_id:
                _refuse_elsewhere(ref, context)
            row = find_readable(tx, ref, context)
            _refuse_elsewhere(ref, context)
        except ServiceError as missing:
            if arn in known:
                uses.append(known[arn])
                continue
            if isinstance(missing, ResourceNotFound):
                raise InvalidParameterValue(f"Layer version {arn} does not exist.") from missing
            raise
        uses.append(
            LayerUse(arn, row["size"], row["archive"], row["tree"], row["runtime"], row["unpacked"])
        )
    return tuple(uses)


def _refuse_elsewhere(ref: LayerRef, context: RequestContext) -> None:
    """What another account has not shared is refused for that first, in whichever region it is."""
    if ref.scope.region != context.scope.region:
        raise InvalidParameterValue(
            "Layers are not in the same region as the function. "
            f"Layers are expected to be in region {context.scope.region}."
        )

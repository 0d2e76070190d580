"""How big functions and their layers may be together; the texts are AWS's."""

from __future__ import annotations

import pytest

from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.layer_uses import check_unpacked
from lambent.services.lambda_.model import LayerUse

MIB = 1024 * 1024


def _layer(unpacked: int) -> LayerUse:
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:l:1"
    return LayerUse(arn, 1, "archive", "tree", "", unpacked)


def test_code_and_layers_may_fill_the_size() -> None:
    check_unpacked(50 * MIB, [_layer(100 * MIB), _layer(100 * MIB)])


def test_code_with_layers_over_the_size() -> None:
    """github.com/lambci/git-lambda-layer/issues/27."""
    with pytest.raises(InvalidParameterValue) as raised:
        check_unpacked(200 * MIB, [_layer(263669938 - 200 * MIB)])
    assert raised.value.message == (
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
        "The actual size is 263669938 bytes."
    )


def test_layers_alone_over_the_size() -> None:
    """github.com/bento-video/bento/issues/1."""
    with pytest.raises(InvalidParameterValue) as raised:
        check_unpacked(1, [_layer(200 * MIB), _layer(50 * MIB + 1)])
    assert raised.value.message == "Layers consume more than the available size of 262144000 bytes"

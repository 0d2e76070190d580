"""The guide to an endpoint with an access key is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.guides import Guide, Shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(120)]


def test_the_guide_to_an_endpoint_with_a_key(aws: Callable[[str], Any], tmp_path: Path) -> None:
    guide = Guide("an-endpoint-with-a-key.md")

    *_, url = Shell(tmp_path, aws("lambda")).follow(guide, *guide.titles)

    assert url.endswith("/prod/Concatenate")

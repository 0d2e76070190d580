"""`lambent up`, as far as it comes without starting anything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from click.testing import Result


def _not_reached(*_: object) -> None:
    raise AssertionError("it would have been started in the place of the tests")


def test_a_collector_needs_the_extra(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it were not installed.
    for name in [each for each in sys.modules if each.startswith("opentelemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setattr("os.execv", _not_reached)
    monkeypatch.setenv("LAMBENT_OTEL_ENDPOINT", "http://127.0.0.1:4318")
    result = run("up", "--data-dir", str(tmp_path / "data"))
    assert (result.exit_code, result.output) == (
        1,
        "Error: otel_endpoint needs an extra: pip install 'lambent[otel]'\n",
    )
    assert not (tmp_path / "data").exists()

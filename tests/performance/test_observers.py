"""What the row about observers compares: both platforms answer, and only one of them counts."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from benchmarks.caller import Caller
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.unobserved import Unobserved

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.performance, pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.mark.parametrize(("made", "counted"), [(Lambent, True), (Unobserved, False)])
def test_only_the_platform_as_it_is_meters(
    made: type[Lambent], counted: bool, tmp_path: Path
) -> None:
    platform = made(tmp_path)
    platform.install()
    platform.start()
    try:
        with Caller(platform.target("python")) as caller:
            caller.invoke()
        command = platform._command("bill", "--json")
        bill = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    finally:
        platform.stop()
    assert bool(json.loads(bill.stdout)["lines"]) is counted, bill.stdout

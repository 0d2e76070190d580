"""The benchmark's tools are compiled: without a compiler their tests are skipped, and fail in CI."""

from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def _needs_gcc() -> None:
    if shutil.which("gcc"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("gcc is not installed")
    pytest.skip("gcc is not installed")

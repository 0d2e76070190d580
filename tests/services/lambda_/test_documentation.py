"""What the documentation says of Lambda is so: its table, and its guide, which is run."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from tests.conftest import execution_role

from lambent.services.lambda_.service import LambdaService

DOCS = Path(__file__).parents[3] / "docs"
NAMES = set(botocore.session.get_session().get_service_model("lambda").operation_names)


def _served() -> set[str]:
    unused: Any = None
    service = LambdaService(
        database=unused,
        plane=unused,
        compute=unused,
        blobs=unused,
        code_dir=Path("/nonexistent"),
        clock=unused,
        policy=unused,
    )
    return set(service.operations)


def test_every_operation_is_documented_as_served_or_not() -> None:
    section = (DOCS / "services" / "lambda.md").read_text().split("## Operations")[1]
    table, _, rest = section.split("## Names")[0].partition("These answer 501")
    words = set(re.findall(r"[A-Z]\w+", table))
    others = set(re.findall(r"[A-Z]\w+", rest))
    served = _served()
    assert served <= NAMES
    assert words & NAMES == served
    assert others & NAMES == NAMES - served


def _package(name: str, source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, source)
    return buffer.getvalue()


@pytest.mark.slow
def test_the_guide_to_versions_and_aliases(client: Any) -> None:
    text = (DOCS / "guides" / "versions-and-aliases.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 7
    names: dict[str, Any] = {
        "lambda_": client,
        "package": _package,
        "json": json,
        "role": execution_role(client),
    }
    for block in blocks:
        exec(compile(block, "versions-and-aliases.md", "exec"), names)
    # Of 300 calls at 0.2 the share is outside of this once in 10^8 guides.
    assert 0.07 < names["share"] < 0.35

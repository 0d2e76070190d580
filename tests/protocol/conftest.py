"""botocore's protocol cases, which `scripts/fetch_protocol_cases.py` puts into the cache.

botocore tests a client: its input cases say what request must come of some parameters, its output cases what result
must come of some answer. Turned round they test a server: the request must give the parameters, the result the answer.
"""

from __future__ import annotations

import json
import os
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lambent.protocol.service import ServiceCodec

CASES = Path(__file__).parents[2] / ".cache" / "protocol-cases"
# Ours are query, json, rest-json, rest-xml and CBOR; nothing that Lambent serves speaks EC2's variant of query.
NOT_OURS = {"ec2.json"}


@dataclass(frozen=True)
class Case:
    """One case with the model around it. `name` is file, position and, where it has one, the case's own id."""

    name: str
    suite: dict[str, Any]
    content: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.content.get("id", ""))

    @property
    def protocol(self) -> str:
        return str(self.suite["metadata"]["protocol"])

    @property
    def operation(self) -> dict[str, Any]:
        return {"name": "OperationName", **self.content["given"]}

    def description(self) -> dict[str, Any]:
        """A service model with this case's operation alone."""
        operation = self.operation
        return {
            "metadata": {"endpointPrefix": "cases", **self.suite["metadata"]},
            "operations": {operation["name"]: operation},
            "shapes": deepcopy(self.suite["shapes"]),
        }

    def service(self) -> ServiceCodec:
        return ServiceCodec("cases", self.description())


@pytest.fixture
def known_names() -> set[str]:
    """The names and ids of all cases, for the lists of those that are left out."""
    cases = _cases("input") + _cases("output")
    return {case.name for case in cases} | {case.id for case in cases}


def _cases(kind: str) -> list[Case]:
    found = []
    for folder in (CASES / kind, CASES / "legacy" / kind):
        for file in sorted(folder.glob("*.json")):
            if file.name not in NOT_OURS:
                found += _in_file(file, f"{folder.relative_to(CASES)}/{file.stem}")
    return found


def _in_file(file: Path, prefix: str) -> list[Case]:
    return [
        Case(f"{prefix}/{suite_number}.{number}/{content.get('id', '')}", suite, content)
        for suite_number, suite in enumerate(json.loads(file.read_text()))
        for number, content in enumerate(suite["cases"])
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for kind in ("input", "output"):
        if f"{kind}_case" in metafunc.fixturenames:
            cases = _cases(kind)
            metafunc.parametrize(
                f"{kind}_case", cases or [None], ids=[case.name for case in cases] or ["missing"]
            )


@pytest.fixture(autouse=True)
def _cases_are_there() -> None:
    """Without the cases nothing here tests anything: skip at home, fail in CI."""
    if not CASES.is_dir():
        message = "the cases are not there: run scripts/fetch_protocol_cases.py"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)

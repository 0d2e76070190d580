"""What the documentation says of CloudWatch is so: its tables of operations and functions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session

from lambent.services.cloudwatch.math.functions import NAMES as FUNCTIONS
from lambent.services.cloudwatch.service import CloudWatchService

PAGE = (Path(__file__).parents[3] / "docs" / "services" / "cloudwatch.md").read_text()
NAMES = set(botocore.session.get_session().get_service_model("cloudwatch").operation_names)


def _served() -> set[str]:
    unused: Any = None
    return set(CloudWatchService(unused, unused, unused).operations)


def test_every_operation_is_documented_as_served_or_not() -> None:
    section = PAGE.split("## Operations")[1].split("\n## ")[0]
    table, _, rest = section.partition("These answer 501")
    served = _served()
    assert served <= NAMES
    assert set(re.findall(r"[A-Z]\w+", table)) & NAMES == served
    assert set(re.findall(r"[A-Z]\w+", rest)) & NAMES == NAMES - served


def test_every_function_is_documented() -> None:
    section = PAGE.split("## Metric math")[1].split("What is not here")[0]
    assert set(re.findall(r"[A-Z][A-Z0-9_]+", section)) - {"AND", "OR"} == FUNCTIONS

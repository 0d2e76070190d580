"""What the documentation says of CloudWatch Logs is so: its table of operations."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session

from lambent.services.logs.insights.aggregates import AGGREGATES
from lambent.services.logs.insights.functions import FUNCTIONS
from lambent.services.logs.service import LogsService

DOCS = Path(__file__).parents[3] / "docs"
NAMES = set(botocore.session.get_session().get_service_model("logs").operation_names)
# The functions and statistics of "Supported operations and functions" (CloudWatch Logs user guide).
DOCUMENTED = """
abs ceil floor greatest least log sqrt bin datefloor dateceil fromMillis toMillis now ispresent coalesce
isValidIp isValidIpv4 isValidIpv6 isIpInSubnet isIpv4InSubnet isIpv6InSubnet isempty isblank concat ltrim rtrim trim
strlen toupper tolower substr replace strcontains jsonParse jsonStringify
avg count count_distinct max min pct stddev sum earliest latest sortsFirst sortsLast
"""


def _served() -> set[str]:
    unused: Any = None
    segments: Any = SimpleNamespace(flushed=None)
    service = LogsService(
        database=unused, segments=segments, compute=unused, clock=unused, functions=unused
    )
    return set(service.operations)


def test_every_operation_is_documented_as_served_or_not() -> None:
    section = (DOCS / "services" / "logs.md").read_text().split("## Operations")[1]
    table, _, rest = section.split("\n## ")[0].partition("These answer 501")
    words = set(re.findall(r"[A-Z]\w+", table))
    others = set(re.findall(r"[A-Z]\w+", rest))
    served = _served()
    assert served <= NAMES
    assert words & NAMES == served
    assert others & NAMES == NAMES - served


def test_every_function_of_awss_reference_is_here() -> None:
    assert {name.lower() for name in DOCUMENTED.split()} <= FUNCTIONS.keys() | AGGREGATES.keys()

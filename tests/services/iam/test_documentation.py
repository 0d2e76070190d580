"""What the documentation says that IAM and STS serve is what they serve."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from lambent.services.iam.service import IamService
from lambent.services.sts.service import StsService

DOCS = Path(__file__).parents[3] / "docs" / "services"
UNUSED: Any = None
SERVED = {
    "iam": set(IamService(UNUSED, UNUSED).operations),
    "sts": set(
        StsService(
            long_term=UNUSED, roles=UNUSED, providers=UNUSED, keys=UNUSED, clock=UNUSED
        ).operations
    ),
}


@pytest.mark.parametrize("service", SERVED)
def test_every_operation_is_documented_as_served_or_not(service: str) -> None:
    names = set(botocore.session.get_session().get_service_model(service).operation_names)
    section = (DOCS / f"{service}.md").read_text().split("## Operations")[1].split("\n## ")[0]
    table, _, rest = section.partition("These answer 501")
    first = "\n".join(line.split(" | ")[0] for line in table.splitlines())
    assert SERVED[service] <= names
    assert set(re.findall(r"[A-Z]\w+", first)) & names == SERVED[service]
    assert set(re.findall(r"[A-Z]\w+", rest)) & names == names - SERVED[service]

"""What the documentation says of HTTP APIs is so: its table of operations."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session

from lambent.apis.domains import Domains
from lambent.services.apigatewayv2.live_apis import LiveApis
from lambent.services.apigatewayv2.service import ApiGatewayV2Service

DOCS = Path(__file__).parents[3] / "docs"
NAMES = set(botocore.session.get_session().get_service_model("apigatewayv2").operation_names)


def test_every_operation_is_documented_as_served_or_not() -> None:
    section = (DOCS / "services" / "apigatewayv2.md").read_text().split("## Operations")[1]
    table, _, rest = section.split("## Permissions")[0].partition("These answer 501")
    words = set(re.findall(r"[A-Z]\w+", table))
    others = set(re.findall(r"[A-Z]\w+", rest))
    unused: Any = None
    served = set(ApiGatewayV2Service(unused, LiveApis(Domains())).operations)
    assert served <= NAMES
    assert words & NAMES == served
    assert others & NAMES == NAMES - served

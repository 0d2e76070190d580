"""`--auth open` says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.platform.conftest import Up

WARNING = "--auth open: signatures and permissions are not checked."


def test_that_everybody_is_let_in_is_announced(start: Callable[..., Up]) -> None:
    up = start("--auth", "open")
    assert WARNING in up.complaints
    assert "Whoever reaches this platform is the root of every account." in up.complaints
    make_client: Any = boto3.client
    sts = make_client(
        "sts",
        endpoint_url=up.endpoint,
        region_name="us-east-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="anything",
    )
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"


def test_nothing_is_announced_where_nobody_is_let_in(start: Callable[..., Up]) -> None:
    assert "--auth open" not in start().complaints

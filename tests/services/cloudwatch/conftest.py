"""Clients for the tests of CloudWatch through boto3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_cloudwatch.client import CloudWatchClient

DIMENSIONS = [{"Name": "Till", "Value": "1"}]


@pytest.fixture
def cloudwatch(aws: Callable[[str], CloudWatchClient]) -> CloudWatchClient:
    """A CloudWatch client of a fresh account."""
    return aws("cloudwatch")


@pytest.fixture
def now() -> datetime:
    """The beginning of this minute."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def sales(cloudwatch: Any, now: datetime) -> dict[str, Any]:
    """A metric that was 1, 2, 3, 4 in the last four minutes, as parameters that name it."""
    cloudwatch.put_metric_data(
        Namespace="Shop",
        MetricData=[
            {
                "MetricName": "Sales",
                "Dimensions": DIMENSIONS,
                "Timestamp": now - timedelta(minutes=4 - value),
                "Value": value,
                "Unit": "Count",
            }
            for value in range(1, 5)
        ],
    )
    return {"Namespace": "Shop", "MetricName": "Sales", "Dimensions": DIMENSIONS}

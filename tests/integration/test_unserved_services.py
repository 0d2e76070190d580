"""Services of AWS that are not here: refused by name, in a shape that their clients can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("events", "list_rules"),
        ("dynamodb", "list_tables"),
        ("sqs", "list_queues"),
        ("sns", "list_topics"),
        ("s3", "list_buckets"),
        ("scheduler", "list_schedules"),
    ],
)
def test_a_client_of_a_service_that_is_not_here_is_told_so(
    aws: Callable[..., Any], service: str, operation: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(aws(service), operation)()

    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplementedException"
    assert error["Message"].startswith(f"Lambent does not have the service {service}; it has ")
    assert " lambda, " in error["Message"]

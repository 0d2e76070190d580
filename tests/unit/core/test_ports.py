from __future__ import annotations

from lambent.core.ports import ServiceCaller


def test_policies_know_for_what_a_service_calls() -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:g:*"
    caller = ServiceCaller("logs.amazonaws.com", group, "123456789012")
    assert caller.keys == {"aws:SourceArn": group, "aws:SourceAccount": "123456789012"}

from __future__ import annotations

from lambent.execution.networks import ALL_ALIKE, Networks


def test_the_first_rule_that_fits_counts() -> None:
    networks = Networks([("batch-*", "none"), ("pay", "platform"), ("*", "internet")])
    assert networks.of("batch-1") == "none"
    assert networks.of("pay") == "platform"
    assert networks.of("payments") == "internet"
    assert ALL_ALIKE.of("batch-1") == ""

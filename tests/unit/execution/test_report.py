from __future__ import annotations

import pytest

from lambent.execution import failures, report
from lambent.execution.failures import Exit

ID = "8f5f7f1e-0000-4000-8000-000000000001"


def test_report_is_worded_and_spaced_as_aws_words_it() -> None:
    line = report.report_line(
        ID, duration_ms=1.234, billed_ms=2, memory_mib=128, peak_mib=40, init_ms=5.1
    )
    assert line == (
        f"REPORT RequestId: {ID}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\tInit Duration: 5.10 ms\t\n"
    )


def test_a_warm_report_has_no_init() -> None:
    line = report.report_line(ID, duration_ms=1, billed_ms=1, memory_mib=128, peak_mib=40)
    assert line.endswith("\tMax Memory Used: 40 MB\t\n")


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "billed"),
    [(265.72, 395.99, 662), (1.0, None, 1), (1.001, None, 1), (1.01, None, 2), (0.0, None, 0)],
)
def test_init_is_billed_and_milliseconds_are_rounded_up(
    duration_ms: float, init_ms: float | None, billed: int
) -> None:
    assert report.billed_ms(duration_ms, init_ms) == billed


def test_init_report_names_phase_status_and_error() -> None:
    assert report.init_report_line(10008.754, "init", "timeout") == (
        "INIT_REPORT Init Duration: 10008.75 ms\tPhase: init\tStatus: timeout\n"
    )
    assert report.init_report_line(1, "invoke", "error", "Runtime.ExitError").endswith(
        "\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n"
    )


def test_times_have_milliseconds_and_a_z() -> None:
    assert report.iso_time(1_767_225_600_007) == "2026-01-01T00:00:00.007Z"


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (Exit(None), "Runtime exited without providing a reason"),
        (Exit(0), "Runtime exited without providing a reason"),
        (Exit(1), "Runtime exited with error: exit status 1"),
        (Exit(-9), "Runtime exited with error: signal: killed"),
        (Exit(-6), "Runtime exited with error: signal: aborted"),
        (Exit(-9, is_out_of_memory=True), "Runtime exited with error: signal: killed"),
    ],
)
def test_ends_are_described_as_aws_does(end: Exit, text: str) -> None:
    assert end.describe() == text


@pytest.mark.parametrize(
    ("payload", "name"),
    [(b'{"errorType": "E"}', "E"), (b"[]", "Unknown"), (b"{", "Unknown"), (b'{"errorType": 1}', "Unknown")],
)  # fmt: skip
def test_an_error_type_is_read_without_trust(payload: bytes, name: str) -> None:
    assert failures.error_type_of(payload) == name

"""What structlog makes of what the logging module is given."""

from __future__ import annotations

import json
import logging
from typing import Any

from lambent.core.plain_log import JsonLines
from lambent.process.platform_log import formatter


def record(
    message: str, *arguments: object, error: BaseException | None = None, **extra: Any
) -> Any:
    made = logging.LogRecord(
        "lambent.x", logging.WARNING, "x.py", 1, message, arguments,
        None if error is None else (type(error), error, error.__traceback__),
    )  # fmt: skip
    vars(made).update(extra)
    return made


def line(made: Any) -> Any:
    return json.loads(formatter("core", is_json=True).format(made))


def raised(secret: str) -> BaseException:
    """With a secret in a local variable, which some tracebacks show."""
    try:
        int(f"no {secret}"[:2])
    except ValueError as error:
        return error
    raise AssertionError(secret)


def test_lines_are_as_those_of_the_other_processes() -> None:
    made = record("%d of %s", 2, "f", error=raised("x"), request_id="r")
    ours, theirs = line(made), json.loads(JsonLines("core").format(made))
    assert list(ours)[:5] == ["timestamp", "level", "logger", "event", "process"]
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {"timestamp", "exception"}:
        assert ours[name] == theirs[name]
    assert len(ours["timestamp"]) == len(theirs["timestamp"])
    assert ours["exception"].splitlines()[-1].startswith("ValueError: ")


def test_what_is_secret_by_its_name_is_left_out() -> None:
    found = line(record("x", metrics_token="s3", SecretAccessKey="s3", password="s3", account="1"))
    assert "s3" not in json.dumps(found)
    assert (found["metrics_token"], found["account"]) == ("***", "1")


def test_signatures_in_addresses_are_left_out() -> None:
    address = "https://x/y?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=f00d&a=b"
    header = "AWS4-HMAC-SHA256 Credential=AKIA/1, Signature=f00d"
    found = line(record("GET %s (%s)", address, header))
    assert found["event"] == (
        "GET https://x/y?X-Amz-Credential=***&X-Amz-Signature=***&a=b "
        "(AWS4-HMAC-SHA256 Credential=AKIA/1, Signature=***)"
    )
    assert "f00d" not in line(record("x", error=ValueError(address)))["exception"]


def test_tracebacks_show_no_values_of_variables() -> None:
    made = record("x", error=raised("tr0ub4dor"))
    for is_json in (True, False):
        text = formatter("core", is_json=is_json).format(made)
        assert "ValueError: invalid" in text
        assert "tr0ub4dor" not in text


def test_people_get_a_line_to_read() -> None:
    text = formatter("core", is_json=False).format(record("the spawner is gone", request_id="r"))
    assert "[warning" in text
    assert "the spawner is gone" in text
    assert "request_id=r" in text
    assert "\x1b" not in text

"""`lambent iam check`: a policy document, looked at without a platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from lambent.cli.iam import command

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b'{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'


def checked(path: Path, text: bytes, *options: str) -> Result:
    path.write_bytes(text)
    return CliRunner().invoke(command, ["check", str(path), *options])


def test_a_document_that_iam_takes(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    result = checked(path, GOOD)
    assert (result.exit_code, result.output) == (0, f"{path}: IAM would take it\n")


def test_what_is_wrong_is_named_with_its_place_and_iams_words(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    result = checked(
        path, GOOD.replace(b'"Statement": {', b'\n"Statement": {').replace(b"Allow", b"Grant")
    )
    assert result.exit_code == 1
    first, second = result.output.splitlines()
    assert first.startswith(f"{path}:2:")
    assert "Effect" in first
    assert second == "  IAM says: The policy failed legacy parsing"


def test_what_a_policy_may_say_hangs_on_where_it_stands(tmp_path: Path) -> None:
    trust = (
        b'{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",'
        b' "Principal": {"Service": "lambda.amazonaws.com"}}}'
    )
    path = tmp_path / "policy.json"
    assert checked(path, trust, "--kind", "trust").exit_code == 0
    assert checked(path, trust).exit_code == 1


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_what_is_no_document_gets_one_line_more_or_less(tmp_path: Path, text: bytes) -> None:
    result = checked(tmp_path / "policy.json", text)
    assert result.exit_code == 1
    assert 1 <= len(result.output.splitlines()) <= 2
    assert "Traceback" not in result.output


def test_standard_input() -> None:
    result = CliRunner().invoke(command, ["check", "-"], input=GOOD)
    assert (result.exit_code, result.output) == (0, "<stdin>: IAM would take it\n")

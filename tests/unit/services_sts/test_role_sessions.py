"""Sessions that environments share: for how long, and with whom not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lambent.core.clock import VirtualClock
from lambent.core.ports import NamedPolicy, Role, RoleCredentials
from lambent.services.sts.role_sessions import DURATION_S, RoleSessions
from lambent.services.sts.sessions import Sessions

TRUST = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "lambda.amazonaws.com"}}}'
)


def arn(name: str, account_id: str = "1" * 12) -> str:
    return f"arn:aws:lambda:us-east-1:{account_id}:function:{name}"


class Roles:
    """One role, of an account whose generation the test moves."""

    def __init__(self) -> None:
        self.generations: dict[str, int] = {}
        trust = NamedPolicy("trust", TRUST)
        self.kept: Role | None = Role(
            "1" * 12, "arn:aws:iam::111111111111:role/r", "r", "AROA1", trust, 3600
        )

    def role(self, _arn: str) -> Role | None:
        return self.kept

    def generation(self, account_id: str) -> int:
        return self.generations.get(account_id, 0)


class PlainSeal:
    def close(self, content: bytes) -> str:
        return content.decode()


class Bench:
    def __init__(self) -> None:
        self.roles, self.clock = Roles(), VirtualClock()
        parts: tuple[Any, ...] = (None, self.roles, PlainSeal(), self.clock)
        self.sessions = RoleSessions(self.roles, Sessions(*parts))  # type: ignore[arg-type]

    def open(self, name: str = "f", function: str = arn("f")) -> RoleCredentials | None:
        return self.sessions.open("arn:aws:iam::111111111111:role/r", function, name)

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


def test_they_are_shared_for_ten_seconds_and_no_longer() -> None:
    bench = Bench()
    first = bench.open()
    assert first is not None
    bench.wait(9)
    assert bench.open() is first
    bench.wait(1)
    second = bench.open()
    assert second is not None
    assert second.access_key_id != first.access_key_id
    assert second.expires_s == first.expires_s + 10
    assert second.expires_s == int(bench.clock.wall().timestamp()) + DURATION_S
    bench.wait(9)
    assert bench.open() is second


def test_a_change_of_the_account_ends_the_sharing() -> None:
    bench = Bench()
    first = bench.open()
    bench.roles.generations["2" * 12] = 1  # somebody else's
    assert bench.open() is first
    bench.roles.generations["1" * 12] = 1
    second = bench.open()
    assert second is not None
    assert second is not first
    bench.roles.kept, bench.roles.generations["1" * 12] = None, 2
    assert bench.open() is None
    assert bench.open() is None


def test_functions_share_none() -> None:
    bench = Bench()
    made = [bench.open(), bench.open("g", arn("g")), bench.open("f", arn("g"))]
    assert len({each.access_key_id for each in made if each is not None}) == 3
    assert [bench.open(), bench.open("g", arn("g")), bench.open("f", arn("g"))] == made


def test_another_account_has_no_part_in_them() -> None:
    bench = Bench()
    assert bench.open() is not None
    assert bench.open("f", arn("f", "2" * 12)) is None

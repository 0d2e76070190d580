from __future__ import annotations

from lambent.core.context import Session
from lambent.core.ports import NamedPolicy


def test_a_session_is_restricted_by_the_policies_it_was_made_with() -> None:
    plain = ("name", "arn:aws:iam::123456789012:role/r", "AROA1", 0, 3600)
    assert not Session(*plain).is_restricted
    assert Session(*plain, policies=(NamedPolicy("p", "{}"),)).is_restricted
    assert Session(*plain, policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)).is_restricted

from __future__ import annotations

from lambent.core.errors import AccessDenied, InternalFailure, ServiceError


def test_an_error_has_its_class_s_code_and_status_unless_told_otherwise() -> None:
    assert (AccessDenied().code, AccessDenied().status) == ("AccessDeniedException", 403)
    error = AccessDenied("no", code="AccessDenied", status=401, members={"Type": "User"})
    assert (error.code, error.status, error.message) == ("AccessDenied", 401, "no")
    assert error.members == {"Type": "User"}


def test_the_sender_is_to_blame_below_500() -> None:
    assert AccessDenied().is_sender_fault
    assert not InternalFailure().is_sender_fault
    assert not ServiceError(status=503).is_sender_fault

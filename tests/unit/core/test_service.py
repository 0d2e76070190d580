from __future__ import annotations

from lambent.core import context, ports, service


def test_an_operation_says_how_it_wants_to_be_run() -> None:
    async def wait() -> None:
        """Stands for an operation."""

    assert service.read(print) == service.Operation("read", print)
    assert service.write(print) == service.Operation("write", print)
    assert service.waits(wait) == service.Operation("waits", wait)


def test_an_anonymous_principal_has_no_account_and_no_key() -> None:
    nobody = context.ANONYMOUS
    assert (nobody.account_id, nobody.access_key_id) == ("", "")
    assert ports.Credential("AKIA", "secret", nobody).session_token is None

from __future__ import annotations

from datetime import UTC, datetime

from lambent.core import context, http, ports, service


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


def test_links_begin_with_the_address_that_the_client_used() -> None:
    request = http.Request("GET", "/", "", http.Headers([("Host", "h:1")]), http.BytesBody())
    facts = context.RequestContext(
        request_id="r",
        service="s",
        operation="o",
        scope=context.Scope("1", "r"),
        principal=context.ANONYMOUS,
        now=datetime.now(UTC),
        http=request,
    )
    assert facts.endpoint == "http://h:1"

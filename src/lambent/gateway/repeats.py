"""Requests that come again, prepared like the statements of a database.

An SDK sends the same head again and again, but for the passing fields: time, signature, length. What the steps found
out about such a request is kept with its form. Of the next one only what may have changed is asked: does the signature
hold, is it fresh, is the key still there, is what was allowed still allowed? Whatever is not as it was, and whatever is
wrong, goes through the steps, which find out what it is and say so.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from lambent.core.http import BytesBody, Headers
from lambent.gateway.body_limits import LEAST_LIMIT_BYTES
from lambent.gateway.canonical import canonical_path, canonical_query, canonical_request
from lambent.gateway.claim import ALGORITHM, is_iso_basic
from lambent.gateway.usual_head import PASSING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from lambent.core.http import Form, Request
    from lambent.gateway.call import Call
    from lambent.gateway.operate import Operate
    from lambent.gateway.sigv4 import SignatureChecker
    from lambent.policy.decisions import Decisions

    class Addresses(Protocol):
        """The names that data planes answer to; `generation` moves whenever one comes or goes."""

        generation: int


# How long what was found out is gone by. All that can change is asked anew every time; a minute is for what is only
# noted now and then, such as when a key was used.
_KEPT_S = 60.0
# Of all forms together, by form and Authorization header but for the signature: one for each client, key and day. One
# takes 20 KB at the most. Past it all are dropped: finding out again costs a request what it cost before.
_KEPT = 1024
# Longer heads of Authorization headers are no SDK's.
_HEAD_LENGTH = 1024
_SIGNATURE = "Signature="
# Stands in no request.
_BLANK = "\0"


class Repeats:
    """Keeps what was found out with the forms of requests.

    Args:
        operate: finds the operation of a call.
        addresses: those that doors look up: a request that passed them all may be for one the next time.
    """

    def __init__(
        self,
        checker: SignatureChecker,
        decisions: Decisions,
        operate: Operate,
        addresses: Addresses,
    ) -> None:
        self._checker = checker
        self._operate = operate
        self._decisions = decisions
        self._addresses = addresses
        self._known: dict[tuple[Form, str], _Known] = {}

    def fill(self, call: Call) -> bool:
        """Fill in everything that the steps do. False, and nothing has happened, where they have to do it."""
        request = call.request
        form, body = request.form, request.body
        if form is None or not isinstance(body, BytesBody):
            return False
        head, _, signature = request.headers.first["authorization"].rpartition(_SIGNATURE)
        known = self._known.get((form, head))
        if known is None or known.addresses_at != self._addresses.generation:
            return False
        return known.fill(call, signature, body.data)

    def note(self, call: Call) -> None:
        """Keep what the steps have found out about a request that they let pass."""
        form, claim = call.request.form, call.claim
        if form is None or claim is None or not _can_be_kept(call):
            return
        head, _, signature = call.request.headers.first["authorization"].rpartition(_SIGNATURE)
        # Where the signature does not come last, the head says less than the claim.
        if signature != claim.signature or len(head) > _HEAD_LENGTH:
            return
        kept = form.kept()
        if kept is None:
            return
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._operate.prepare(call)
        self._known[kept, head] = _Known(
            call, self._checker, self._decisions, self._addresses.generation
        )


def _can_be_kept(call: Call) -> bool:
    """Whether nothing that decides about it, or is in its input, comes and goes unseen."""
    assert call.claim is not None
    first = call.request.headers.first
    return (
        not call.claim.is_presigned
        and "authorization" in first
        and "x-amz-date" in first
        and call.credential is not None
        and call.service.name != "s3"  # signs bodies in ways of its own
        and bool(call.match.operation.free_payload(PASSING))
        and all(each.only is not None and each.only.is_allowed for each in call.permissions)
    )


class _Known:
    """What is known of the requests of one form that are signed with one key, on one day."""

    def __init__(
        self, call: Call, checker: SignatureChecker, decisions: Decisions, addresses_at: int
    ) -> None:
        claim, credential = call.claim, call.credential
        assert claim is not None
        assert credential is not None
        self.addresses_at = addresses_at
        self._checker = checker
        self._decisions = decisions
        self._clock = checker.clock
        self._ends = self._clock.monotonic() + _KEPT_S
        self._ends_ms = self._clock.calendar_ms() + int(_KEPT_S * 1000)
        # What the steps fill in.
        self._service, self._match = call.service, call.match
        self._principal, self._region = call.principal, call.region
        self._account_id = call.account_id
        self._permissions = call.permissions
        self._operation, self._scope = call.operation, call.scope
        payload = call.match.operation.free_payload(PASSING)
        self._payload = payload
        self._has_body = payload in call.document
        self._document = {name: value for name, value in call.document.items() if name != payload}
        # What the signature is checked with.
        self._credential = credential
        self._token = claim.session_token
        self._key = checker.keys.find(credential, claim)
        self._signing_name = call.service.signing_name
        self._date = claim.date
        self._timestamp = claim.timestamp
        self._earliest, self._latest, self._until = checker.window(self._signing_name)
        self._signed_scope = claim.scope
        first = call.request.headers.first
        names = claim.signed_headers.split(";")
        # One that is signed twice stands there twice.
        self._varying = [name for name in names if name in PASSING and name in first]
        self._is_usual = self._varying == ["x-amz-date"]
        self._template = _template(call.request, claim.signed_headers, self._varying)

    def fill(self, call: Call, signature: str, body: bytes) -> bool:
        if not self._is_signed(call.request.headers.first, signature, body):
            return False
        for permission in self._permissions:
            if not self._decisions.is_current(permission):
                return False
        call.service, call.match, call.body = self._service, self._match, body
        call.credential, call.principal = self._credential, self._principal
        call.region, call.account_id = self._region, self._account_id
        call.permissions = self._permissions
        call.operation, call.scope = self._operation, self._scope
        call.document = document = self._document.copy()
        if body:
            document[self._payload] = body
        return True

    def _is_signed(self, first: Mapping[str, str], signature: str, body: bytes) -> bool:
        """Whether the steps would let it pass, too: the very same is asked of it."""
        timestamp, credential = first["x-amz-date"], self._credential
        if self._clock.monotonic() >= self._until and not self._go_on():
            return False
        if (
            bool(body) is not self._has_body
            or len(body) > LEAST_LIMIT_BYTES
            or not self._earliest <= timestamp <= self._latest
            or (timestamp != self._timestamp and not self._is_of_its_day(timestamp))
            or self._checker.credentials.find(credential.access_key_id, self._token)
            is not credential
        ):
            return False
        expires_s = credential.expires_s
        if expires_s is not None and self._clock.wall().timestamp() >= expires_s:
            return False
        digest = hashlib.sha256(body).hexdigest()
        declared = first.get("x-amz-content-sha256")
        if declared and declared != digest:
            return False
        if self._is_usual:
            text = self._template % (timestamp, digest)
        else:
            text = self._template % (*[first[name] for name in self._varying], digest)
        if "  " in text:  # folded when it is signed
            return False
        digest = hashlib.sha256(text.encode("latin-1")).hexdigest()
        to_sign = f"{ALGORITHM}\n{timestamp}\n{self._signed_scope}\n{digest}"
        expected = hmac.digest(self._key, to_sign.encode("latin-1"), "sha256").hex()
        return hmac.compare_digest(expected, signature)

    def _go_on(self) -> bool:
        """Whether it is to be used any longer; asked once a second."""
        self._earliest, self._latest, self._until = self._checker.window(self._signing_name)
        # By the calendar, too: what is noted now and then goes by that.
        return self._clock.monotonic() < self._ends and self._clock.calendar_ms() < self._ends_ms

    def _is_of_its_day(self, timestamp: str) -> bool:
        if not is_iso_basic(timestamp) or timestamp[:8] != self._date:
            return False
        self._timestamp = timestamp
        return True


def _template(request: Request, signed_headers: str, varying: list[str]) -> str:
    """The canonical request, with `%s` where a varying field's value and the hash of the body come."""
    first = {**request.headers.first, **dict.fromkeys(varying, _BLANK)}
    text = canonical_request(
        request.method,
        canonical_path(request.path, is_s3=False),
        canonical_query(request.query),
        Headers(request.headers.items(), first),
        signed_headers,
        _BLANK,
    )
    return text.replace("%", "%%").replace(_BLANK, "%s")

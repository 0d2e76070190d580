"""What the platform shows to a backend that asks who calls it (TLS client authentication)."""

from __future__ import annotations

import ssl
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field

# Contexts that are kept; what is connected over one goes on when it is forgotten.
_KEPT = 256


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate and its private key, both in PEM."""

    certificate: str
    private_key: str = field(repr=False)  # never in a log


class TlsContexts:
    """One for each certificate: connections are used again only under the context that they were made with."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[ClientCertificate, bool], ssl.SSLContext] = OrderedDict()

    def find(self, shown: ClientCertificate, *, verifies: bool) -> ssl.SSLContext:
        """Shows the certificate to servers, and asks for theirs."""
        key = (shown, verifies)
        context = self._made.get(key)
        if context is None:
            context = self._made[key] = _context(shown, verifies=verifies)
        self._made.move_to_end(key)
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return context


def _context(shown: ClientCertificate, *, verifies: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # The library reads keys from files alone; this one is its owner's, and gone when it is read.
    with tempfile.NamedTemporaryFile() as pem:
        pem.write(f"{shown.private_key}\n{shown.certificate}\n".encode())
        pem.flush()
        context.load_cert_chain(pem.name)
    return context

"""The HTTP client of integrations: one session, no redirects, no cookies, and a word on whom it may connect to.

APIs belong to the users of the platform, and what they call is called from the platform's own network. Loopback and
private networks stay open, because a backend under development is there; closed are the addresses that no backend has
and that hand out a machine's credentials (link-local, 169.254.0.0/16), and what the operator closes to functions
(`network_deny`). Addresses are checked when the socket is made, after names have been resolved.
"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import socket
from typing import TYPE_CHECKING

from lambent.apis.client_certificates import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiohttp
    from aiohttp.abc import AbstractCookieJar

    from lambent.apis.client_certificates import ClientCertificate

# So many connections at once; more requests wait for one within their time limit.
_CONNECTIONS = 512
_ALWAYS_CLOSED = ("169.254.0.0/16", "fe80::/10", "0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8")
# "Payload size: 10 MB".
MAX_ANSWER = 10_485_760


class AddressClosed(OSError):
    """The address may not be connected to."""


class AnswerTooLarge(Exception):
    """The answer is over 10 MB."""


def is_the_endpoints(error: Exception) -> bool:
    """Is the endpoint to blame, rather than the platform?"""
    import aiohttp  # noqa: PLC0415 - loaded by whoever failed

    return isinstance(error, aiohttp.ClientError | AnswerTooLarge | OSError | ValueError)


class HttpClient:
    """Args: networks that are closed, besides those that always are."""

    def __init__(self, closed: Sequence[str] = ()) -> None:
        self._closed = [ipaddress.ip_network(each) for each in (*_ALWAYS_CLOSED, *closed)]
        self._session: aiohttp.ClientSession | None = None
        self._contexts = TlsContexts()

    async def session(self) -> aiohttp.ClientSession:
        """Made when first needed: the library alone takes 0.2 s to import, and 15 MB."""
        if self._session is not None:
            return self._session
        await asyncio.to_thread(importlib.import_module, "aiohttp")
        if self._session is None:
            import aiohttp  # noqa: PLC0415 - see above

            connector = aiohttp.TCPConnector(
                limit=_CONNECTIONS, socket_factory=self._socket, ttl_dns_cache=10
            )
            jar: AbstractCookieJar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=jar,
                auto_decompress=False,
                # The integration's own limit is all there is.
                timeout=aiohttp.ClientTimeout(total=None),
                trust_env=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                max_field_size=65_536,
                max_line_size=65_536,
            )
        return self._session

    async def fetch(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        verifies: bool = True,
        shown: ClientCertificate | None = None,
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, header fields and body of the answer. `url` goes out as it is, percent signs and all.

        Args:
            verifies: the server's certificate.
            shown: to a server that asks for a certificate.

        Raises what the library raises, and AnswerTooLarge.
        """
        session = await self.session()
        from yarl import URL  # noqa: PLC0415 - comes with the client's library, which is loaded late

        async with session.request(
            method,
            URL(url, encoded=True),
            data=body or None,
            headers=headers,
            allow_redirects=False,
            ssl=verifies if shown is None else self._contexts.find(shown, verifies=verifies),
        ) as answer:
            content = bytearray()
            async for piece in answer.content.iter_chunked(65_536):
                content += piece
                if len(content) > MAX_ANSWER:
                    raise AnswerTooLarge
            fields = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in answer.raw_headers
            ]
            return answer.status, fields, bytes(content)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        target = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if isinstance(target, ipaddress.IPv6Address) and target.ipv4_mapped is not None:
            target = target.ipv4_mapped
        if any(target in network for network in self._closed if network.version == target.version):
            raise AddressClosed(f"{target} is closed to integrations")
        return socket.socket(family, kind, protocol)

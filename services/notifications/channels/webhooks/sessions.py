"""Lines to receivers: whatever a name leads to, no socket is made for an address that may not be connected to."""

import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

from aiohttp import AsyncResolver, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.connector import AddrInfoType

from services.notifications.channels.webhooks.addresses import AddressRefused, Allowed

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
KEEP_ALIVE_SECONDS = 10.0
NAMES_SECONDS = 30
"""For how long the answer to a name is used again; where it leads is looked at for every socket."""
HEADER_BYTES = 8190


class Sessions:
    """One session for https, and one for http, which is spoken inside the operator's networks only."""

    def __init__(self, allowed: Allowed, authorities: Path | None) -> None:
        """`authorities`: a file of certificates (PEM) that are trusted beside the usual ones. Raises OSError."""
        self._allowed = allowed
        self._authorities = None if authorities is None else authorities.read_text()
        self._open: dict[str, ClientSession] = {}

    def of(self, scheme: str) -> ClientSession:
        """The session for URLs that begin so."""
        if scheme not in self._open:
            make = self._socket if scheme == "https" else self._inside
            connector = TCPConnector(
                limit=0,
                ssl=self._context(),
                resolver=AsyncResolver(timeout=CONNECT_SECONDS / 2, tries=2),
                ttl_dns_cache=NAMES_SECONDS,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                socket_factory=make,
            )
            self._open[scheme] = ClientSession(
                connector=connector,
                timeout=ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS),
                headers={"User-Agent": "doorstroom"},
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=HEADER_BYTES,
                max_field_size=HEADER_BYTES,
            )
        return self._open[scheme]

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._authorities is not None:
            context.load_verify_locations(cadata=self._authorities)
        return context

    async def close(self) -> None:
        """Close every line."""
        for session in self._open.values():
            await session.close()
        self._open.clear()

    def _socket(self, address: AddrInfoType) -> socket.socket:
        """A socket for an address that it may be connected to. Raises AddressRefused."""
        family, kind, protocol, _, place = address
        self._allowed.check_host(str(place[0]))
        return socket.socket(family, kind, protocol)

    def _inside(self, address: AddrInfoType) -> socket.socket:
        if not self._allowed.is_inside(ip_address(str(address[4][0]))):
            raise AddressRefused("not in a network in which http is spoken")
        return self._socket(address)

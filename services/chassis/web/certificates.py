"""The client's certificate, as the proxy that ends TLS before us hands it on in a header."""

import ipaddress
import re
from dataclasses import dataclass

import structlog
from aiohttp import web

from services.chassis.errors import Unauthenticated
from services.chassis.identity.certificates import ClientCertificate, read_certificate

log = structlog.get_logger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Certificates:
    """In which header a certificate comes, and from whom it is believed. Without a header, from nobody."""

    header: str | None = None
    proxies: tuple[Network, ...] = ()

    @classmethod
    def from_words(cls, header: str | None, proxies: str) -> "Certificates":
        """As an operator sets them: the header's name, and addresses or networks with spaces in between.

        Raises ValueError.
        """
        try:
            networks = tuple(ipaddress.ip_network(word) for word in proxies.split())
        except ValueError:
            message = (
                "DOORSTROOM_TRUSTED_PROXIES: give addresses or networks, such as 10.0.0.0/24, with spaces in between"
            )
            raise ValueError(message) from None
        if header is not None and (not _HEADER.fullmatch(header) or not networks):
            message = (
                "DOORSTROOM_CLIENT_CERTIFICATE_HEADER is the name of a header, which only those in "
                "DOORSTROOM_TRUSTED_PROXIES may send: set both"
            )
            raise ValueError(message)
        return cls(header, networks)

    def of(self, request: web.Request) -> ClientCertificate | None:
        """The certificate that the client showed to our proxy. Raises Unauthenticated when it cannot be read.

        Whoever else sends the header could have invented it: to us they have shown nothing.
        """
        values = request.headers.getall(self.header, ()) if self.header is not None else ()
        if not values or values == [""]:
            return None
        if not self._is_proxy(request):
            log.info("client-certificate-ignored")
            return None
        try:
            [value] = values
            return read_certificate(value)
        except ValueError:
            raise Unauthenticated("The client certificate that the proxy handed on cannot be read.") from None

    def _is_proxy(self, request: web.Request) -> bool:
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        try:
            address = ipaddress.ip_address(peer[0]) if isinstance(peer, tuple) else None
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return address is not None and any(address in network for network in self.proxies)

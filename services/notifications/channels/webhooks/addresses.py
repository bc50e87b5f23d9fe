"""Which addresses may be connected to: those of the public internet, and what the operator names.

Decided about the address that a socket is about to connect to, and never about a name: a name may lead anywhere, and
elsewhere the next time. What another address is hidden in (IPv4 in IPv6, in whichever way) is refused as a whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from services.chassis.errors import FieldError, InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_ADDRESS = 2000
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out (RFC 4291, 2.4); loopback, link-local, mapped, NAT64 and so on lie outside."""
_REFUSED: Sequence[Network] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a provider's customers
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own services, at a public address
        "169.254.0.0/16",  # link-local, and clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
"""IANA's special-purpose registries (RFC 6890), and what is told at the end of each line."""
_ISATAP = re.compile(r"(?:0000|0200|0100|0300):?5efe", re.IGNORECASE)
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)")
_NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?"
)


class AddressRefused(OSError):
    """This must not be connected to."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The public internet, and networks inside which there are receivers as well."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def from_words(cls, words: str) -> "Allowed":
        """Networks with spaces in between. Raises ValueError."""
        return cls(tuple(ip_network(word) for word in words.split()))

    def includes(self, address: Address) -> bool:
        """Whether it may be connected to."""
        return self.is_inside(address) or _is_public(address)

    def is_inside(self, address: Address) -> bool:
        """Whether it lies in one of the operator's networks."""
        return any(address in network for network in self.networks)

    def check_host(self, host: str) -> None:
        """Raises AddressRefused for what no socket may connect to; `host` is an address, never a name."""
        address = _parsed(host)
        if address is None or not self.includes(address):
            raise AddressRefused("not an address of the public internet, nor of a network that is allowed")


def _parsed(host: str) -> Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    # With a scope it is an address of one link, whatever it looks like.
    return None if isinstance(address, IPv6Address) and address.scope_id is not None else address


def _is_public(address: Address) -> bool:
    if address.is_multicast or not address.is_global or any(address in network for network in _REFUSED):
        return False
    if isinstance(address, IPv4Address):
        return True
    is_isatap = _ISATAP.fullmatch(address.exploded[20:29]) is not None
    return address in _GLOBAL_UNICAST and not is_isatap


def checked_url(address: str | None, allowed: Allowed) -> str:
    """The URL of a receiver as it is kept. Raises InvalidInput. What its name leads to is seen when connecting."""
    if address is None:
        raise _wrong("must be given: the URL of the receiver")
    if len(address) > LONGEST_ADDRESS or not address.isascii() or not address.isprintable():
        raise _wrong(f"must be at most {LONGEST_ADDRESS} visible ASCII characters")
    try:
        url = URL(address)
        host, port = url.host, url.port
    except ValueError:
        raise _wrong("must be a URL, such as https://receiver.example.org/hooks") from None
    if not host or not port or not url.absolute:
        raise _wrong("must be a URL, such as https://receiver.example.org/hooks")
    if url.scheme not in ("https", "http") or (url.scheme == "http" and not allowed.networks):
        raise _wrong("must begin with https://")
    if url.user is not None or url.password is not None or url.fragment:
        raise _wrong("must have no user, password or fragment")
    _check_host(host, allowed)
    return str(url)


def _check_host(host: str, allowed: Allowed) -> None:
    if _parsed(host) is not None or ":" in host:
        try:
            allowed.check_host(host)
        except AddressRefused as error:
            raise _wrong(f"is {error}") from None
    elif _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) or not _NAME.fullmatch(host.lower()):
        raise _wrong("must name its host, or give its address in the usual form")


def _wrong(message: str) -> InvalidInput:
    return InvalidInput(fields=[FieldError("/address", f"The address {message}.")])

"""Addresses: of the console itself, and of what is in it."""

import ipaddress

from yarl import URL

PATH_LIMIT = 500
HOME = "/"


def is_loopback(host: str | None) -> bool:
    """Whether a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def check_address(address: str) -> URL:
    """The address, when cookies and codes are safe there. Raises ValueError."""
    url = URL(address)
    if not url.host or url.path not in ("", "/") or url.query_string or url.fragment or url.user is not None:
        message = "an address is https://host or https://host:port, and nothing more"
        raise ValueError(message)
    if url.scheme != "https" and not is_loopback(url.host):
        message = "an address must begin with https://, unless it is on this machine"
        raise ValueError(message)
    return url


def inside(path: str | None) -> str:
    """The path, when it leads nowhere but to a page of ours; else the first page.

    A browser takes what begins with two slashes, of either kind, or has control characters in it for another site.
    """
    if path is None or len(path) > PATH_LIMIT or not path.isascii() or not path.isprintable():
        return HOME
    if not path.startswith("/") or path[1:2] in ("/", "\\") or "\\" in path:
        return HOME
    return path

"""How a line to another server is kept private."""

from enum import StrEnum


class Security(StrEnum):
    """How the line to the mail server is kept private."""

    STARTTLS = "starttls"
    """It begins in the open, and nothing is said before it is encrypted."""
    TLS = "tls"
    NONE = "none"
    """Only to a server on this machine, or in a network that is private itself."""

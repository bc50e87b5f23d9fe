"""Bounds of the web base. Nothing that a client sends is unbounded in size, time or number."""

from dataclasses import dataclass, field

from services.chassis.web.certificates import Certificates


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What an operator may set about the HTTP side of a service."""

    body_limit_bytes: int = 64 * 1024
    timeout_seconds: float = 10.0
    """The longest that a request may take, its body included; live streams have no such end."""
    keep_alive_seconds: float = 75.0
    """The longest that a connection may lie idle, or take to send its first request line and headers."""
    header_limit: int = 64
    """How many header fields a request may have; each of at most 16 KiB, which has room for a token of 8 KiB."""
    client_requests_per_second: int = 50
    """How fast a client may ask, and `organisation_requests_per_second` all clients of an organisation together."""
    organisation_requests_per_second: int = 200
    access_log: bool = True
    behind_tls: bool = False
    """A proxy in front speaks TLS: send Strict-Transport-Security."""
    certificates: Certificates = field(default_factory=Certificates)
    heartbeat_seconds: float = 15.0
    stream_check_seconds: float = 15.0
    """How often it is looked whether a reader may still read, while a stream is open."""
    stream_buffer_events: int = 256
    stream_write_timeout_seconds: float = 5.0
    """A reader that takes longer than this to take what was written is dropped; it resumes with Last-Event-ID."""
    stream_limit: int = 10_000
    streams_per_subject: int = 20
    check_timeout_seconds: float = 2.0

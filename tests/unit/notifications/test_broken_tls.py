"""Receivers whose TLS is broken: whatever is wrong with it, nothing is said to them, and it has a reason."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.chassis.clock import system_clock, system_identifiers
from services.notifications.channels.event import Events
from services.notifications.channels.port import Endpoint, Parcel
from services.notifications.channels.webhooks.addresses import Allowed
from services.notifications.channels.webhooks.carrier import Webhooks
from services.notifications.channels.webhooks.sessions import Sessions
from services.notifications.deliveries.lanes import outcome_within_bounds
from services.notifications.domain.outcomes import DELIVERED, Verdict
from services.notifications.store.inbox import StoredNotification
from tests.support.receiver import Receiver

DAY = timedelta(days=1)
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""handshake_failure"""


@dataclass(frozen=True, slots=True)
class Authority:
    """Whoever gives certificates; `file` has its own."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    file: Path

    @classmethod
    def made(cls, folder: Path, name: str) -> "Authority":
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name(name)
        certificate = _signed(subject, key.public_key(), subject, key, DAY, None)
        file = folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(subject, key, file)

    def context(self, host: str = "127.0.0.1", lasts: timedelta = DAY) -> ssl.SSLContext:
        """A server with a certificate of this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(_name("receiver"), key.public_key(), self.name, self.key, lasts, host)
        path = self.file.with_name(f"{certificate.serial_number}.pem")
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuers_key: ec.EllipticCurvePrivateKey,
    lasts: timedelta,
    host: str | None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - 10 * DAY).not_valid_after(now + lasts)
    builder = builder.add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
    if host is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
    return builder.sign(issuers_key, hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Line:
    """Brings one thing to a port of this machine, and trusts one authority."""

    carrier: Webhooks

    async def deliver(self, port: int) -> tuple[Verdict, str]:
        endpoint = Endpoint(UUID(int=1), "org", f"https://127.0.0.1:{port}/hook", (b"s" * 32,))
        stored = StoredNotification(system_identifiers(), "org", 1, "offer-made", UUID(int=3), "/x", system_clock())
        outcome = await outcome_within_bounds(self.carrier, endpoint, [Parcel(system_identifiers(), 1, stored)])
        return outcome.verdict, outcome.reason


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path, "trusted")


@pytest.fixture
async def line(authority: Authority) -> AsyncIterator[Line]:
    allowed = Allowed.from_words("127.0.0.0/8")
    events = Events("urn:nld:kvknr:00000000.notifications")
    carrier = Webhooks(Sessions(allowed, authority.file), allowed, events, system_clock, "doorstroom.example")
    carrier.timeout_seconds = 1.0
    yield Line(carrier)
    await carrier.close()


@asynccontextmanager
async def receiving(context: ssl.SSLContext) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.start(context)
    yield receiver
    await receiver.stop()


async def test_a_certificate_that_is_right_gets_the_delivery(authority: Authority, line: Line) -> None:
    """Else what follows would prove nothing."""
    async with receiving(authority.context()) as receiver:
        assert await line.deliver(receiver.port) == (Verdict.DELIVERED, DELIVERED.reason)
        assert len(receiver.posts()) == 1


@pytest.mark.parametrize("wrong", ["expired", "another name", "another authority"])
async def test_a_certificate_that_is_wrong_gets_nothing(
    authority: Authority, line: Line, tmp_path: Path, wrong: str
) -> None:
    """It may be somebody else; when it is mended, the next attempt arrives."""
    contexts = {
        "expired": lambda: authority.context(lasts=-DAY),
        "another name": lambda: authority.context("127.0.0.2"),
        "another authority": lambda: Authority.made(tmp_path, "unknown").context(),
    }
    async with receiving(contexts[wrong]()) as receiver:
        assert await line.deliver(receiver.port) == (Verdict.FAILED, "tls-failed")
        assert receiver.received == []
    async with receiving(authority.context()) as receiver:
        assert (await line.deliver(receiver.port))[0] is Verdict.DELIVERED


async def _plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(16)
    writer.write(TLS_ALERT)
    await writer.drain()


async def _hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(16)
    writer.transport.abort()


async def _stalls(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await reader.read()


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (_plain, "tls-failed"),
        (_refuses, "tls-failed"),
        (_hangs_up, "not-reachable"),
        (_stalls, "timed-out"),
    ],
)
async def test_a_handshake_that_fails_has_a_reason_and_is_tried_again(line: Line, serve: Serve, reason: str) -> None:
    """Whoever speaks no TLS, refuses, hangs up or stalls in the middle of it; nothing of the event was said."""
    ended = asyncio.Event()

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer)
        writer.close()
        ended.set()

    server = await asyncio.start_server(listens, "127.0.0.1", 0)
    async with server:
        assert await line.deliver(server.sockets[0].getsockname()[1]) == (Verdict.FAILED, reason)
        await ended.wait()


async def test_old_versions_of_tls_are_not_spoken(authority: Authority, line: Line) -> None:
    """Not below 1.2, whatever the receiver can do."""
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with receiving(context) as receiver:
        assert (await line.deliver(receiver.port))[0] is Verdict.FAILED
        assert receiver.received == []

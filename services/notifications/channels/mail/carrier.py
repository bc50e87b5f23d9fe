"""Brings letters to a mail server. Addresses are people's: they are in no log, error or metric."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar

import aiosmtplib

from services.chassis.clock import Clock
from services.chassis.errors import FieldError, InvalidInput
from services.notifications.channels.mail.letter import Sender, letter
from services.notifications.channels.port import Carrier, Endpoint, Parcel
from services.notifications.domain.outcomes import DELIVERED, Outcome, Verdict
from services.notifications.domain.security import Security

LONGEST_ADDRESS = 254
CONNECTIONS = 8
"""The most connections to the mail server at a time: it is one, and serves others too."""
GOODBYE_SECONDS = 1.0
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{4,253}$)([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_NOT_THERE = frozenset({b"5.1.1", b"5.1.6", b"5.1.10", b"5.2.1"})
"""Enhanced status codes (RFC 3463, RFC 7505) by which nobody will ever be at this address."""
PERMANENT = 500
_TEMPORARY: tuple[tuple[type[Exception], str], ...] = (
    (aiosmtplib.SMTPDataError, "letter-deferred"),
    (aiosmtplib.SMTPAuthenticationError, "not-authenticated"),
    (aiosmtplib.SMTPSenderRefused, "sender-refused"),
    (aiosmtplib.SMTPResponseException, "server-refused"),
    (TimeoutError, "timed-out"),
    (aiosmtplib.SMTPServerDisconnected, "line-lost"),
    (OSError, "unreachable"),
    (Exception, "protocol-error"),
)
"""What may go well another time; the first that fits. A server that does not encrypt is the last of them."""


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server, and how it is spoken to."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    authorities: Path | None = None
    """Certificates (PEM) that the server's may be signed by, beside those that everybody trusts."""
    timeout_seconds: float = 10.0
    """The longest that each step may take."""

    def context(self) -> ssl.SSLContext | None:
        """What its certificate must satisfy; None where nothing is encrypted. Raises OSError."""
        if self.security is Security.NONE:
            return None
        context = ssl.create_default_context()
        if self.authorities is not None:
            context.load_verify_locations(self.authorities)
        return context


class Mail(Carrier):
    """Several things that wait for one address go as one letter, since it does not say what they are."""

    name: ClassVar[str] = "email"
    personal = True
    together = 50
    timeout_seconds = 60.0

    def __init__(self, server: Server, sender: Sender, clock: Clock, domains: frozenset[str] = frozenset()) -> None:
        """`domains`: the only ones that letters go to; any when none is named. Raises OSError."""
        self._server = server
        self._sender = sender
        self._clock = clock
        self._domains = domains
        self._context = server.context()
        self._room = asyncio.Semaphore(CONNECTIONS)

    def check(self, address: str | None) -> str | None:
        """One plain address, without a name or comment, in ASCII."""
        if address is None or len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
            raise InvalidInput(fields=[FieldError("/address", "Must be one e-mail address, such as a@example.org.")])
        if self._domains and address.rpartition("@")[2].lower() not in self._domains:
            raise InvalidInput(fields=[FieldError("/address", "Must be in a domain that the operator allows.")])
        return address

    async def deliver(self, endpoint: Endpoint, parcels: Sequence[Parcel]) -> Outcome:
        """Hand one letter to the server. Its id is that of the earliest delivery in it."""
        if endpoint.address is None:
            return Outcome(Verdict.REFUSED, "no-address")
        first = min(parcels, key=lambda parcel: parcel.notification.sequence)
        written = letter(self._sender, endpoint.address, endpoint.language, first.delivery_id, self._clock())
        async with self._room:
            try:
                return await self._hand_over(written)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                # Its text may have the address.
                return outcome_of(error)

    async def _hand_over(self, written: EmailMessage) -> Outcome:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout_seconds,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._context,
            # Else the machine's own name would be looked up, and told.
            local_hostname=self._sender.domain,
        )
        try:
            await client.connect()
            if server.user is not None:
                await client.login(server.user, server.password or "")
            await client.send_message(written)
        finally:
            # It has been taken, or not: a server that does not say goodbye changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=GOODBYE_SECONDS)
            client.close()
        return DELIVERED


def outcome_of(error: Exception) -> Outcome:
    """What a failure means: what the server refuses for good is not tried again; what is ours to mend is."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _of_recipient(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return _of_recipient(error)
    if isinstance(error, aiosmtplib.SMTPDataError) and error.code >= PERMANENT:
        return Outcome(Verdict.REFUSED, "letter-refused", error.code)
    if _is_of_tls(error):
        return Outcome(Verdict.FAILED, "tls-failed")
    reason = next(reason for kind, reason in _TEMPORARY if isinstance(error, kind))
    return Outcome(Verdict.FAILED, reason, getattr(error, "code", None))


def _of_recipient(refused: aiosmtplib.SMTPRecipientRefused) -> Outcome:
    if refused.code < PERMANENT:
        return Outcome(Verdict.FAILED, "address-deferred", refused.code)
    said = refused.message.encode("ascii", "ignore").split(maxsplit=1)
    if said and said[0] in _NOT_THERE:
        return Outcome(Verdict.GONE, "no-such-address", refused.code)
    return Outcome(Verdict.REFUSED, "address-refused", refused.code)


def _is_of_tls(error: BaseException | None) -> bool:
    """Whether it is, or was caused by, a failure to encrypt."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False

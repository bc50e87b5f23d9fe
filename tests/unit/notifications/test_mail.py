"""Letters to a real mail server: what they say, and what follows from how the server behaves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP
from structlog.testing import capture_logs

from services.chassis.errors import InvalidInput
from services.notifications.channels.mail.carrier import Mail, Server
from services.notifications.channels.mail.letter import Sender
from services.notifications.channels.port import Endpoint, Parcel
from services.notifications.domain.outcomes import DELIVERED, Verdict
from services.notifications.domain.security import Security
from services.notifications.store.inbox import StoredNotification
from tests.support.mail_server import HOST, MailServer, certificate_files, mail_server

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
ADDRESS = "somebody.secret@receiver.example"
SENDER = Sender("noreply@doorstroom.example", "https://doorstroom.example/inbox", "https://doorstroom.example/settings")
IDS = [UUID(int=number) for number in range(1, 4)]


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


def mail(server: MailServer, **how: Any) -> Mail:  # noqa: ANN401 - what the server's settings are
    given: dict[str, Any] = {"security": Security.NONE, "timeout_seconds": 0.5} | how
    return Mail(Server(HOST, server.port, **given), SENDER, lambda: NOW)


def parcels(*ids: UUID) -> list[Parcel]:
    return [
        Parcel(id_, 1, StoredNotification(id_, "coordination", number, "offer-made", id_, "/registry/v1/offers/x", NOW))
        for number, id_ in enumerate(ids, start=1)
    ]


def endpoint(language: str = "nl") -> Endpoint:
    return Endpoint(IDS[0], "coordination", ADDRESS, language=language)


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [("nl", "Er is iets voor u", "Bekijk het na inloggen"), ("en", "There is something for you", "See it after")],
)
async def test_a_letter_says_that_there_is_something_and_where(
    server: MailServer, language: str, subject: str, words: str
) -> None:
    """In both languages, as text and as HTML, and neither what nor of whom."""
    assert await mail(server).deliver(endpoint(language), parcels(IDS[0])) == DELIVERED
    [letter] = server.letters
    assert (letter["Subject"], letter["To"], letter["Content-Language"]) == (subject, ADDRESS, language)
    plain, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    for part in (plain.get_content(), html.get_content()):
        assert words in part
        assert SENDER.link in part
        assert "offer" not in part
        assert "registry" not in part
    assert f'lang="{language}"' in html.get_content()


async def test_a_machine_can_tell_what_it_is(server: MailServer) -> None:
    """Nobody's absence answers it, and it says how to get no more."""
    await mail(server).deliver(endpoint(), parcels(IDS[0]))
    [letter] = server.letters
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] == f"<{SENDER.unsubscribe}>"
    assert letter["Date"].datetime == NOW


async def test_a_letter_that_comes_again_is_the_same_letter(server: MailServer) -> None:
    """Its Message-ID follows from the delivery, at each attempt; another delivery's is another."""
    for attempt in (IDS[0], IDS[0], IDS[1]):
        await mail(server).deliver(endpoint(), parcels(attempt))
    first, again, other = (letter["Message-ID"] for letter in server.letters)
    assert first == again == f"<{IDS[0]}@doorstroom.example>"
    assert other != first


async def test_what_waits_together_is_one_letter(server: MailServer) -> None:
    """With the id of the earliest, whatever order they are given in."""
    assert await mail(server).deliver(endpoint(), parcels(*IDS)[::-1]) == DELIVERED
    [letter] = server.letters
    assert letter["Message-ID"] == f"<{IDS[0]}@doorstroom.example>"


@pytest.mark.parametrize(
    ("answers", "verdict", "reason", "status"),
    [
        ({"recipient_answer": "550 5.1.1 nobody here"}, Verdict.GONE, "no-such-address", 550),
        ({"recipient_answer": "550 5.7.1 not from you"}, Verdict.REFUSED, "address-refused", 550),
        ({"recipient_answer": "450 4.2.1 later"}, Verdict.FAILED, "address-deferred", 450),
        ({"letter_answer": "554 5.6.0 no"}, Verdict.REFUSED, "letter-refused", 554),
        ({"letter_answer": "451 4.3.0 later"}, Verdict.FAILED, "letter-deferred", 451),
        ({"stalls": True}, Verdict.FAILED, "timed-out", None),
        ({"hangs_up": True}, Verdict.FAILED, "line-lost", None),
    ],
)
async def test_what_a_server_answers_decides_whether_it_is_tried_again(
    server: MailServer, answers: dict[str, Any], verdict: Verdict, reason: str, status: int | None
) -> None:
    """Never what it refuses for good, and always what may go well later; the address is in no word of it."""
    for name, value in answers.items():
        setattr(server, name, value)
    with capture_logs() as logs:
        outcome = await mail(server).deliver(endpoint(), parcels(IDS[0]))
    assert (outcome.verdict, outcome.reason, outcome.status) == (verdict, reason, status)
    assert "somebody" not in repr((outcome, logs, endpoint()))
    assert server.letters == []


async def test_a_server_that_is_away_is_tried_again() -> None:
    """Nobody listens there."""
    async with mail_server() as gone:
        pass
    assert (await mail(gone).deliver(endpoint(), parcels(IDS[0]))).reason == "unreachable"


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_line_is_encrypted_for_a_certificate_that_is_trusted_only(tmp_path: Path, security: Security) -> None:
    """From the first byte, or before anything is said; and not at all for one that nobody vouches for."""
    public, context = certificate_files(tmp_path)
    loop = asyncio.get_running_loop()
    how: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    async with mail_server(**how) as server:
        if security is Security.TLS:
            tls = await loop.create_server(lambda: SMTP(server, loop=loop, hostname=HOST), "127.0.0.1", 0, ssl=context)
            server.port = tls.sockets[0].getsockname()[1]
        trusting = mail(server, security=security, authorities=public, timeout_seconds=5.0)
        assert await trusting.deliver(endpoint(), parcels(IDS[0])) == DELIVERED
        doubting = mail(server, security=security, timeout_seconds=5.0)
        assert (await doubting.deliver(endpoint(), parcels(IDS[1]))).reason == "tls-failed"
        assert len(server.letters) == 1
        if security is Security.TLS:
            tls.close()


async def test_without_encryption_nothing_is_said_where_it_is_asked_for(server: MailServer) -> None:
    """A server that does not offer STARTTLS gets no letter."""
    outcome = await mail(server, security=Security.STARTTLS).deliver(endpoint(), parcels(IDS[0]))
    assert (outcome.verdict, outcome.reason) == (Verdict.FAILED, "protocol-error")
    assert server.letters == []


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "somebody",
        "a@b",
        "a b@receiver.example",
        "A <a@receiver.example>",
        "a@receiver.example\r\nBcc: b@c.example",
        "a@receiver.example,b@receiver.example",
        f"{'a' * 65}@receiver.example",
        "é@receiver.example",
    ],
)
def test_what_is_not_one_plain_address_is_refused(address: str | None) -> None:
    """And is not repeated in what says so."""
    with pytest.raises(InvalidInput) as refused:
        mail(MailServer()).check(address)
    assert address is None or not address or address not in repr(refused.value.fields)


def test_only_domains_that_the_operator_allows_are_written_to() -> None:
    """Where any are named."""
    strict = Mail(Server(HOST, 25, Security.NONE), SENDER, lambda: NOW, frozenset({"receiver.example"}))
    assert strict.check(ADDRESS) == ADDRESS
    with pytest.raises(InvalidInput):
        strict.check("somebody@elsewhere.example")

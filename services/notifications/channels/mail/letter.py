"""What a letter says: that there is something, and where to look. Nothing of what, of whom, or of where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from types import MappingProxyType
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's words."""

    subject: str
    greeting: str
    link: str
    reason: str


WORDINGS: Mapping[str, Wording] = MappingProxyType(
    {
        "nl": Wording(
            "Er is iets voor u",
            "Er is iets voor u in doorstroom.",
            "Bekijk het na inloggen",
            "U krijgt deze e-mail omdat uw organisatie daarom heeft gevraagd. Antwoorden worden niet gelezen.",
        ),
        "en": Wording(
            "There is something for you",
            "There is something for you in doorstroom.",
            "See it after signing in",
            "You receive this e-mail because your organisation asked for it. Answers are not read.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, and where a letter's link leads: the same for everybody, and behind a login."""

    address: str
    link: str
    unsubscribe: str = ""
    """Where somebody asks to get no more (RFC 2369): a URL, or `mailto:`; none when it is empty."""

    @property
    def domain(self) -> str:
        """Of its address."""
        return self.address.rpartition("@")[2]


def letter(sender: Sender, address: str, language: str, letter_id: UUID, written_at: datetime) -> EmailMessage:
    """The letter. Its Message-ID is made from the id alone, so that who gets it twice can tell.

    `Auto-Submitted` (RFC 3834) and `X-Auto-Response-Suppress` keep machines from answering.
    """
    wording = WORDINGS[language]
    message = EmailMessage(policy=SMTP)
    message["From"] = f"doorstroom <{sender.address}>"
    message["To"] = address
    message["Subject"] = wording.subject
    message["Date"] = written_at
    message["Message-ID"] = f"<{letter_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["List-Id"] = f"<notifications.{sender.domain}>"
    if sender.unsubscribe:
        message["List-Unsubscribe"] = f"<{sender.unsubscribe}>"
    message.set_content(_plain(wording, sender.link), cte="quoted-printable")
    message.add_alternative(_html(wording, sender.link, language), subtype="html", cte="quoted-printable")
    # Not before: new content takes the place of all that is said about it.
    message["Content-Language"] = language
    return message


def _plain(wording: Wording, link: str) -> str:
    return f"{wording.greeting}\n\n{wording.link}:\n{link}\n\n-- \n{wording.reason}\n"


def _html(wording: Wording, link: str, language: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{wording.subject}</title></head>\n"
        f'<body><p>{wording.greeting}</p>\n<p><a href="{escape(link)}">{wording.link}</a></p>\n'
        f"<p><small>{wording.reason}</small></p></body></html>\n"
    )

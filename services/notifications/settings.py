"""What an operator may set for the notifications' service, beside what every service has."""

from pathlib import Path

from pydantic import Field, SecretStr

from schemas.base import OrganisationId
from services.chassis.settings import ServiceSettings
from services.notifications.domain.security import Security


class Settings(ServiceSettings):
    """The notifications' settings."""

    source: str = Field("urn:nld:kvknr:00000000.notifications", description="the `source` of this service's events")
    agency_queues: str = Field(
        "",
        description="organisations that have a queue of their own at the broker, with spaces in between",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63}( +|$))*$",
        max_length=20_000,
    )
    helpdesk_organisation: OrganisationId = Field(
        "comensha", description="which organisation's helpdesk is told of what nobody answers; as the registry's"
    )
    reminders_file: Path | None = Field(
        None, description="JSON: when somebody is reminded of offers that nobody answers, by kind of list"
    )
    notifications_key_file: Path | None = Field(
        None, description="a file with 32 random bytes in base64, which encrypts addresses and secrets of subscriptions"
    )
    public_url: str = Field(
        "",
        description="where receivers reach the services, without a trailing slash: `dataref` in what we send begins so",
        pattern=r"^(https?://[!-~]{1,200}[^/])?$",
    )
    webhook_origin: str = Field(
        "doorstroom.example",
        description="who asks receivers to allow webhooks: a DNS name",
        pattern="^[a-z0-9.-]{1,253}$",
    )
    webhook_networks: str = Field(
        "",
        description="networks of receivers that are not on the public internet, with spaces in between; http is "
        "spoken inside them as well",
    )
    webhook_authorities_file: Path | None = Field(
        None, description="certificates (PEM) that receivers' may be signed by, beside those that everybody trusts"
    )
    mail_host: str | None = Field(None, description="the mail server; none: no e-mail", max_length=253)
    mail_port: int = Field(587, ge=1, le=65535)
    mail_security: Security = Field(
        Security.STARTTLS, description="`starttls`, `tls`, or `none` for a server on the same machine or network"
    )
    mail_user: str | None = Field(None, description="who signs in at the mail server, if anyone", max_length=255)
    mail_password: SecretStr | None = None
    mail_authorities_file: Path | None = Field(
        None,
        description="certificates (PEM) that the mail server's may be signed by, beside the usual ones",
    )
    mail_from: str = Field(
        "noreply@doorstroom.example",
        description="who letters are from",
        pattern=r"^[A-Za-z0-9._-]{1,64}@[A-Za-z0-9.-]{1,253}$",
    )
    mail_link: str = Field(
        "https://doorstroom.example/",
        description="where a letter's link leads, the same for everybody and behind a login",
        pattern=r"^https?://[!-~]{1,500}$",
    )
    mail_unsubscribe: str = Field(
        "",
        description="where somebody asks for no more letters (List-Unsubscribe): https://… or mailto:…",
        pattern=r"^((https|mailto):[!-;=?-~]{1,500})?$",
    )
    mail_domains: str = Field(
        "", description="the only domains that letters go to, with spaces in between; empty: any", max_length=20_000
    )

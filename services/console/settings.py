"""What an operator may set for the console, beside what every service has."""

from pathlib import Path

from pydantic import Field, model_validator

from services.chassis.settings import ServiceSettings
from services.console.web.addresses import check_address

_ADDRESS = r"^https?://[\x21-\x7e]+[^/]$"


class Settings(ServiceSettings):
    """The console's settings."""

    console_address: str | None = Field(
        None, description="where people find it: https://host, without a path", pattern=_ADDRESS, max_length=255
    )
    console_key_file: Path | None = Field(
        None, description="a file with at least 32 random characters, with which sessions are encrypted"
    )
    console_issuer: str | None = Field(
        None, description="the identity provider, as it calls itself (`iss`)", pattern=r"^https?://", max_length=255
    )
    console_client: str | None = Field(None, description="what the provider calls the console", max_length=255)
    console_client_key_file: Path | None = Field(
        None, description="a private key (PEM), with which the console proves who it is: `private_key_jwt`"
    )
    console_client_secret_file: Path | None = Field(
        None, description="a file with a secret instead, for providers that know no keys: `client_secret_basic`"
    )
    console_scopes: str = Field(
        "openid registry:read registry:write shelters:read shelters:write municipalities:read municipalities:write "
        "notifications:read notifications:subscribe notifications:write",
        description="what is asked for, with spaces in between; the provider gives what somebody may have",
        max_length=2000,
    )
    console_resource: str | None = Field(
        None, description="for which API the tokens are, where the provider wants to hear it (RFC 8707)", max_length=255
    )
    console_idle_minutes: int = Field(20, ge=1, le=120, description="how long a session lives that nobody uses")
    console_lock_minutes: int = Field(
        5, ge=1, le=120, description="after how long a page closes itself at which nobody moves; signing in opens it"
    )
    console_session_hours: int = Field(8, ge=1, le=12, description="how long a session lives at the longest")
    console_provider_timeout_seconds: float = Field(
        4.0, gt=0, le=8, description="the longest that a question to the identity provider may take"
    )
    console_session_requests_per_minute: int = Field(
        600, ge=10, le=100_000, description="how many pages and files somebody who is signed in may ask for"
    )
    console_address_requests_per_minute: int = Field(
        1200, ge=10, le=1_000_000, description="how many all others may, from one address; a proxy's counts for all"
    )
    console_registry_address: str | None = Field(None, description="where the registry is", pattern=_ADDRESS)
    console_shelters_address: str | None = Field(None, description="where shelters is", pattern=_ADDRESS)
    console_municipalities_address: str | None = Field(None, description="where municipalities is", pattern=_ADDRESS)
    console_notifications_address: str | None = Field(None, description="where notifications is", pattern=_ADDRESS)

    @model_validator(mode="after")
    def _check(self) -> "Settings":
        if self.console_address is not None:
            check_address(self.console_address)
        if (self.console_issuer is None) != (self.console_client is None):
            message = "set DOORSTROOM_CONSOLE_ISSUER and DOORSTROOM_CONSOLE_CLIENT, or neither"
            raise ValueError(message)
        if self.console_client_key_file is not None and self.console_client_secret_file is not None:
            message = "set DOORSTROOM_CONSOLE_CLIENT_KEY_FILE or DOORSTROOM_CONSOLE_CLIENT_SECRET_FILE, and not both"
            raise ValueError(message)
        return self

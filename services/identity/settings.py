"""What an operator may set for the token endpoint, beside what every service has."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The token endpoint's settings."""

    identity_key_file: Path | None = Field(
        None, description="a file with at least 32 random characters, with which the signing keys are encrypted"
    )
    identity_token_seconds: int = Field(3600, ge=60, le=21_600, description="how long an access token lives")
    identity_tokens_per_minute: int = Field(60, ge=1, le=6000, description="how many tokens a client may ask for")
    identity_requests_per_minute: int = Field(
        600, ge=1, le=1_000_000, description="how often an address may ask for one; a proxy's counts for all behind it"
    )
    identity_rotation_days: int = Field(90, ge=2, le=730, description="how long a key signs before the next one does")

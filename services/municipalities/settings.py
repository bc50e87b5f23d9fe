"""What an operator may set for the municipalities' service, beside what every service has."""

from pydantic import Field

from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The municipalities' settings."""

    source: str = Field(
        "urn:nld:oin:00000099000000000000:systeem:municipalities", description="the `source` of this service's events"
    )

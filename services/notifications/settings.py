"""What an operator may set for the notifications' service, beside what every service has."""

from pydantic import Field

from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The notifications' settings."""

    source: str = Field("urn:nld:kvknr:00000000.notifications", description="the `source` of this service's events")

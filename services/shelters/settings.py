"""What an operator may set for the shelters' service, beside what every service has."""

from pydantic import Field

from services.calendar.hours import LONGEST_HOURS
from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The shelters' settings."""

    source: str = Field("urn:nld:kvknr:00000000.shelters", description="the `source` of this service's events")
    lease_seconds: int = Field(
        72 * 3600, ge=60, description="how long a unit that came free by itself stays valid unless it is affirmed"
    )
    lease_warning_hours: int = Field(
        8,
        ge=0,
        le=LONGEST_HOURS,
        description="how long before its lease ends a provider is told of a vacancy; 0: never",
    )
    lease_warning_working: bool = Field(
        default=True, description="whether of these hours only those count in which Dutch offices work"
    )

"""What an operator may set for the registry, beside what every service has."""

from pydantic import Field

from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The registry's settings. Deadlines are policy: no rule in print says how long a coordinator has."""

    source: str = Field("urn:nld:kvknr:00000000.registry", description="the `source` of this service's events")
    shelter_offer_seconds: float = Field(24 * 3600, gt=0, description="how long an offer of a shelter place is open")
    housing_offer_seconds: float = Field(7 * 86_400, gt=0, description="how long an offer of a home is open")
